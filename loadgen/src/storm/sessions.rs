//! Brings the sessions up, runs the errands outside the schedule, and takes leave.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use client::{Client, Ended, Endpoint, Event, Options};
use protocol::token::SigningKey;
use protocol::{Ask, BoardRow, Outcome, RefusalCode, RequestId, Role, RosterChange};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::{Backoff, PlannedOfficer, StormError, Target};
use crate::behaviour::Temper;
use crate::cast::Cast;
use crate::ledger::Actor;
use crate::limits::{
    CONNECT_DEADLINE, CONNECT_PER_SESSION, ERRAND_DEADLINE, SESSIONS_PER_SOCKET_MAX, SOCKETS_MIN,
    TOKEN_LIFETIME_S,
};
use crate::seed::{derive, derive_nth};

/// The sockets and the drivers of a run.
pub(crate) struct Sessions {
    target: Target,
    endpoints: Vec<Endpoint>,
    drivers: JoinSet<Ended>,
    /// Whose driver each one is.
    names: HashMap<Id, String>,
    seed: u64,
    seated: u64,
    backoff: Backoff,
}

/// Errands are numbered from here within a desk, beyond any place in its book.
const ERRANDS_FROM: usize = 1 << 30;
/// The board's errand; imports come after it.
const BOARD_ERRAND: usize = ERRANDS_FROM;

impl Sessions {
    /// Binds the sockets: nothing is connected yet.
    pub(crate) fn open(
        target: &Target,
        officers: usize,
        (seed, backoff): (u64, Backoff),
    ) -> Result<Self, StormError> {
        let sockets = officers.div_ceil(SESSIONS_PER_SOCKET_MAX).max(SOCKETS_MIN);
        let local = match target.address.is_ipv4() {
            true => ([0, 0, 0, 0], 0).into(),
            false => ([0u16; 8], 0).into(),
        };
        let mut endpoints = Vec::with_capacity(sockets);
        for number in 0..sockets {
            let own = source(target.address, number);
            // Where a system has no other loopback address than the first, that one does.
            let bound = own.and_then(|own| Endpoint::bind(own, &target.trust).ok());
            endpoints.push(match bound {
                Some(endpoint) => endpoint,
                None => Endpoint::bind(local, &target.trust)?,
            });
        }
        Ok(Sessions {
            target: target.clone(),
            endpoints,
            drivers: JoinSet::new(),
            names: HashMap::new(),
            seed: derive(seed, "sessions"),
            seated: 0,
            backoff,
        })
    }

    /// Brings the operator's session up.
    pub(crate) async fn seat_operator(
        &mut self,
        cast: &Arc<Cast>,
        desk: u32,
    ) -> Result<(), StormError> {
        self.seat_desk(cast, desk, Role::Operator, "loadgen-operator", None)
            .await
    }

    /// Brings a coordinator's session up.
    pub(crate) async fn seat_coordinator(
        &mut self,
        cast: &Arc<Cast>,
        desk: u32,
        agency: &str,
    ) -> Result<(), StormError> {
        let name = format!("loadgen-{agency}");
        self.seat_desk(cast, desk, Role::Coordinator, &name, Some(agency))
            .await
    }

    async fn seat_desk(
        &mut self,
        cast: &Arc<Cast>,
        desk: u32,
        role: Role,
        name: &str,
        agency: Option<&str>,
    ) -> Result<(), StormError> {
        let hearing = Arc::clone(cast);
        let sink = move |event: Event| hearing.desk_hears(desk, &event);
        let client = self.spawn(role, name, agency, None, sink)?;
        cast.seat_desk(desk, client);
        let deadline = Instant::now() + CONNECT_DEADLINE;
        while !cast.desk_has_arrived(desk) {
            self.watch(cast, deadline, 0, 1, CONNECT_DEADLINE).await?;
        }
        Ok(())
    }

