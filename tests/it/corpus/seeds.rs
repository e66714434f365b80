//! Inputs to begin fuzzing from, made of real records, snapshots, logs, messages and tokens.

use std::collections::BTreeSet;

use protocol::frame::{Codec, OPERATOR_FRAME_MAX_BYTES, PREFIX_BYTES};

use super::fuzz::chronicle::Chronicle;
use super::fuzz::log::damage::{Act, LARGEST};
use super::fuzz::session::{CLIENT_SIDE, client, server};
use super::fuzz::{frame, log, token};
use super::samples;

/// One input: its target, its name and its bytes.
pub(crate) struct Seed {
    pub(crate) target: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut put = |target, inputs: Vec<(String, Vec<u8>)>| {
        seeds.extend(inputs.into_iter().map(|(name, bytes)| Seed {
            target,
            name,
            bytes,
        }));
    };
    put("record", records());
    put("snapshot", snapshots());
    put("log", logs());
    put("frame", frames());
    put("session", conversations());
    put("token", tokens());
    seeds
}

fn records() -> Vec<(String, Vec<u8>)> {
    let payloads = &Chronicle::shared().payloads;
    let whole = (1..).zip(payloads);
    let mut inputs: Vec<_> = whole
        .map(|(sequence, bytes)| (format!("{sequence:02}"), bytes.clone()))
        .collect();
    inputs.push(("cut".to_owned(), payloads[0][8..].to_vec()));
    inputs
}

fn snapshots() -> Vec<(String, Vec<u8>)> {
    let states = &Chronicle::shared().states;
    let some = [0, 1, 2, states.len() / 2, states.len() - 1];
    let bytes = |after: usize| states[after].snapshot().expect("a state can be written");
    let mut inputs = some
        .map(|after| (format!("after-{after:02}"), bytes(after)))
        .to_vec();
    inputs.push(("cut".to_owned(), bytes(2)[8..].to_vec()));
    inputs
}

/// Every sound log, every act on some file of one, and headers that lie under good checksums.
fn logs() -> Vec<(String, Vec<u8>)> {
    let (mut inputs, mut kinds) = (Vec::new(), BTreeSet::new());
    for (base, files) in (0..).zip(log::bases()) {
        inputs.push((format!("sound-{base}"), vec![base, 1]));
        for (file, name) in (0..).zip(files.keys()) {
            let kind = name.split(['-', '.']).next().unwrap_or_default();
            let head = [base, file];
            let act = |what: Act, rest: &[u8]| [&head, &[what as u8, file][..], rest].concat();
            let mut some = vec![
                ("flip", act(Act::Flip, &[20, 16, 3])),
                ("zero", act(Act::Zero, &[1, 2])),
                ("cut", act(Act::Cut, &[0, 32])),
                ("misdirect", act(Act::Misdirect, &[1, file, 0])),
                ("remove", act(Act::Remove, &[])),
                ("rename", act(Act::Rename, &[1, 3, 0])),
                ("copy", act(Act::Copy, &[2, 5, 0])),
                ("extend", act(Act::Extend, &[0, 16])),
            ];
            some.extend(lies(base, file, kind));
            // Everything to the first file of each kind of one log, something to all others.
            let place = usize::from(base) + usize::from(file);
            let (first, step) = match base {
                3 if kinds.insert(kind.to_owned()) => (0, 1),
                _ => (place % some.len(), 6),
            };
            for (what, bytes) in some[first..].iter().step_by(step) {
                inputs.push((format!("{what}-{base}-{file}-{kind}"), bytes.clone()));
            }
        }
    }
    inputs.push(("torn".to_owned(), torn(2)));
    inputs
}

/// The last batch of a log, which the mark does not cover, with one bit turned.
fn torn(base: u8) -> Vec<u8> {
    let files = &log::bases()[usize::from(base)];
    let segments = (0..)
        .zip(files)
        .filter(|(_, (name, _))| name.starts_with("log-"));
    let (file, (_, bytes)) = segments.last().expect("a log has a segment");
    let batches = bytes
        .chunks(4_096)
        .rposition(|sector| sector.starts_with(b"mBAT"));
    let place = batches.expect("a segment has a batch") * 4_096 + 70;
    let [low, high] = u16::try_from(place)
        .expect("a segment is short")
        .to_le_bytes();
    vec![base, 1, Act::Flip as u8, file, low, high, 0]
}

