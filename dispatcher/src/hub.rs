//! The hub: follows the engine, and tells everybody what is durable.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use engine::core::{Body, Event, Record, State, apply, react};
use engine::model::{Posting, Standing, Vacancy, VacancyId};
use engine::rules::tier;
use engine::{Delivery, Ended, Follower};
use protocol::token::Claims;
use protocol::{Ask, Cursor, GoAway, News, Outcome, Push, ServerMessage};
use tokio::sync::{AcquireError, mpsc, oneshot};
use tokio::time::Instant;

use crate::ask::{Caller, Desk};
use crate::frame::Frame;
use crate::limits::{CATCH_UP_PUSHES_MAX, TURN_MAX};
use crate::line::{Line, Missed};
use crate::members::Who;
use crate::recent::Recent;
use crate::shard::{Entry, Urgent, Way};
use crate::{afterwards, denials, hear, jobs, names, speak};

mod identity;
mod publication;
mod tell;
mod why;

/// What is said to the hub, and when it was, in microseconds.
pub(crate) struct Said {
    pub(crate) at_us: i64,
    pub(crate) what: ToHub,
}

/// What sessions say to the hub.
pub(crate) enum ToHub {
    /// A session opens.
    Join(Join),
    /// A session was behind, has room again, and missed what was pushed from this position on.
    Behind(Who, Arc<Line>, Cursor),
    /// A session goes on with a fresh token.
    Renew(Arc<Line>, Claims),
    /// A request that needs the state to be understood or answered.
    Ask(Who, Caller, Ask),
    /// Everybody is to come back later.
    Stop,
}

/// A session that opens.
pub(crate) struct Join {
    pub(crate) claims: Claims,
    pub(crate) resume: Option<Cursor>,
    pub(crate) line: Arc<Line>,
    /// Told when the session has been welcomed; dropped if it is sent away.
    pub(crate) joined: oneshot::Sender<Who>,
}

/// Why there is nothing more to tell.
#[derive(Clone, Copy)]
enum Over {
    Engine(Ended),
    Shard,
}

impl From<Ended> for Over {
    fn from(ended: Ended) -> Over {
        Over::Engine(ended)
    }
}

impl From<AcquireError> for Over {
    fn from(_: AcquireError) -> Over {
        Over::Shard
    }
}

/// The follower behind all sessions.
pub(crate) struct Hub {
    follower: Follower,
    desk: Arc<Desk>,
    shards: Vec<Arc<Way>>,
    recent: Recent,
    /// Vacancies with open slots.
    open: BTreeSet<VacancyId>,
    /// When the batch that is being told came from the engine.
    since: Instant,
    stopping: bool,
}

impl Hub {
    pub(crate) fn new(follower: Follower, desk: Arc<Desk>, shards: Vec<Arc<Way>>) -> Hub {
        let state = &follower.state;
        let mut open = BTreeSet::new();
        for (id, row) in state.vacancies().iter() {
            desk.vacancies.insert(row.posting.key, id);
            if row.standing == Standing::Open {
                open.insert(id);
            }
        }
        let recent = Recent::new(end_of(state));
        Hub {
            follower,
            desk,
            shards,
            recent,
            open,
            since: Instant::now(),
            stopping: false,
        }
    }

    /// Tells until the engine ends.
    pub(crate) async fn run(mut self, mut heard: mpsc::Receiver<Said>) {
        // A server that ended between the close of bids and their draw draws now.
        for (id, row) in self.follower.state.vacancies().iter() {
            self.desk.reveal(id, row);
        }
        loop {
            self.desk.stats.stands(self.open.len(), heard.len());
            // However a turn ended: what waits for nothing keeps nobody away.
            if self.follower.is_current() {
                self.desk.load.answers.rests();
            }
            if heard.is_empty() {
                self.desk.load.heard.rests();
            }
            let turn = tokio::select! {
                biased;
                delivery = self.follower.next() => self.tell_all(delivery, &mut heard).await,
                Some(said) = heard.recv() => {
                    self.hear(said);
                    Ok(())
                }
            };
            if let Err(over) = turn {
                return self.end(over);
            }
            // A stream of deliveries must not keep sessions from joining, nor they the deliveries:
            // both have their turn, in the same order in every run.
            tokio::task::yield_now().await;
            let began = Instant::now();
            while began.elapsed() < TURN_MAX {
                let Ok(said) = heard.try_recv() else { break };
                self.hear(said);
            }
        }
    }

