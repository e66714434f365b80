//! A server and everybody who is connected to it.

use std::path::Path;
use std::time::{Duration, Instant};

use client::Client;
use protocol::{Ask, Outcome, RequestId};
use tokio::runtime::Handle;

use super::super::BenchError;
use super::child::{Kind, Server};
use super::officers::{Cast, Officers, coordinator};
use super::vacancy;

/// How long is waited after the last delivery until its acknowledgement has been worked off: a
/// client may hold it back for 25 ms.
const ACKNOWLEDGED: Duration = Duration::from_millis(150);

/// How long a server that has just started may be busy with itself, such as with the segment that
/// its log goes on in.
const CALM_DEADLINE: Duration = Duration::from_secs(10);
/// A server that spends less than this between two looks is calm.
const CALM_LOOK: Duration = Duration::from_millis(100);
const CALM_CPU: Duration = Duration::from_millis(1);

/// A server, everybody who is connected to it, and what connecting them took.
pub(super) struct Side {
    pub(super) server: Server,
    pub(super) officers: Officers,
    publisher: Publisher,
    /// What a handshake took the server on a core, in microseconds.
    pub(super) handshake_us: f64,
    /// Its memory before anybody came, in bytes.
    memory_before: u64,
}

enum Publisher {
    Coordinator(Client),
    /// The floor takes its orders from its standard input.
    Line,
}

/// What a broadcast took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broadcast {
    /// On a core of the server, for each session, in microseconds.
    pub(super) each_us: f64,
    /// From just before the publication until the last officer had it.
    pub(super) took: Duration,
}

impl Side {
    /// Starts a server on `folder` and connects everybody.
    pub(super) fn open(
        runtime: &Handle,
        kind: Kind,
        folder: &Path,
        cast: Cast,
    ) -> Result<Side, BenchError> {
        let mut server = Server::start(kind, folder)?;
        let publisher = match kind {
            Kind::Dispatcher => Publisher::Coordinator(coordinator(runtime, &server)?),
            Kind::Driver => Publisher::Line,
        };
        calm(&mut server)?;
        let memory_before = server.memory_bytes()?;
        let before = server.cpu()?;
        let officers = Officers::connect(runtime, &server, cast)?;
        std::thread::sleep(ACKNOWLEDGED);
        let spent = server.cpu()?.saturating_sub(before);
        Ok(Side {
            handshake_us: spent.as_secs_f64() * 1e6 / cast.count as f64,
            memory_before,
            server,
            officers,
            publisher,
        })
    }

    /// Publishes this vacancy to everybody, and waits until every reader has it and the server
    /// knows that they do.
    pub(super) fn broadcast(
        &mut self,
        runtime: &Handle,
        number: u64,
        readers: usize,
    ) -> Result<Broadcast, BenchError> {
        let before = self.server.cpu()?;
        let took = self.deliver(runtime, number, readers)?;
        std::thread::sleep(ACKNOWLEDGED);
        let spent = self.server.cpu()?.saturating_sub(before);
        let each_us = spent.as_secs_f64() * 1e6 / readers as f64;
        Ok(Broadcast { each_us, took })
    }

    /// Publishes this vacancy; how long it takes until every reader has it.
    pub(super) fn deliver(
        &mut self,
        runtime: &Handle,
        number: u64,
        readers: usize,
    ) -> Result<Duration, BenchError> {
        self.officers.heard.begin(false);
        let began = Instant::now();
        self.publish(runtime, number)?;
        let last = self.officers.all_offered(readers)?;
        Ok(last.saturating_duration_since(began))
    }

    /// The same with everybody accepting at once, until all are answered.
    pub(super) fn herd(&mut self, runtime: &Handle, number: u64) -> Result<Broadcast, BenchError> {
        self.officers.heard.begin(true);
        let before = self.server.cpu()?;
        let began = Instant::now();
        self.publish(runtime, number)?;
        let took = self.officers.all_answered()?;
        std::thread::sleep(ACKNOWLEDGED);
        let spent = self.server.cpu()?.saturating_sub(before);
        Ok(Broadcast {
            each_us: spent.as_secs_f64() * 1e6 / self.officers.clients.len() as f64,
            took: took.saturating_duration_since(began),
        })
    }

    fn publish(&mut self, runtime: &Handle, number: u64) -> Result<(), BenchError> {
        let Publisher::Coordinator(client) = &self.publisher else {
            return self.server.say("push");
        };
        let id = RequestId(u128::from(number) + 1);
        let asked = client.ask(id, Ask::Publish(vacancy(number)));
        match runtime.block_on(asked)? {
            Outcome::Done { .. } => Ok(()),
            other => Err(BenchError::Unexpected {
                what: "a publication",
                count: 1,
                first: format!("{other:?}"),
            }),
        }
    }

    /// What a session weighs now, in bytes.
    pub(super) fn session_bytes(&self) -> Result<f64, BenchError> {
        let memory = self.server.memory_bytes()?;
        let gained = memory.saturating_sub(self.memory_before);
        Ok(gained as f64 / self.officers.clients.len() as f64)
    }
}

/// Waits until the server has nothing more to do for itself.
fn calm(server: &mut Server) -> Result<(), BenchError> {
    let until = Instant::now() + CALM_DEADLINE;
    let mut before = server.cpu()?;
    while Instant::now() < until {
        std::thread::sleep(CALM_LOOK);
        let now = server.cpu()?;
        if now.saturating_sub(before) < CALM_CPU {
            break;
        }
        before = now;
    }
    Ok(())
}
