//! A real browser: Debian's Chromium, without a screen, on the officers' page.
//!
//! The browser opens `drive.html`, which asks the test what to do and says what came of it. So the
//! test needs no program between itself and the browser, and what is clicked is the page's own
//! buttons.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use muster::embedded::DataFolder;
use muster::page::{Connect, HTML, MODULE};
use muster::server::Server;
use protocol::GoAway;
use protocol::session::close_code;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};

use super::{BADGES, Town};
use crate::faults::skip;

/// How long anything in the browser may take; it starts within this as well.
const PATIENCE: Duration = Duration::from_secs(90);

/// Under which names the browser is installed.
const PROGRAMMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    // The sandbox does not work for root, and nothing foreign is opened here.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
];

/// A browser with a page that does what it is told.
struct Browser {
    process: Child,
    scripts: mpsc::Sender<String>,
    said: mpsc::Receiver<String>,
    _profile: DataFolder,
}

impl Browser {
    fn start(program: &Path, site: &Site, lines: Lines) -> Browser {
        let profile = DataFolder::open(None).expect("a folder");
        let process = Command::new(program)
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("{}/drive.html", site.origin))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Browser {
            process: process.expect("it was found a moment ago"),
            scripts: lines.scripts,
            said: lines.said,
            _profile: profile,
        }
    }

    /// Runs `script` in the page and says what it returns.
    async fn run(&mut self, script: String) -> Value {
        self.scripts
            .send(script.clone())
            .await
            .expect("the site is there");
        let said = tokio::time::timeout(PATIENCE, self.said.recv()).await;
        let said =
            said.unwrap_or_else(|_| panic!("the page does not come to the end of: {script}"));
        let mut said: Value =
            serde_json::from_str(&said.expect("the site is there")).expect("JSON");
        assert!(said.get("error").is_none(), "{said} came of: {script}");
        said["found"].take()
    }

    /// Signs an officer in on a page of their own, and waits for the server's word.
    async fn sign_in(&mut self, badge: &str, token: &str) {
        let script = format!(
            "const of = await page('{badge}');
             of.getElementById('token').value = '{token}';
             of.querySelector('#sign-in button').click();
             return until(() => of.getElementById('state').textContent === 'connected');"
        );
        self.run(script).await;
    }

    /// Waits until the page of `badge` shows something that `selector` finds with `text` in it, and
    /// gives its whole text.
    async fn shows(&mut self, badge: &str, selector: &str, text: &str) -> String {
        let script = format!(
            "const of = await page('{badge}');
             const found = () => [...of.querySelectorAll('{selector}')];
             return until(() => found().map((one) => one.textContent).find(
               (text) => text.includes('{text}')));"
        );
        let found = self.run(script).await;
        found.as_str().expect("text").to_owned()
    }

    /// Closes the connection of the page of `badge` behind its back.
    async fn cut_off(&mut self, badge: &str) {
        let script = format!("(await page('{badge}')).defaultView.transports.at(-1).close();");
        self.run(script).await;
    }

    async fn click(&mut self, badge: &str, selector: &str) {
        let script = format!(
            "const of = await page('{badge}');
             (await until(() => of.querySelector('{selector}'))).click();"
        );
        self.run(script).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The two lines between a test and its page.
struct Lines {
    scripts: mpsc::Sender<String>,
    said: mpsc::Receiver<String>,
}

/// Where pages come from.
struct Site {
    origin: String,
}

#[derive(Clone)]
struct Shelf {
    connect: watch::Receiver<Option<Connect>>,
    scripts: Arc<Mutex<mpsc::Receiver<String>>>,
    said: mpsc::Sender<String>,
}

impl Site {
    async fn open(connect: watch::Receiver<Option<Connect>>) -> (Site, Lines) {
        let (to_page, scripts) = mpsc::channel(1);
        let (said, from_page) = mpsc::channel(1);
        let scripts = Arc::new(Mutex::new(scripts));
        let module = || async { ([("content-type", "text/javascript")], MODULE) };
        let pages = Router::new()
            .route("/officer.html", get(|| async { Html(HTML) }))
            .route("/officer.mjs", get(module))
            .route(
                "/drive.html",
                get(|| async { Html(include_str!("drive.html")) }),
            )
            .route(
                "/try.html",
                get(|| async { Html(include_str!("try.html")) }),
            )
            .route("/connect.json", get(where_to))
            .route("/next", get(next))
            .route("/said", post(heard))
            .with_state(Shelf {
                connect,
                scripts,
                said,
            });
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let listener = TcpListener::bind(any).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        // It ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, pages).await });
        let lines = Lines {
            scripts: to_page,
            said: from_page,
        };
        (
            Site {
                origin: format!("http://{address}"),
            },
            lines,
        )
    }
}

async fn where_to(State(shelf): State<Shelf>) -> String {
    let connect = shelf.connect.borrow().clone();
    serde_json::to_string(&connect).expect("it is JSON")
}

async fn next(State(shelf): State<Shelf>) -> String {
    let script = shelf.scripts.lock().await.recv().await;
    // The test is over.
    script.unwrap_or_default()
}

async fn heard(State(shelf): State<Shelf>, said: String) {
    // Nobody is left to be told when the test is over.
    let _ = shelf.said.send(said).await;
}

fn connect(server: &Server) -> Connect {
    Connect::new(server.address(), &server.certificate())
}

fn chromium() -> Option<std::path::PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&folders);
    let of = |folder: std::path::PathBuf| PROGRAMMES.map(|name| folder.join(name));
    places.flat_map(of).find(|path| path.is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn officers_race_in_a_real_browser_and_come_back_after_a_restart() {
    let Some(program) = chromium() else {
        return skip("the race in a real browser", "there is no chromium here");
    };
    let (told, connects) = watch::channel(None);
    let (site, lines) = Site::open(connects.clone()).await;
    let (elsewhere, _) = Site::open(connects).await;
    let town = Town::new(&site.origin).await;
    told.send_replace(Some(connect(&town.server)));
    let mut browser = Browser::start(&program, &site, lines);
    let [winner, loser, watcher] = BADGES;
    for badge in BADGES {
        browser.sign_in(badge, &town.token(badge)).await;
    }

    town.publish(7, 2).await;
    for badge in BADGES {
        browser
            .shows(badge, "#offers li", "Invented Elementary")
            .await;
    }
    // Both have the button in front of them when the first is pressed.
    let both = format!(
        "const [first, second] = [await page('{winner}'), await page('{loser}')];
         first.querySelector('#offers .accept').click();
         const won = () => first.querySelector('#held li');
         const button = second.querySelector('#offers .accept');
         await until(won);
         button.click();"
    );
    browser.run(both).await;
    let won = browser.shows(winner, "#news li", "Won").await;
    assert_eq!(won, "Won: slot 1 (place 1)");
    browser
        .shows(winner, "#held li", "covered by mesa-msa")
        .await;
    let lost = browser.shows(loser, "#news li", "Lost").await;
    assert!(lost.ends_with("(place 2)"), "{lost}");
    browser
        .shows(watcher, "#news li", "Withdrawn: filled")
        .await;

    only_the_page_that_is_named_gets_in(&mut browser, &site, &elsewhere).await;

    a_made_up_token_closes_the_session_with_its_code(&mut browser).await;

    // A page that loses its connection goes on where it was.
    browser.cut_off(loser).await;
    town.publish(8, 4).await;
    browser.shows(loser, "#state", "connected again").await;
    browser.click(watcher, "#offers .decline").await;
    browser.shows(watcher, "#news li", "Declined").await;
    browser.click(loser, "#offers .accept").await;
    browser.shows(loser, "#news li", "Won: slot 1").await;

    // The server goes away and comes back: nobody signs in again, what was won is still there, and
    // so is what comes next.
    let town = town.restarted().await;
    told.send_replace(Some(connect(&town.server)));
    town.publish(9, 6).await;
    for badge in BADGES {
        browser
            .shows(badge, "#offers li", "Invented Elementary")
            .await;
    }
    let held = format!(
        "const counts = ['{winner}', '{loser}', '{watcher}'].map(async (badge) =>
           (await page(badge)).querySelectorAll('#held li').length);
         return Promise.all(counts);"
    );
    assert_eq!(browser.run(held).await, serde_json::json!([1, 1, 0]));
    town.server.stop().await;
}

