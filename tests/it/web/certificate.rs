//! Another certificate while sessions go on.

use muster::certificate::{CertificateHash, Shown};
use muster::identity::make_certificate;
use protocol::{Ask, Outcome, ServerMessage, WEB_PATH};

use super::peer::Page;
use super::{BADGES, ORIGIN, Town};
use crate::amend::PATIENCE;

async fn connect(town: &Town, hash: CertificateHash) -> Option<Page> {
    let page = Page::connect(town.server.address(), hash, WEB_PATH, Some(ORIGIN)).await;
    page.ok()
}

/// Whether the server answers this session.
async fn answers(page: &mut Page, id: u128) -> bool {
    let vacancy = protocol::VacancyKey(404);
    let outcome = page.ask(id, Ask::Decline { vacancy, round: 1 }).await;
    matches!(outcome, Outcome::Refused(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_shown_and_no_session_notices() {
    let town = Town::new(ORIGIN).await;
    let before = town.shown();
    let mut page = connect(&town, before.hash).await.expect("a session");
    page.hello(town.token(BADGES[0]), None).await;
    page.until(|message| matches!(message, ServerMessage::Synced { .. }).then_some(()))
        .await;

    let mut shown = town.server.certificates();
    let (certificate, key) = (
        town.config.certificate_path(),
        town.config.certificate_key_path(),
    );
    let made = make_certificate(jiff::Timestamp::now()).expect("a certificate");
    made.write(&certificate, &key).expect("files");
    town.server.look_at_certificate();
    let changed = tokio::time::timeout(PATIENCE, shown.changed()).await;
    changed.expect("in time").expect("the server runs");
    let after: Shown = town.shown();
    assert_ne!(after.hash, before.hash);
    assert!(answers(&mut page, 2).await, "the session goes on");
    assert!(connect(&town, before.hash).await.is_none());
    connect(&town, after.hash)
        .await
        .expect("a session")
        .leave()
        .await;

    // The key of another certificate is refused, and the pair before it stays in use.
    let other = make_certificate(jiff::Timestamp::now()).expect("a certificate");
    let aside = key.with_extension("aside");
    let pem = std::fs::read_to_string(&certificate).expect("it is there");
    other.write(&certificate, &aside).expect("files");
    town.server.look_at_certificate();
    // It is taken up from the same files as soon as they are right again.
    let taken = tokio::time::timeout(muster::certificate::LOOK_PERIOD, shown.changed()).await;
    assert!(taken.is_err(), "a pair that does not fit was taken");
    connect(&town, after.hash)
        .await
        .expect("a session")
        .leave()
        .await;
    std::fs::write(&certificate, pem).expect("it is written");
    assert!(answers(&mut page, 3).await, "the session still goes on");
    town.server.stop().await;
}