    /// Tells what came from the engine, and what has come meanwhile, for a while.
    async fn tell_all(
        &mut self,
        first: Result<Delivery, Ended>,
        heard: &mut mpsc::Receiver<Said>,
    ) -> Result<(), Over> {
        let mut next = Some(first?);
        let began = Instant::now();
        while let Some(delivery) = next {
            self.since = Instant::now();
            self.desk.load.answers.serves(self.came_us(&delivery));
            self.deliver(&delivery);
            self.make_room(heard).await?;
            next = match began.elapsed() < TURN_MAX {
                true => self.follower.try_next()?,
                false => None,
            };
        }
        Ok(())
    }

    /// Waits until every shard has kept up. Who comes meanwhile does not wait for that.
    async fn make_room(&mut self, heard: &mut mpsc::Receiver<Said>) -> Result<(), Over> {
        for shard in self.shards.clone() {
            let mut room = pin!(shard.room());
            loop {
                tokio::select! {
                    biased;
                    room = &mut room => break room?,
                    Some(said) = heard.recv() => self.hear(said),
                }
            }
        }
        Ok(())
    }

    fn end(&self, over: Over) {
        match over {
            Over::Engine(ended) => tracing::info!(%ended, "the hub ends"),
            Over::Shard => tracing::error!("a shard has ended, and the hub with it"),
        }
        self.close_all();
    }

    /// When what a delivery answers came in, or what it tells was settled.
    fn came_us(&self, delivery: &Delivery) -> i64 {
        let batch = delivery.batch.as_ref();
        let first = batch.and_then(|batch| batch.records.first());
        let settled_us = first.map(|record| record.at.as_micros());
        let asked = delivery.replies.first();
        let asked_us = asked.and_then(|(token, _)| self.desk.received_us(*token));
        let came_us = settled_us.into_iter().chain(asked_us).min();
        came_us.unwrap_or_else(|| self.desk.now_us())
    }

    fn deliver(&mut self, delivery: &Delivery) {
        if let Some(batch) = &delivery.batch {
            let last = batch.records.last().map_or(0, |record| record.sequence.0);
            self.desk.stats.synced(last, batch.sync_us);
            for record in &batch.records {
                apply(&mut self.follower.state, record);
                self.note(record);
                // Every other step is left for what an effect says second.
                for (step, effect) in (0..).step_by(2).zip(react(&self.follower.state, record)) {
                    let cursor = Cursor {
                        sequence: record.sequence.0,
                        step,
                    };
                    self.tell(record, cursor, &effect);
                }
            }
        }
        for (token, answer) in &delivery.replies {
            if let Some(waiting) = self.desk.waiting(*token) {
                waiting.tell(&self.desk, &self.follower.state, answer);
            }
        }
    }

    /// Keeps the directory and the list of open vacancies in line with `record`.
    fn note(&mut self, record: &Record) {
        for event in &record.events {
            if let Event::Published { id, posting } = event {
                self.desk.vacancies.insert(posting.key, *id);
            }
            if let Event::Denied(denied) = event {
                self.turn_out(&denied.bearer);
            }
            let Some(id) = event.vacancy() else { continue };
            let row = self.follower.state.vacancy(id);
            if let (Event::BidsClosed { .. }, Some(row)) = (event, row) {
                self.desk.reveal(id, row);
            }
            match self.follower.state.vacancy(id).map(|row| row.standing) {
                Some(Standing::Open) => self.open.insert(id),
                _ => self.open.remove(&id),
            };
        }
    }

    fn hear(&mut self, said: Said) {
        self.desk.load.heard.serves(said.at_us);
        match said.what {
            ToHub::Join(join) => self.join(join),
            ToHub::Behind(who, line, from) => self.catch_up(who, line, from),
            ToHub::Renew(line, claims) => self.renew(&line, &claims),
            ToHub::Ask(who, caller, ask) => self.ask(who, caller, ask),
            ToHub::Stop => {
                self.stopping = true;
                self.close_all();
            }
        }
    }