/// A page of another origin on the same machine is refused, and the same page of the right one is
/// not.
async fn only_the_page_that_is_named_gets_in(browser: &mut Browser, site: &Site, other: &Site) {
    for (of, expected) in [(other, "refused"), (site, "ready")] {
        let script = format!(
            "const frame = document.createElement('iframe');
             const said = new Promise((resolve) =>
               addEventListener('message', (event) => resolve(event.data), {{ once: true }}));
             frame.src = '{}/try.html';
             document.body.append(frame);
             const {{ origin, said: outcome }} = await said;
             frame.remove();
             return [origin, outcome];",
            of.origin
        );
        let said = browser.run(script).await;
        assert_eq!(said, serde_json::json!([of.origin, expected]));
    }
}

/// A script hears from its browser why the server ended the session.
async fn a_made_up_token_closes_the_session_with_its_code(browser: &mut Browser) {
    let script = "const { url, certificate_sha256 } = await (await fetch('connect.json')).json();
         const digits = certificate_sha256.match(/../g);
         const value = Uint8Array.from(digits, (of) => Number.parseInt(of, 16));
         const serverCertificateHashes = [{ algorithm: 'sha-256', value }];
         const transport = new WebTransport(url, { serverCertificateHashes });
         const stream = await transport.createBidirectionalStream();
         const hello = { say: 'hello', version: 1, token: 'no', resume: null, software: '' };
         const text = new TextEncoder().encode(JSON.stringify(hello));
         await stream.writable.getWriter().write(Uint8Array.of(text.length, 0, 0, 0, ...text));
         return (await transport.closed).closeCode;";
    let code = close_code(Some(GoAway::Unauthenticated));
    assert_eq!(browser.run(script.to_owned()).await, code);
}