    /// Brings all officers' sessions up, a bounded number of handshakes at a time, and waits
    /// until each has synced.
    pub(crate) async fn seat_officers(
        &mut self,
        cast: &Arc<Cast>,
        officers: &[PlannedOfficer],
    ) -> Result<(), StormError> {
        let of = officers.len() as u64;
        let waited = CONNECT_DEADLINE + CONNECT_PER_SESSION * officers.len() as u32;
        let deadline = Instant::now() + waited;
        for (officer, place) in officers.iter().zip(0u32..) {
            loop {
                if let Ok(permit) = cast.handshakes.try_acquire() {
                    permit.forget();
                    break;
                }
                self.watch(cast, deadline, cast.arrived(), of, waited)
                    .await?;
            }
            let hearing = Arc::clone(cast);
            let sink = move |event: Event| hearing.officer_hears(place, &event);
            let agency = Some(officer.agency.as_str());
            let reads =
                (officer.behaviour.temper == Temper::Deaf).then(|| cast.officer_reads(place));
            let client = self.spawn(Role::Officer, &officer.badge, agency, reads, sink)?;
            cast.seat_officer(place, client);
        }
        while cast.arrived() < of {
            self.watch(cast, deadline, cast.arrived(), of, waited)
                .await?;
        }
        Ok(())
    }

    /// Sends one part of the roster; parts that exist already are taken to be the same.
    pub(crate) async fn import(
        &mut self,
        cast: &Arc<Cast>,
        desk: u32,
        number: usize,
        changes: &[RosterChange],
    ) -> Result<(), StormError> {
        let id = cast
            .stage
            .ids
            .id(Actor::Desk(desk), BOARD_ERRAND + 1 + number);
        let changes = changes.to_vec();
        match errand(
            cast,
            desk,
            id,
            Ask::Roster { changes },
            "the import of the roster",
        )
        .await?
        {
            Outcome::Done { .. } => Ok(()),
            Outcome::Refused(refused) if refused.code == RefusalCode::AlreadyExists => {
                tracing::info!(
                    part = number,
                    "the server knows this part of the roster already"
                );
                Ok(())
            }
            Outcome::Refused(refused) => Err(StormError::RosterRefused {
                code: refused.code,
                sentence: refused.sentence,
            }),
            other => Err(unusable("the import of the roster", &other)),
        }
    }

    /// Fetches the board as this desk sees it.
    pub(crate) async fn board(
        &mut self,
        cast: &Arc<Cast>,
        desk: u32,
    ) -> Result<Vec<BoardRow>, StormError> {
        let id = cast.stage.ids.id(Actor::Desk(desk), BOARD_ERRAND);
        match errand(cast, desk, id, Ask::Board, "the request for the board").await? {
            Outcome::Board { rows } => Ok(rows),
            other => Err(unusable("the request for the board", &other)),
        }
    }