/// A field of a header set to its largest value, and the checksum put right.
fn lies(base: u8, file: u8, kind: &str) -> Vec<(&'static str, Vec<u8>)> {
    let fields: &[(&'static str, u16, u8)] = match kind {
        "log" => &[
            ("version", 8, 0),
            ("first", 24, 0),
            ("bytes", 32, 0),
            ("batch-first", 4_112, 1),
            ("length", 4_132, 1),
        ],
        "mark" => &[
            ("generation", 24, 0),
            ("generation", 4_120, 1),
            ("sequence", 4_128, 1),
        ],
        "snapshot" => &[("version", 8, 0), ("snapshot-sequence", 24, 0)],
        _ => &[],
    };
    let lie = |(name, at, sector): &(&'static str, u16, u8)| {
        let [low, high] = at.to_le_bytes();
        let mut bytes = vec![base, 1, Act::Write as u8, file, low, high, 8];
        bytes.extend([0xFF; 8]);
        bytes.extend([Act::Seal as u8, file, *sector]);
        (*name, bytes)
    };
    let mut inputs: Vec<_> = fields.iter().map(lie).collect();
    let [low, high] = LARGEST.to_le_bytes();
    inputs.push((
        "largest",
        vec![base, 1, Act::Copy as u8, file, 0, low, high],
    ));
    inputs
}

fn frames() -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    let mut put = |name: &str, head: u8, stream: &[u8]| {
        let head = head | frame::CAP_LARGEST << frame::CAP_SHIFT;
        inputs.push((name.to_owned(), [&[head, 30], stream].concat()));
    };
    for (place, (name, message)) in samples::client().into_iter().enumerate() {
        put(&name, 0, &whole(Codec::Native, &message));
        if place % 6 == 0 {
            put(
                &format!("{name}-json"),
                frame::IN_JSON,
                &whole(Codec::Json, &message),
            );
        }
    }
    for (place, (name, message)) in samples::server().into_iter().enumerate() {
        put(&name, frame::FROM_SERVER, &whole(Codec::Native, &message));
        if place % 6 == 0 {
            let head = frame::FROM_SERVER | frame::IN_JSON;
            put(&format!("{name}-json"), head, &whole(Codec::Json, &message));
        }
    }
    put("too-large", 0, &u32::MAX.to_le_bytes());
    put("undecodable", 0, &[3, 0, 0, 0, 1, 2, 3]);
    inputs
}

fn whole<M: protocol::frame::Message>(codec: Codec, message: &M) -> Vec<u8> {
    codec
        .encode(message, OPERATOR_FRAME_MAX_BYTES)
        .expect("a sample can be written")
        .to_vec()
}

/// A move that says a sample: its length and its payload.
fn said<M: protocol::frame::Message>(first: u8, message: &M) -> Vec<u8> {
    let payload = &whole(Codec::Native, message)[PREFIX_BYTES..];
    let length = u16::try_from(payload.len()).expect("a sample is short");
    [&[first], &length.to_le_bytes()[..], payload].concat()
}

fn conversations() -> Vec<(String, Vec<u8>)> {
    use server::Move;
    let mut inputs = Vec::new();
    for role in 0..4_u8 {
        let mut moves = vec![0, Move::Hello as u8, role, role & 1, Move::Welcome as u8, 0];
        for kind in 0..12 {
            moves.extend([
                Move::Ask as u8,
                kind,
                kind & 1,
                kind,
                Move::Ask as u8,
                kind,
                0,
                99,
            ]);
        }
        moves.extend([
            Move::Answer as u8,
            0,
            0,
            Move::Pass as u8,
            5,
            Move::Renew as u8,
            role,
        ]);
        inputs.push((
            format!("server-{role}-expires"),
            [&moves[..], &[Move::Wake as u8]].concat(),
        ));
        let ends = [
            Move::Hold as u8,
            Move::Renew as u8,
            role ^ 1,
            Move::Pass as u8,
            6,
        ];
        inputs.push((
            format!("server-{role}-renews"),
            [&moves[..], &ends].concat(),
        ));
        moves.extend((0..40).flat_map(|id| [Move::Ask as u8, 9, 1, id]));
        inputs.push((
            format!("server-{role}-busy"),
            [&moves[..], &[Move::Close as u8, 0]].concat(),
        ));
    }
    inputs.push(("server-too-slow".to_owned(), vec![0, Move::Pass as u8, 3]));
    inputs.push(("server-forged".to_owned(), vec![0, Move::Hello as u8, 4, 0]));
    inputs.push((
        "server-version".to_owned(),
        vec![0, Move::Hello as u8, 0, 2],
    ));
    let mut spoken = vec![0, Move::Hello as u8, 2, 0];
    for (_, message) in samples::client()
        .iter()
        .filter(|(name, _)| name.starts_with("request"))
    {
        spoken.extend(said(Move::Say as u8, message));
    }
    inputs.push(("server-spoken".to_owned(), spoken));
    inputs.extend(clients());
    inputs
}

