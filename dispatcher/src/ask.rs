//! Requests on their way to the engine and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashmap::DashMap;
use engine::core::{Actor, Body, Command, Reply};
use engine::io::Clock;
use engine::model::{Vacancy, VacancyId, VacancyKey};
use engine::{Engine, Outbox, Unavailable};
use protocol::frame::SERVER_FRAME_MAX_BYTES;
use protocol::{Ask, DenialAsk, Outcome, RefusalCode, Refused, RequestId, ServerMessage};

use crate::line::Line;
use crate::load::Load;
use crate::shard::Urgent;
use crate::{Lots, Stats, lots, names, speak};

/// What sessions and the hub share: the way to the engine, and what is waiting for an answer.
pub(crate) struct Desk {
    engine: Engine,
    outbox: Outbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lots: Lots,
    pub(crate) stats: Arc<Stats>,
    pub(crate) load: Load,
    /// Vacancies by their names outside. The hub adds them before anybody is told of them.
    pub(crate) vacancies: DashMap<VacancyKey, VacancyId>,
    waiting: DashMap<u64, Waiting>,
    next_token: AtomicU64,
    is_draining: AtomicBool,
}

/// A request that the engine has not answered yet.
pub(crate) struct Waiting {
    line: Arc<Line>,
    id: RequestId,
    pub(crate) is_accept: bool,
    pub(crate) received_us: i64,
}

/// Who asked, and where the answer goes.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) line: Arc<Line>,
    pub(crate) id: RequestId,
    pub(crate) received_us: i64,
}

/// The vacancy of a request that sessions take straight to the engine; none of one that the hub has
/// to hear.
pub(crate) fn raced(ask: &Ask) -> Option<protocol::VacancyKey> {
    match ask {
        Ask::Accept { vacancy, .. }
        | Ask::Decline { vacancy, .. }
        | Ask::Release { vacancy }
        | Ask::Punch { vacancy, .. }
        | Ask::Undo { vacancy }
        | Ask::JoinStandby { vacancy }
        | Ask::LeaveStandby { vacancy } => Some(*vacancy),
        _ => None,
    }
}

/// Whether something is only read: the hub answers it by itself, at whatever length.
pub(crate) fn is_read(ask: &Ask) -> bool {
    match ask {
        Ask::Board
        | Ask::Why { .. }
        | Ask::Preview(_)
        | Ask::Grant { .. }
        | Ask::Read(_)
        | Ask::Jobs(_) => true,
        Ask::Denial(asked) => matches!(**asked, DenialAsk::List { .. }),
        _ => false,
    }
}

impl Desk {
    pub(crate) fn new(
        engine: Engine,
        outbox: Outbox,
        clock: Arc<dyn Clock>,
        lots: Lots,
        stats: Arc<Stats>,
        load: Load,
    ) -> Desk {
        let (vacancies, waiting, next_token, is_draining) = Default::default();
        Desk {
            engine,
            outbox,
            clock,
            lots,
            stats,
            load,
            vacancies,
            waiting,
            next_token,
            is_draining,
        }
    }

    /// Puts nothing in line from now on. Whoever asks is not answered any more, and so asks again
    /// under the same id when the server is back.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::SeqCst);
    }

    /// Whether everybody in line has been answered.
    pub(crate) fn is_quiet(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a command in line on behalf of `caller`.
    pub(crate) fn submit(&self, caller: Caller, by: Actor, body: Body) {
        let Caller {
            line,
            id,
            received_us,
        } = caller;
        let is_accept = matches!(body, Body::Accept { .. });
        let request = engine::model::RequestId(id.0);
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        self.waiting.insert(
            token,
            Waiting {
                line,
                id,
                is_accept,
                received_us,
            },
        );
        // Looked at once it is waited for: either who drains sees the request, or it sees them.
        if self.is_draining.load(Ordering::SeqCst) {
            self.waiting.remove(&token);
            return;
        }
        let at_once = self
            .engine
            .submit_to(Command { request, by, body }, &self.outbox, token);
        if let Some(answer) = at_once
            && let Some((_, waiting)) = self.waiting.remove(&token)
        {
            let outcome = match answer {
                Ok(Err(refused)) => speak::no(&refused, is_accept, received_us),
                // Only the hub knows the names in a good answer, and none is given at the gate.
                Ok(Ok(_)) | Err(_) => Outcome::Unavailable,
            };
            waiting.answer(self, outcome);
        }
    }

    /// Reveals the seed that a vacancy waits for, if it waits for one.
    pub(crate) fn reveal(&self, id: VacancyId, row: &Vacancy) {
        lots::reveal(&self.engine, &self.lots, id, row);
    }

    /// When the request came in that an answer from the engine belongs to.
    pub(crate) fn received_us(&self, token: u64) -> Option<i64> {
        self.waiting.get(&token).map(|waiting| waiting.received_us)
    }

    /// The request that an answer from the engine belongs to.
    pub(crate) fn waiting(&self, token: u64) -> Option<Waiting> {
        self.waiting.remove(&token).map(|(_, waiting)| waiting)
    }

    /// Answers a request that needs no engine.
    pub(crate) fn answer(&self, caller: Caller, outcome: Outcome) {
        let Caller {
            line,
            id,
            received_us,
        } = caller;
        Waiting {
            line,
            id,
            is_accept: false,
            received_us,
        }
        .answer(self, outcome);
    }

    /// Answers that something named is not known.
    pub(crate) fn unknown(&self, caller: Caller, what: &str, name: &str, is_accept: bool) {
        let refused = names::unknown(what, name);
        let outcome = if is_accept {
            Outcome::Lost(refused)
        } else {
            Outcome::Refused(refused)
        };
        self.answer(caller, outcome);
    }

    pub(crate) fn now_us(&self) -> i64 {
        self.clock.now().as_micros()
    }
}

impl Waiting {
    /// Queues the answer.
    pub(crate) fn answer(self, desk: &Desk, outcome: Outcome) {
        let after_us = desk.now_us() - self.received_us;
        desk.stats.answered(&outcome, after_us);
        let message = ServerMessage::Answer {
            id: self.id,
            outcome,
        };
        let codec = self.line.codec;
        let encode = |message| codec.encode(&message, SERVER_FRAME_MAX_BYTES);
        let frame = encode(message).or_else(|error| {
            tracing::warn!(%error, "an answer was too long to send");
            let sentence =
                format!("the answer is longer than {SERVER_FRAME_MAX_BYTES} bytes: ask for less");
            encode(ServerMessage::Answer {
                id: self.id,
                outcome: too_long(sentence),
            })
        });
        match frame {
            Ok(frame) => {
                let shard = Arc::clone(&self.line.shard);
                shard.tell(Urgent::Answer {
                    line: self.line,
                    id: self.id,
                    frame,
                });
            }
            Err(error) => tracing::error!(%error, "an answer could not be written"),
        }
    }

    /// Says the engine's answer.
    pub(crate) fn tell(
        self,
        desk: &Desk,
        state: &engine::core::State,
        answer: &Result<Reply, Unavailable>,
    ) {
        let outcome = match answer {
            Ok(reply) => speak::outcome(state, reply, self.is_accept, self.received_us),
            Err(_) => Outcome::Unavailable,
        };
        self.answer(desk, outcome);
    }
}

fn too_long(sentence: String) -> Outcome {
    let (code, clauses) = (RefusalCode::LimitReached, Vec::new());
    Outcome::Refused(Refused {
        code,
        sentence,
        place: None,
        behind_us: None,
        clauses,
    })
}
