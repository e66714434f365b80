//! Client certificates of API tiers.

use std::path::{Path, PathBuf};

use client::{Ended, Endpoint, Options, Shown, Trust};
use muster::embedded::DataFolder;
use protocol::{Bearer, GoAway, Role};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};

use super::{MESA, OFFICER, Town, Visitor, config, deny, is_denied, token};
use crate::amend::done;

const API: &str = "muster:coordinator/mesa/api";

/// An authority of client certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(params, key);
        Authority { issuer, pem }
    }

    fn issue(&self, names: &[&str], until_year: i32) -> Shown {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        let uri = |name: &&str| SanType::URI((*name).try_into().expect("it is ASCII"));
        params.subject_alt_names = names.iter().map(uri).collect();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Shown {
            certificate_pem: certificate.pem().into_bytes(),
            key_pem: key.serialize_pem().into_bytes(),
        }
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("clients.pem");
        std::fs::write(&path, &self.pem).expect("a file");
        path
    }
}

impl Town {
    /// Comes once, with this certificate.
    fn show(&self, shown: &Shown, token: &str) -> Visitor {
        let pem = self.server.certificate_pem().as_bytes().to_vec();
        let (any, trust) = (([127, 0, 0, 1], 0).into(), Trust::Certificate(pem));
        let endpoint = Endpoint::bind_certified(any, &trust, shown).expect("a socket");
        let token = token.to_owned();
        let options = Options::once(move || token.clone());
        let (sink, events) = client::events();
        let address = self.server.address();
        let (client, driver) = endpoint.connect(address, "localhost", options, sink);
        Visitor {
            client,
            events,
            ended: tokio::spawn(driver.run()),
        }
    }
}

fn is_turned_away(ended: &Ended) -> bool {
    matches!(ended, Ended::Refused(GoAway::Unauthenticated))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_stands_for_a_token_and_has_to_agree_with_one() {
    let folder = DataFolder::open(None).expect("a folder");
    let ours = Authority::new();
    let mut config = config(&folder);
    config.tls.client_ca = Some(ours.write(folder.path()));
    let town = Town::found(&config).await;
    let api = ours.issue(&[API], 2100);
    let of = |role, subject, agency| token(&town.signing, role, subject, agency, None);
    let own = of(Role::Coordinator, "api", MESA);
    let mut open = town.show(&api, "");
    for visitor in [&mut open, &mut town.show(&api, &own)] {
        visitor.synced().await;
    }
    // Nobody else has to show one, and without either there is nobody.
    town.officer(OFFICER).synced().await;
    let nobody = town.visit(String::new(), None).ended().await;
    assert!(is_turned_away(&nobody), "{nobody:?}");
    let others = [
        of(Role::Operator, "api", MESA),
        of(Role::Coordinator, "desk", MESA),
        of(Role::Coordinator, "api", Some("gilbert")),
    ];
    for other in &others {
        let ended = town.show(&api, other).ended().await;
        assert!(is_turned_away(&ended), "{ended:?}");
    }
    // A certificate that names nobody, or two, stands for no token.
    let two = [API, "muster:operator//api"];
    for names in [&[][..], &["muster:chief/mesa/api"][..], &two[..]] {
        let ended = town.show(&ours.issue(names, 2100), "").ended().await;
        assert!(is_turned_away(&ended), "{names:?}: {ended:?}");
    }
    // It is denied like anybody.
    let name = "api".to_owned();
    let agency = Some("mesa".to_owned());
    let operator = town.operator();
    done(&operator.client, 2, deny(Bearer::Subject { agency, name })).await;
    let ended = open.ended().await;
    assert!(is_denied(&ended), "{ended:?}");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_others_and_of_yesterday_end_with_the_handshake() {
    let folder = DataFolder::open(None).expect("a folder");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut config = config(&folder);
    config.tls.client_ca = Some(ours.write(folder.path()));
    let town = Town::found(&config).await;
    let good = token(&town.signing, Role::Coordinator, "api", MESA, None);
    for shown in [theirs.issue(&[API], 2100), ours.issue(&[API], 2021)] {
        // A token does not help.
        for token in ["", &good] {
            let ended = town.show(&shown, token).ended().await;
            let is_unwelcome = matches!(ended, Ended::NotConnected(_) | Ended::Lost);
            assert!(is_unwelcome, "{ended:?}");
        }
    }
    town.show(&ours.issue(&[API], 2100), &good).synced().await;
    town.server.stop().await;
}
