//! The client side of muster: connect, resume, ask, listen.
//!
//! ```no_run
//! # async fn example(pem: Vec<u8>, token: String) -> Result<(), Box<dyn std::error::Error>> {
//! use client::{Endpoint, Options, Trust};
//! use protocol::{Ask, RequestId};
//!
//! let endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), &Trust::Certificate(pem))?;
//! let server = ([127, 0, 0, 1], protocol::PORT).into();
//! let options = Options::new(move || token.clone());
//! let (sink, mut events) = client::events();
//! let (client, driver) = endpoint.connect(server, "localhost", options, sink);
//! let running = tokio::spawn(driver.run());
//!
//! let board = client.ask(RequestId(1), Ask::Board).await?;
//! let first_event = events.next().await;
//! client.close();
//! let ended = running.await?;
//! # Ok(()) }
//! ```
//!
//! Reading order: [`Endpoint`] is one UDP socket for any number of sessions; its
//! [`connect`](Endpoint::connect) gives a [`Client`] to ask with and a [`Driver`], the future in
//! which everything happens: nothing of ours is spawned behind the caller (quinn runs a task per
//! socket and per connection). The driver owns a [`protocol::session::ClientSession`], connects,
//! reconnects with [`backoff`](Options::seed), resumes from its cursor, repeats what was not
//! answered and renews the token. What it learns goes to a sink, a closure called in the driver;
//! [`events`] makes one that feeds a channel.
//!
//! Every number is in [`limits`].

mod backoff;
mod client;
mod driver;
mod endpoint;
mod error;
mod events;
pub mod limits;
mod line;
mod options;
mod transport;
mod trust;
mod wire;

pub use client::Client;
pub use driver::Driver;
pub use endpoint::Endpoint;
pub use error::{AskError, BindError, ConnectError, Ended};
pub use events::{Event, Events, events};
pub use options::{Options, TokenSource};
pub use trust::{Shown, Trust};
