//! An endpoint and its shard, and whose thread they are on.

use std::net::UdpSocket;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use quinn::{AsyncUdpSocket, Endpoint, EndpointConfig, Runtime, ServerConfig};
use tokio::sync::oneshot;

use crate::endpoint;
use crate::session::Shell;
use crate::shard::Shard;
use crate::steer::{Bags, Steered};

/// What a station is opened with.
pub(crate) struct Station {
    pub(crate) config: EndpointConfig,
    pub(crate) server: ServerConfig,
    pub(crate) shell: Shell,
    pub(crate) shard: Shard,
}

/// A station that is open. It closes when this is dropped.
pub(crate) struct Open {
    pub(crate) endpoint: Endpoint,
    _halt: oneshot::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Station {
    /// Opens it in the tokio runtime that this is called in.
    pub(crate) fn open_here(
        self,
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
    ) -> std::io::Result<Open> {
        let (_halt, halted) = oneshot::channel();
        let (endpoint, run) = self.prepare(socket, runtime)?;
        tokio::spawn(until(halted, run));
        let thread = None;
        Ok(Open {
            endpoint,
            _halt,
            thread,
        })
    }

    /// Opens it on a thread of its own, which reads and writes the socket and does nothing else:
    /// a packet and the session it belongs to are then always met on the same core.
    pub(crate) fn open_on_thread(
        self,
        index: usize,
        socket: UdpSocket,
        bags: Bags,
    ) -> std::io::Result<Open> {
        let (_halt, halted) = oneshot::channel();
        let (opened, is_open) = mpsc::channel();
        let threaded = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let tokio: Arc<dyn Runtime> = Arc::new(quinn::TokioRuntime);
                let mut socket = tokio.wrap_udp_socket(socket)?;
                if bags.len() > 1 {
                    socket = Arc::new(Steered::new(socket, index, bags));
                }
                let (endpoint, run) = self.prepare(socket, tokio)?;
                // Whoever opens it waits for this; nobody does if its own thread is gone.
                let _ = opened.send(endpoint);
                // As a task: what a runtime itself waits for is looked at only when no task is ready,
                // after one more look at the system. One that panicked has ended as well.
                let _ = tokio::spawn(until(halted, run)).await;
                Ok::<_, std::io::Error>(())
            })
        };
        let (failed, why) = mpsc::channel();
        let name = format!("muster-shard-{index}");
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            if let Err(error) = threaded() {
                // As above.
                let _ = failed.send(error);
            }
        })?;
        match is_open.recv() {
            Ok(endpoint) => Ok(Open {
                endpoint,
                _halt,
                thread: Some(thread),
            }),
            Err(_) => Err(why.recv().unwrap_or(std::io::ErrorKind::Other.into())),
        }
    }

    fn prepare(
        self,
        socket: Arc<dyn AsyncUdpSocket>,
        runtime: Arc<dyn Runtime>,
    ) -> std::io::Result<(Endpoint, impl Future<Output = ()> + Send + 'static)> {
        let server = Some(self.server);
        let endpoint = Endpoint::new_with_abstract_socket(self.config, server, socket, runtime)?;
        let accepting = endpoint::accept(endpoint.clone(), self.shell);
        let run = async {
            // Sessions are accepted beside the pushes, not between them.
            let accepting = tokio::spawn(accepting);
            self.shard.run().await;
            accepting.abort();
        };
        Ok((endpoint, run))
    }
}

impl Open {
    /// Closes it, and waits until its thread is gone.
    pub(crate) async fn close(self) {
        let Open {
            endpoint,
            _halt,
            thread,
        } = self;
        drop((endpoint, _halt));
        if let Some(thread) = thread {
            // A thread that panicked has ended as well.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

async fn until(halted: oneshot::Receiver<()>, run: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        _ = halted => {}
        () = run => {}
    }
}
