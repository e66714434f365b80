//! Loads one server over TLS and prints what it took, one JSON object a line:
//!
//!     muster-peers-client fan-out PEER PORT CERTIFICATE PID CONNECTIONS ROUNDS
//!     muster-peers-client race    PEER PORT CERTIFICATE PID CONNECTIONS ROUNDS  STATEMENT
//!     muster-peers-client accepts PEER PORT CERTIFICATE PID CONNECTIONS SECONDS STATEMENT
//!
//! PEER is redis, nats, mosquitto or postgres, PID its server's process. STATEMENT is what an
//! accept is: the name of a loaded script (Redis), a statement with $1 = vacancy and $2 = officer
//! (PostgreSQL), or `-`.

mod connection;
mod peer;
mod process;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Barrier, Semaphore, mpsc};

use connection::{Connection, Way};
use peer::{Frame, Peer};
use process::{cpu_us, memory_kib};

/// Handshakes under way at once.
const HANDSHAKES_MAX: usize = 64;
/// Bytes of a broadcast.
const BROADCAST_LEN: usize = 300;
/// How long one broadcast may take before it counts as lost.
const BROADCAST_DEADLINE: Duration = Duration::from_secs(20);
/// Quiet between two broadcasts.
const BETWEEN: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&words)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(line) => println!("{line}"),
        Err(error) => {
            eprintln!("{}: {error}", words.join(" "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What is loaded, and with how much.
struct Load {
    way: Way,
    pid: u32,
    connections: usize,
    amount: u64,
    statement: String,
}

async fn run(words: &[String]) -> Result<String, Box<dyn Error>> {
    let [
        what,
        peer,
        port,
        certificate,
        pid,
        connections,
        amount,
        rest @ ..,
    ] = words
    else {
        return Err("see the head of benches/peers/client/src/main.rs".into());
    };
    let peer = Peer::named(peer).ok_or("no such peer")?;
    let load = Load {
        way: Way::new(peer, port.parse()?, certificate)?,
        pid: pid.parse()?,
        connections: connections.parse()?,
        amount: amount.parse()?,
        statement: rest.first().cloned().unwrap_or_default(),
    };
    match what.as_str() {
        "fan-out" => fan_out(&load).await,
        "race" => race(&load).await,
        "accepts" => accepts(&load).await,
        other => Err(format!("{other} is nothing that can be measured here").into()),
    }
}

/// Connects everybody, a bounded number at a time.
async fn connect(load: &Load) -> Result<Vec<Connection>, Box<dyn Error>> {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let mut tasks = Vec::with_capacity(load.connections);
    for number in 0..load.connections {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let way = load.way.clone();
        tasks.push(tokio::spawn(async move {
            let connection = way.connect(number).await;
            drop(permit);
            connection
        }));
    }
    let mut connections = Vec::with_capacity(load.connections);
    for task in tasks {
        connections.push(task.await??);
    }
    Ok(connections)
}

/// One message to everybody, several times.
async fn fan_out(load: &Load) -> Result<String, Box<dyn Error>> {
    let peer = load.way.peer;
    let (kib, cpu) = (memory_kib(load.pid), cpu_us(load.pid));
    let everybody = connect(load).await?;
    let connect_us = cpu_us(load.pid) - cpu;
    let heard = Arc::new(AtomicU64::new(0));
    let (told, mut all) = mpsc::unbounded_channel();
    let mut subscribed = Vec::with_capacity(everybody.len());
    for mut one in everybody {
        let (heard, told) = (Arc::clone(&heard), told.clone());
        let of = load.connections as u64;
        one.done(&peer.subscribe()).await?;
        subscribed.push(tokio::spawn(async move {
            // Whoever is cut off hears nothing more, and the broadcast then counts as lost.
            while let Ok(frame) = one.next().await {
                let Frame::Delivery(acknowledge) = frame else {
                    continue;
                };
                if (heard.fetch_add(1, Ordering::Relaxed) + 1) % of == 0 {
                    // Nobody listens any more once the last round is over.
                    let _over = told.send(Instant::now());
                }
                if let Some(acknowledge) = acknowledge
                    && one.send(&acknowledge).await.is_err()
                {
                    break;
                }
            }
        }));
    }
    let mut publisher = load.way.connect(load.connections).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let kib = memory_kib(load.pid).saturating_sub(kib);
    let text = "x".repeat(BROADCAST_LEN);
    let (mut last_us, cpu, own) = (Vec::new(), cpu_us(load.pid), cpu_us(std::process::id()));
    for _ in 0..load.amount {
        tokio::time::sleep(BETWEEN).await;
        let begun = Instant::now();
        publisher.send(&peer.publish(&text)).await?;
        let last = tokio::time::timeout(BROADCAST_DEADLINE, all.recv()).await;
        let last = last.map_err(|_| {
            let heard = heard.load(Ordering::Relaxed);
            format!("somebody does not hear a broadcast: {heard} deliveries in all")
        })?;
        let last = last.ok_or("nobody is there any more")?;
        last_us.push(micros(last - begun));
    }
    // What acknowledges is still on its way.
    tokio::time::sleep(BETWEEN).await;
    let deliveries = (load.amount * load.connections as u64) as f64;
    let per = |us: u64| us as f64 / deliveries;
    let (cpu, own) = (
        per(cpu_us(load.pid) - cpu),
        per(cpu_us(std::process::id()) - own),
    );
    Ok(format!(
        "{{\"connections\":{},{},\"cpu_us\":{cpu:.2},\"client_cpu_us\":{own:.2},\
         \"kib\":{:.1},\"connect_cpu_us\":{:.0}}}",
        load.connections,
        spread("last_us", &mut last_us),
        kib as f64 / load.connections as f64,
        connect_us as f64 / load.connections as f64,
    ))
}

/// Everybody who accepts, ready to do so.
async fn ready(load: &Load) -> Result<Vec<Connection>, Box<dyn Error>> {
    let peer = load.way.peer;
    let mut everybody = connect(load).await?;
    for (number, one) in everybody.iter_mut().enumerate() {
        one.done(&peer.prepare(&load.statement, number)).await?;
    }
    if let (Peer::Nats, Some(first)) = (peer, everybody.first_mut()) {
        // A stream that is there already is the same one.
        first.answer(&Peer::make_stream()).await?;
    }
    Ok(everybody)
}

/// Vacancies are numbered anew in every run, so that one server can be measured several times: no
/// run takes as many as microseconds pass.
fn fresh_vacancies() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, micros)
}

/// Everybody takes one vacancy with one slot in the same moment, several times.
async fn race(load: &Load) -> Result<String, Box<dyn Error>> {
    let peer = load.way.peer;
    let everybody = ready(load).await?;
    let first = if peer == Peer::Postgres {
        1
    } else {
        fresh_vacancies()
    };
    let (gate, rounds) = (Arc::new(Barrier::new(load.connections)), load.amount);
    let (cpu, mut racers) = (cpu_us(load.pid), Vec::new());
    for (mut one, officer) in everybody.into_iter().zip(0..) {
        let (gate, script) = (Arc::clone(&gate), load.statement.clone());
        racers.push(tokio::spawn(async move {
            let mut told = Vec::new();
            for round in 0..rounds {
                let accept = peer.accept(&script, first + round, officer);
                gate.wait().await;
                let begun = Instant::now();
                let won = one.answer(&accept).await?;
                told.push((begun, Instant::now(), won));
            }
            Ok::<_, std::io::Error>(told)
        }));
    }
    let mut told = Vec::new();
    for racer in racers {
        told.push(racer.await??);
    }
    let cpu = (cpu_us(load.pid) - cpu) as f64 / (rounds * load.connections as u64) as f64;
    let (mut winner_us, mut loser_us) = (Vec::new(), Vec::new());
    for round in 0..rounds as usize {
        let of: Vec<_> = told.iter().map(|one| one[round]).collect();
        let begun = of.iter().map(|one| one.0).min().ok_or("nobody races")?;
        let winners: Vec<_> = of.iter().filter(|one| one.2).map(|one| one.1).collect();
        let [winner] = winners[..] else {
            return Err(format!("round {round} has {} winners", winners.len()).into());
        };
        let last = of.iter().filter(|one| !one.2).map(|one| one.1).max();
        winner_us.push(micros(winner - begun));
        loser_us.push(micros(last.ok_or("nobody loses")? - begun));
    }
    Ok(format!(
        "{{\"connections\":{},{},{},\"cpu_us\":{cpu:.2}}}",
        load.connections,
        spread("winner_us", &mut winner_us),
        spread("loser_us", &mut loser_us),
    ))
}

/// Everybody takes one vacancy after the other, each its own, and waits for each answer.
async fn accepts(load: &Load) -> Result<String, Box<dyn Error>> {
    let peer = load.way.peer;
    let everybody = ready(load).await?;
    let next = if peer == Peer::Postgres {
        1
    } else {
        fresh_vacancies()
    };
    let next = Arc::new(AtomicU64::new(next));
    let (cpu, begun) = (cpu_us(load.pid), Instant::now());
    let end = begun + Duration::from_secs(load.amount);
    let mut takers = Vec::new();
    for (mut one, officer) in everybody.into_iter().zip(0..) {
        let (next, script) = (Arc::clone(&next), load.statement.clone());
        takers.push(tokio::spawn(async move {
            let mut took_us = Vec::new();
            while Instant::now() < end {
                let vacancy = next.fetch_add(1, Ordering::Relaxed);
                let asked = Instant::now();
                if !one.answer(&peer.accept(&script, vacancy, officer)).await? {
                    return Err(std::io::Error::other(
                        "a free slot was refused: too few are there",
                    ));
                }
                took_us.push(micros(asked.elapsed()));
            }
            Ok(took_us)
        }));
    }
    let mut took_us = Vec::new();
    for taker in takers {
        took_us.extend(taker.await??);
    }
    let (lasted, used) = (begun.elapsed(), cpu_us(load.pid) - cpu);
    Ok(format!(
        "{{\"connections\":{},\"per_s\":{:.0},{},\"cpu_us\":{:.2}}}",
        load.connections,
        took_us.len() as f64 / lasted.as_secs_f64(),
        spread("took_us", &mut took_us),
        used as f64 / took_us.len() as f64,
    ))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The median, the 99th percentile, the least and the most, under this name.
fn spread(name: &str, values: &mut [u64]) -> String {
    values.sort_unstable();
    let at = |permille: usize| values.get((values.len() * permille / 1_000).min(values.len() - 1));
    let of = |permille| at(permille).copied().unwrap_or(0);
    let (p50, p99) = (of(500), of(990));
    let (least, most) = (of(0), of(1_000));
    format!("\"{name}\":{{\"p50\":{p50},\"p99\":{p99},\"least\":{least},\"most\":{most}}}")
}
