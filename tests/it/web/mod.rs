//! Browsers: the same port, the same race and the same refusals, over WebTransport and in JSON.

mod certificate;
mod chromium;
mod peer;
mod race;

use std::sync::Arc;

use client::Client;
use muster::certificate::Shown;
use muster::config::Config;
use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::token::SigningKey;
use protocol::{Ask, Role, RosterChange, VacancyKey};

use crate::amend::{HOUR_US, House, done, posted, roster};

/// The page that the server lets in.
const ORIGIN: &str = "https://desk.example";

/// Whom the sample offers work to.
const BADGES: [&str; 3] = ["MES-0001", "MES-0002", "MES-0003"];

/// A server with an invented agency and three of its officers.
struct Town {
    server: Server,
    config: Config,
    signing: Arc<SigningKey>,
    operator: Client,
    /// The data is gone with it.
    folder: DataFolder,
}

impl Town {
    async fn new(origins: &str) -> Town {
        let folder = DataFolder::open(None).expect("a folder");
        let mut config = folder.config(([127, 0, 0, 1], 0).into());
        config.web.origins = origins.parse().expect("origins");
        let town = Town::start(config, folder);
        let mut changes = roster();
        let third = changes.iter().find_map(|change| match change.clone() {
            RosterChange::Officer {
                agency,
                class,
                rank,
                certifications,
                approvals,
                availability,
                ..
            } => Some(RosterChange::Officer {
                badge: BADGES[2].to_owned(),
                agency,
                class,
                rank,
                certifications,
                approvals,
                availability,
            }),
            _ => None,
        });
        changes.extend(third);
        done(&town.operator, 1, Ask::Roster { changes }).await;
        town
    }

    fn start(mut config: Config, folder: DataFolder) -> Town {
        let server = Server::start(&config).expect("a server");
        // Whoever comes back finds it where it was.
        config.listen = server.address();
        let signing = muster::identity::load_signing_key(&config.token_key_path());
        let (operator, _) = House::of(&server, &config).join(Role::Operator, "operator", None);
        Town {
            server,
            config,
            signing: Arc::new(signing.expect("a key")),
            operator,
            folder,
        }
    }

    /// The same server, stopped and started again.
    async fn restarted(self) -> Town {
        self.server.stop().await;
        Town::start(self.config, self.folder)
    }

    fn token(&self, badge: &str) -> String {
        let now_us = muster::clock::now_us();
        let token = self
            .signing
            .issue(Role::Officer, badge, Some("mesa"), now_us, 600);
        token.expect("it can be signed")
    }

    /// Publishes a vacancy with one slot, in so many days.
    async fn publish(&self, key: u128, days: i64) {
        let mut vacancy = posted(muster::clock::now_us() + days * 24 * HOUR_US);
        vacancy.key = VacancyKey(key);
        done(&self.operator, 1_000 + key, Ask::Publish(vacancy)).await;
    }

    fn shown(&self) -> Shown {
        self.server.certificate()
    }
}
