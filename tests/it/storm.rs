//! A race for many vacancies on the real server, in the middle of which something happens to it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use muster::sample::SampleState;
use protocol::{Ask, Outcome, RequestId, Role};

use crate::house::{
    House, Ledger, PATIENCE, Server, ask, free_port, import, officers, publish, race,
};

/// Awards before anything happens: more are on their way then.
const AWARDS_BEFORE: usize = 20;
/// How long nobody has been unanswered when a race is over.
const QUIET: Duration = Duration::from_millis(800);

/// A server, officers who take whatever they are offered, and a ledger of what they were answered.
pub(crate) struct Storm {
    pub(crate) server: Server,
    pub(crate) port: u16,
    pub(crate) ledger: Arc<Ledger>,
    operator: Client,
    sample: SampleState,
    racers: Vec<Client>,
}

impl Storm {
    pub(crate) async fn open(folder: &Path, count: usize) -> Storm {
        let port = free_port();
        let server = Server::start(folder, port);
        let house = House::open(folder, port);
        let sample = SampleState::new(7, jiff::civil::date(2026, 11, 23));
        let operator = house.join(Role::Operator, "operator", None, |_| {});
        import(&operator, &sample).await;
        let ledger = Arc::new(Ledger::default());
        let racers = officers(&sample, count);
        let racers = racers.map(|(badge, agency)| race(&house, badge, agency, &ledger));
        let racers = racers.collect();
        Storm {
            server,
            port,
            ledger,
            operator,
            sample,
            racers,
        }
    }

    /// Publishes so many vacancies, and has `happens` happen to the server in the middle of it; says
    /// how many awards there were before, and what `happens` said.
    pub(crate) async fn race<T>(
        &mut self,
        vacancies: u128,
        happens: impl AsyncFnOnce(&mut Server) -> T,
    ) -> (usize, T) {
        let (operator, sample, ledger) = (&self.operator, &self.sample, &self.ledger);
        let publishing = async {
            for number in 0..vacancies {
                publish(operator, sample, number).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let server = &mut self.server;
        let happening = async {
            let started = Instant::now();
            while ledger.won().len() < AWARDS_BEFORE && started.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let before = ledger.won().len();
            assert!(before >= AWARDS_BEFORE, "only {before} awards in time");
            (before, happens(server).await)
        };
        let ((), happened) = tokio::join!(publishing, happening);
        happened
    }

    /// Waits until there are more than `awards` and nobody waits for an answer, and holds what was
    /// answered against what the server knows; says how many awards there are.
    pub(crate) async fn judge(&self, awards: usize) -> usize {
        let (started, mut quiet_since) = (Instant::now(), Instant::now());
        while quiet_since.elapsed() < QUIET && started.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.ledger.unanswered() > 0 || self.ledger.won().len() <= awards {
                quiet_since = Instant::now();
            }
        }
        let unanswered = self.ledger.unanswered();
        assert_eq!(unanswered, 0, "everybody who asked was answered in the end");
        let board = ask(&self.operator, RequestId(2), Ask::Board).await;
        let Outcome::Board { rows } = board else {
            panic!("an operator sees the board: {board:?}");
        };
        self.ledger.judge(&rows);
        let won = self.ledger.won().len();
        assert!(won > awards, "the race went on: {won} awards");
        won
    }

    pub(crate) fn end(self) {
        for racer in self.racers {
            racer.close();
        }
        self.server.stop();
    }
}
