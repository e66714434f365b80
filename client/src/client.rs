//! The handle with which a program asks.

use std::fmt;
use std::time::Duration;

use protocol::session::Counts;
use protocol::{Ask, Outcome, RequestId};
use tokio::sync::oneshot;

use crate::AskError;
use crate::line::{LineIn, LineOut, Order, Reply, Wish, line};

/// Asks on one session. Cheap to clone; the session lives as long as its
/// [`Driver`](crate::Driver) runs, whether or not a client is left.
#[derive(Clone)]
pub struct Client {
    line: LineIn,
}

impl Client {
    pub(crate) fn new() -> (Client, LineOut) {
        let (line, out) = line();
        (Client { line }, out)
    }

    /// Asks, and waits for the answer, across as many connections as it takes. The sink hears
    /// the answer as well, with the instant at which it was received.
    ///
    /// A future that is dropped does not take the request back. [`Outcome::Busy`] and
    /// [`Outcome::Unavailable`] are answers: ask again with the same id.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask(&self, id: RequestId, ask: Ask) -> Result<Outcome, AskError> {
        let (reply, answer) = oneshot::channel();
        self.put(id, ask, Some(reply))?;
        answer.await.unwrap_or(Err(AskError::Ended))
    }

    /// As [`ask`](Self::ask), but waits no longer than `deadline`.
    ///
    /// # Errors
    /// [`AskError`]; after [`AskError::Deadline`] the request is still under way.
    pub async fn ask_in(
        &self,
        deadline: Duration,
        id: RequestId,
        ask: Ask,
    ) -> Result<Outcome, AskError> {
        tokio::time::timeout(deadline, self.ask(id, ask))
            .await
            .unwrap_or_else(|_| {
                let waited_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
                Err(AskError::Deadline { waited_ms })
            })
    }

    /// Asks without waiting: the sink hears the answer. What the client cannot send it answers
    /// itself: [`Outcome::Busy`] where too many requests wait, [`Outcome::Refused`] where one is
    /// too large. An id that waits already is not asked twice.
    ///
    /// # Errors
    /// [`AskError::Ended`], or [`AskError::NotTaken`] where the driver does not keep up.
    pub fn post(&self, id: RequestId, ask: Ask) -> Result<(), AskError> {
        self.put(id, ask, None)
    }

    /// Closes the connection as if it had broken, for tests and for load: the driver connects
    /// again and resumes.
    pub fn drop_connection(&self) {
        self.line.order(Order::DropConnection);
    }

    /// Says goodbye; the driver ends.
    pub fn close(&self) {
        self.line.order(Order::Close);
    }

    /// What the server said twice or without being asked, and nobody heard: a server that keeps
    /// its promises leaves both at zero.
    pub fn counts(&self) -> Counts {
        self.line.counts()
    }

    fn put(&self, id: RequestId, ask: Ask, reply: Option<Reply>) -> Result<(), AskError> {
        self.line.put(Wish { id, ask, reply })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