    /// Waits until every driver has ended, for a bounded time.
    pub(crate) async fn farewell(&mut self, patience: Duration) {
        let all = async {
            while self.drivers.join_next().await.is_some() {}
            for endpoint in &self.endpoints {
                endpoint.wait_idle().await;
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::debug!("some sessions did not say goodbye in time");
        }
    }

    fn spawn(
        &mut self,
        role: Role,
        subject: &str,
        agency: Option<&str>,
        reads: Option<watch::Receiver<bool>>,
        sink: impl FnMut(Event) + Send + 'static,
    ) -> Result<Client, StormError> {
        let signing = Arc::clone(&self.target.signing);
        let (name, home) = (Arc::<str>::from(subject), agency.map(Arc::<str>::from));
        if self.seated == 0 {
            // Once for all: the key signs, and the claims are such as a server accepts.
            let token = issue(&signing, role, &name, home.as_deref());
            token.map_err(|because| StormError::Token {
                who: subject.to_owned(),
                because,
            })?;
        }
        let token = move || {
            // An empty token is refused by the server, which is what a signing failure deserves.
            issue(&signing, role, &name, home.as_deref()).unwrap_or_default()
        };
        let options = Options {
            software: concat!("muster-loadgen ", env!("CARGO_PKG_VERSION")).into(),
            seed: match self.backoff {
                Backoff::Spread => derive_nth(self.seed, self.seated),
                Backoff::Together => self.seed,
            },
            ..Options::new(token)
        };
        let socket = (self.seated % self.endpoints.len() as u64) as usize;
        let Target {
            address,
            server_name,
            ..
        } = &self.target;
        let (client, driver) = self.endpoints[socket].connect(*address, server_name, options, sink);
        let task = match reads {
            Some(reads) => self.drivers.spawn(read_while(reads, driver.run())),
            None => self.drivers.spawn(driver.run()),
        };
        self.names.insert(task.id(), subject.to_owned());
        self.seated += 1;
        Ok(client)
    }

    /// Waits for the next arrival; a session that ends meanwhile, or the deadline, is an error.
    async fn watch(
        &mut self,
        cast: &Cast,
        deadline: Instant,
        up: u64,
        of: u64,
        waited: Duration,
    ) -> Result<(), StormError> {
        /// Arrivals may come between the look and the wait, so the wait is short.
        const LOOK_AGAIN: Duration = Duration::from_millis(20);
        tokio::select! {
            () = cast.arrival.notified() => Ok(()),
            () = tokio::time::sleep(LOOK_AGAIN) => Ok(()),
            Some(ended) = self.drivers.join_next_with_id() => {
                let (id, because) = match ended {
                    Ok((id, because)) => (id, because),
                    Err(error) => (error.id(), Ended::Lost),
                };
                let who = self.names.remove(&id).unwrap_or_default();
                Err(StormError::Session { who, because })
            }
            () = tokio::time::sleep_until(deadline) => {
                Err(StormError::NotConnected { up, of, waited_s: waited.as_secs() })
            }
        }
    }
}

/// A loopback address for this socket alone, where the server is on this machine: officers then
/// come from several addresses, each with all of its ports.
fn source(server: SocketAddr, socket: usize) -> Option<SocketAddr> {
    let last = u8::try_from(socket % usize::from(u8::MAX - 1) + 1).ok()?;
    let is_here = server.is_ipv4() && server.ip().is_loopback();
    is_here.then(|| ([127, 0, 0, last], 0).into())
}

/// Runs a session that is left alone while its officer does not read: packets are acknowledged,
/// and what they carry stays where it is until the server may send no more.
async fn read_while(mut reads: watch::Receiver<bool>, run: impl Future<Output = Ended>) -> Ended {
    let mut run = std::pin::pin!(run);
    loop {
        let does_read = *reads.borrow_and_update();
        tokio::select! {
            ended = &mut run, if does_read => return ended,
            changed = reads.changed() => {
                if changed.is_err() {
                    // Nobody can say any more that it should not be read.
                    return run.await;
                }
            }
        }
    }
}

/// Asks until there is a final answer.
async fn errand(
    cast: &Cast,
    desk: u32,
    id: RequestId,
    ask: Ask,
    what: &'static str,
) -> Result<Outcome, StormError> {
    const UNAVAILABLE_RETRY: Duration = Duration::from_millis(200);
    let failed = |detail: String| StormError::Errand { what, detail };
    let Some(client) = cast.desk_client(desk) else {
        return Err(failed("its session was never opened".to_owned()));
    };
    let deadline = Instant::now() + ERRAND_DEADLINE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let outcome = client.ask_in(left, id, ask.clone()).await;
        let wait = match outcome.map_err(|error| failed(error.to_string()))? {
            Outcome::Busy { retry_after_ms } => Duration::from_millis(u64::from(retry_after_ms)),
            Outcome::Unavailable => UNAVAILABLE_RETRY,
            outcome => return Ok(outcome),
        };
        tokio::time::sleep(wait).await;
    }
}

fn unusable(what: &'static str, outcome: &Outcome) -> StormError {
    let detail = match outcome {
        Outcome::Refused(refused) | Outcome::Lost(refused) => refused.sentence.clone(),
        other => format!("{other:?}"),
    };
    StormError::Errand { what, detail }
}

fn issue(
    signing: &SigningKey,
    role: Role,
    subject: &str,
    agency: Option<&str>,
) -> Result<String, protocol::token::TokenError> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    signing.issue(role, subject, agency, now_us, TOKEN_LIFETIME_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn officers_of_one_machine_come_from_several_addresses() {
        let here: SocketAddr = ([127, 0, 0, 1], 7710).into();
        let of = |socket| source(here, socket).unwrap().ip().to_string();
        assert_eq!(
            [of(0), of(1), of(253)],
            ["127.0.0.1", "127.0.0.2", "127.0.0.254"]
        );
        assert_eq!(of(254), "127.0.0.1");
        for elsewhere in ["192.0.2.1:7710", "[::1]:7710"] {
            assert_eq!(source(elsewhere.parse().unwrap(), 1), None);
        }
    }
}
