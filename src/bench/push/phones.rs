//! The thread on which all officers' software runs.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// One thread for everybody, as a phone has one: what a session is told then wakes no second
/// thread, and the server has the other core to itself. It ends when this is dropped, and whatever
/// runs on it with it.
pub(super) struct Phones {
    handle: Handle,
    _over: oneshot::Sender<()>,
}

impl Phones {
    pub(super) fn start() -> io::Result<Phones> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (_over, over) = oneshot::channel::<()>();
        let phones = thread::Builder::new().name("phones".to_owned());
        // The sender says nothing: that it is gone is the end.
        phones.spawn(move || runtime.block_on(over).ok())?;
        Ok(Phones { handle, _over })
    }

    /// What they run on.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}