fn clients() -> Vec<(String, Vec<u8>)> {
    use client::Move;
    let welcome = |resumed: u8, at_us: i64, ends_us: i64| {
        [
            &[Move::Welcome as u8, resumed],
            &at_us.to_le_bytes()[..],
            &ends_us.to_le_bytes(),
        ]
        .concat()
    };
    let open = [CLIENT_SIDE, Move::Ask as u8, 0, 1, Move::Open as u8, 0];
    let asked = [
        Move::Ask as u8,
        1,
        2,
        Move::Answer as u8,
        1,
        Move::Answer as u8,
        1,
    ];
    let now_us = token::NOW_US;
    let sound = welcome(0, now_us, now_us + 900_000_000);
    let again = welcome(1, now_us, now_us + 900_000_000);
    let hear = |cursor: u8, kind: u8, vacancy: u8| [Move::Hear as u8, cursor, kind, vacancy];
    let pushes = [hear(1, 0, 1), hear(2, 2, 1), hear(3, 0, 2), hear(3, 1, 2)].concat();
    let sync = |cursor: u8| [Move::Sync as u8, cursor];
    let first = [&open[..], &sound, &pushes, &sync(3), &hear(5, 0, 3), &asked].concat();
    let resumed = [
        &[Move::Cut as u8, Move::Open as u8, 1][..],
        &again,
        &hear(6, 3, 1),
        &sync(6),
    ];
    let whole = [
        &[Move::GoAway as u8, Move::Open as u8, 1][..],
        &sound,
        &hear(2, 0, 9),
        &sync(9),
    ];
    let renewed = [
        Move::Renew as u8,
        0,
        Move::Renew as u8,
        9,
        b'n',
        b'o',
        Move::Goodbye as u8,
    ];
    let overflow = welcome(0, i64::MIN, i64::MAX);
    let mut spoken = [&open[..], &sound].concat();
    for (_, message) in samples::server() {
        spoken.extend(said(Move::Say as u8, &message));
    }
    let inputs = [
        ("client-resumes", [&first[..], &resumed.concat()].concat()),
        ("client-syncs", [&first[..], &whole.concat()].concat()),
        ("client-renews", [&first[..], &renewed].concat()),
        (
            "client-forgets",
            [&first[..], &[Move::Forget as u8, 2, Move::Pass as u8, 6]].concat(),
        ),
        ("client-violation", [&first[..], &sound].concat()),
        ("client-times", [&open[..], &overflow, &renewed].concat()),
        ("client-spoken", spoken),
    ];
    inputs
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .to_vec()
}

fn tokens() -> Vec<(String, Vec<u8>)> {
    let raw = |text: &str| [&[0], text.as_bytes()].concat();
    let mut inputs = vec![
        ("key".to_owned(), raw(token::KEY_TEXT)),
        (
            "verifying-key".to_owned(),
            raw(&token::key().verifying_key().to_text()),
        ),
        ("empty".to_owned(), raw("v4.public.")),
    ];
    for (claims, text) in token::issued() {
        inputs.push((
            format!("issued-{:?}", claims.role).to_lowercase(),
            raw(text),
        ));
    }
    let footer = format!("\n{{\"kid\":\"{}\"}}", token::key().key_id());
    let claims = |iat: &str, nbf: &str, exp: &str| {
        format!(
            "{{\"aud\":\"muster\",\"sub\":\"SAG-1\",\"role\":\"officer\",\"agency\":\"saguaro\",\
             \"iat\":\"{iat}\",\"nbf\":\"{nbf}\",\"exp\":\"{exp}\"}}"
        )
    };
    let (begin, end) = ("2026-11-23T07:00:00Z", "2026-11-23T07:15:00.000000Z");
    let offset = "2026-11-23T00:00:00.123456789-07:00";
    for (name, text) in [
        ("good", claims(begin, begin, end)),
        ("offset", claims(begin, offset, "2026-11-23T12:45:00+05:30")),
        (
            "early",
            claims("2026-11-23T07:02:00Z", begin, "2026-11-23T07:10:00Z"),
        ),
        (
            "far",
            claims(
                "0000-01-01T00:00:00+23:59",
                begin,
                "9999-12-31T23:59:59.9-23:59",
            ),
        ),
        ("long", claims(begin, begin, "2026-11-23T08:00:00Z")),
        ("nested", "[".repeat(200)),
    ] {
        let bytes = [&[token::SIGNED, 0, 0], text.as_bytes(), footer.as_bytes()].concat();
        inputs.push((format!("signed-{name}"), bytes));
    }
    inputs
}