    fn join(&mut self, join: Join) {
        let Join {
            claims,
            resume,
            line,
            joined,
        } = join;
        if self.stopping {
            return line.close(GoAway::Stopping, 0);
        }
        let (who, marks) = match self.identify(&claims) {
            Ok(known) => known,
            Err(because) => return line.refuse(because),
        };
        let end = end_of(&self.follower.state);
        let missed = resume
            .filter(|cursor| *cursor <= end)
            .and_then(|cursor| self.recent.missed(who, cursor));
        let resumed = missed.is_some();
        let mut first = missed.unwrap_or_else(|| self.whole_state(who));
        first.extend(Frame::new(&ServerMessage::Synced { cursor: end }));
        let shard = Arc::clone(&line.shard);
        shard.tell(Urgent::Join(Box::new(Entry {
            line,
            who,
            marks,
            resumed,
            first,
            end,
            now_us: self.desk.now_us(),
            joined,
        })));
    }

    /// Says again what a session missed while it was behind. Where that is too much to be known
    /// here, the client comes back at once and is told how everything stands.
    fn catch_up(&self, who: Who, line: Arc<Line>, from: Cursor) {
        match self.recent.missed_from(who, from, CATCH_UP_PUSHES_MAX) {
            Some((frames, still)) => {
                let shard = Arc::clone(&line.shard);
                let end = end_of(&self.follower.state);
                let missed = Missed { frames, still, end };
                shard.tell(Urgent::CatchUp(line, missed));
            }
            None => line.close(GoAway::TooSlow, 0),
        }
    }

    fn close_all(&self) {
        for shard in &self.shards {
            shard.close_all(GoAway::Stopping);
        }
    }

    /// Everything that stands for `who` now. Watchers of a board ask for it instead.
    fn whole_state(&self, who: Who) -> Vec<Frame> {
        let Who::Officer(officer) = who else {
            return Vec::new();
        };
        let state = &self.follower.state;
        let cursor = end_of(state);
        let stands = |id: &VacancyId| {
            let row = state.vacancy(*id)?;
            let tier = state.tier_of(row, officer, state.at())?;
            let is_told = state.is_told_of(*id, row, officer);
            let at_us = row.offered_at.as_micros();
            let offer = || News::Offered(speak::offer(state, row, tier, at_us));
            let news = afterwards::attributes(row).into_iter().chain([offer()]);
            is_told.then_some(news)
        };
        let calendar = state.calendars().find(officer);
        let bookings = calendar
            .map(|calendar| calendar.bookings())
            .unwrap_or_default();
        let held: BTreeSet<VacancyId> = bookings
            .iter()
            .filter(|booking| booking.span.end > state.at())
            .map(|booking| booking.vacancy)
            .collect();
        let reserved = held.iter().filter_map(|id| {
            let row = state.vacancy(*id)?;
            let moved = row.moved.as_ref()?;
            let amended = || News::Amended(speak::amended(state, row, moved.confirm_by));
            moved.unconfirmed.contains(officer).then(amended)
        });
        let unread = held
            .iter()
            .filter_map(|id| afterwards::unread_orders(state, *id, officer));
        let reserved: Vec<News> = reserved.chain(unread).collect();
        let kept = self.open.iter().filter_map(|id| {
            let row = state.vacancy(*id)?;
            let kept = row.awarding.as_ref()?.kept_for(officer)?;
            Some(speak::kept(row, kept.until))
        });
        let held = held
            .into_iter()
            .filter_map(|id| speak::assignment(state, id, officer));
        let news = self
            .open
            .iter()
            .filter_map(stands)
            .flatten()
            .chain(held.map(News::Assigned))
            .chain(reserved)
            .chain(kept);
        let frames = news.map(|news| Frame::new(&ServerMessage::Push(Push { cursor, news })));
        frames.flatten().collect()
    }

    fn ask(&mut self, who: Who, caller: Caller, ask: Ask) {
        let state = &self.follower.state;
        let vacancy = |key| names::vacancy(state, who, key);
        let body = match ask {
            Ask::Board => {
                let rows = self.board(who);
                Err(Outcome::Board { rows })
            }
            Ask::Why { badge, vacancy } => return self.why(who, caller, &badge, vacancy),
            Ask::Preview(publication) => return self.preview(who, caller, *publication),
            Ask::Grant { district } => return self.grant(who, caller, &district),
            Ask::PutGrant(grant) => Ok(Body::Grant(hear::grant(grant))),
            Ask::PublishAll { vacancies } => Ok(Body::PublishAll(
                vacancies
                    .into_iter()
                    .map(|one| hear::publication(one, &self.desk.lots))
                    .collect(),
            )),
            Ask::Read(asked) => Err(afterwards::read(state, who, asked, self.now())),
            Ask::Jobs(asked) => Err(jobs::read(state, who, &asked, self.now())),
            Ask::Denial(asked) => denials::hear(state, *asked, self.now()),
            Ask::Job { job, say } => Ok(Body::Job(Box::new(jobs::act(job, *say)))),
            Ask::Restaff {
                vacancy: key,
                slots,
            } => vacancy(key).map(|vacancy| Body::Restaff { vacancy, slots }),
            Ask::Afterwards(asked) => {
                let asked = afterwards::hear(state, who, *asked);
                asked.map(|asked| Body::Afterwards(Box::new(asked)))
            }
            Ask::Publish(new) => Ok(Body::Publish(Box::new(hear::vacancy(new)))),
            Ask::Roster { changes } => {
                let changes = changes.into_iter().map(hear::roster_change);
                Ok(Body::Roster(changes.collect()))
            }
            Ask::Amend(amend) => vacancy(amend.vacancy)
                .map(|vacancy| Body::Amend(Box::new(hear::amend(vacancy, amend)))),
            Ask::Cancel {
                vacancy: key,
                reason,
            } => vacancy(key).map(|vacancy| Body::Cancel { vacancy, reason }),
            Ask::OpenNextTier { vacancy: key } => {
                vacancy(key).map(|vacancy| Body::OpenNextTier { vacancy })
            }
            Ask::Recall {
                vacancy: key,
                badge,
            } => vacancy(key).and_then(|vacancy| {
                let officer = names::officer(state, who, &badge, vacancy)?;
                Ok(Body::Recall { vacancy, officer })
            }),
            Ask::ApproveLastTier {
                vacancy: key,
                approved_by,
            } => vacancy(key).map(|vacancy| Body::ApproveLastTier {
                vacancy,
                approved_by,
            }),
            // Sessions take these straight to the engine.
            Ask::Accept { .. }
            | Ask::Decline { .. }
            | Ask::Release { .. }
            | Ask::Punch { .. }
            | Ask::Undo { .. }
            | Ask::JoinStandby { .. }
            | Ask::LeaveStandby { .. } => Err(Outcome::Unavailable),
        };
        match (body, who.actor()) {
            (Ok(body), Some(by)) => self.desk.submit(caller, by, body),
            (Ok(_), None) => self.desk.answer(caller, speak::not_allowed()),
            (Err(outcome), _) => self.desk.answer(caller, outcome),
        }
    }

    /// The vacancies `who` may see whose work is not over: those its agency leads, or could be
    /// asked for.
    fn board(&self, who: Who) -> Vec<protocol::BoardRow> {
        let state = &self.follower.state;
        let sees = |row: &Vacancy| match who {
            Who::Operator => true,
            Who::Officer(_) => false,
            Who::Coordinator(agency) | Who::ReadOnly(agency) => {
                let Posting { lead, .. } = row.posting;
                tier::tier_of(state.roster(), lead, agency, state.at(), row.posting.span())
                    .is_some()
            }
        };
        let is_ahead = |row: &&Vacancy| row.posting.span().end > state.at();
        let rows = state
            .vacancies()
            .iter()
            .map(|(_, row)| row)
            .filter(is_ahead);
        let mut rows: Vec<_> = rows.filter(|row| sees(row)).collect();
        rows.sort_by_key(|row| row.posting.span().start);
        rows.into_iter()
            .map(|row| speak::board_row(state, row))
            .collect()
    }
}

/// The position after everything in `state`.
fn end_of(state: &State) -> Cursor {
    Cursor {
        sequence: state.sequence().0,
        step: u32::MAX,
    }
}
