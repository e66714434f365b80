//! What each peer says on the wire, as far as a broadcast and a race need it.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server that one could build on instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Publish and subscribe, and scripts: RESP.
    Redis,
    /// Subjects, and JetStream behind them.
    Nats,
    /// MQTT 3.1.1 with QoS 1: every delivery is acknowledged by its receiver.
    Mosquitto,
    /// LISTEN and NOTIFY, and rows: protocol 3.0.
    Postgres,
}

/// One whole message of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// What was asked last has been done.
    Ready,
    /// A broadcast; what must be said to acknowledge it, if anything.
    Delivery(Option<[u8; 4]>),
    /// The answer to an accept: whether the slot was won.
    Answer(bool),
    /// The peer looks whether this side is alive.
    Ping,
    /// Nothing that matters here.
    Other,
}

/// What is broadcast on.
const CHANNEL: &str = "shift";
/// Where a NATS server answers; the number of the connection follows.
const INBOX: &str = "_INBOX.";

impl Peer {
    /// The peer of this name.
    pub fn named(name: &str) -> Option<Peer> {
        Some(match name {
            "redis" => Peer::Redis,
            "nats" => Peer::Nats,
            "mosquitto" => Peer::Mosquitto,
            "postgres" => Peer::Postgres,
            _ => return None,
        })
    }

    /// What goes over the connection before TLS does.
    pub async fn before_tls(self, stream: &mut TcpStream) -> io::Result<()> {
        match self {
            Peer::Redis | Peer::Mosquitto => {}
            Peer::Nats => while stream.read_u8().await? != b'\n' {},
            Peer::Postgres => {
                const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
                stream.write_all(&SSL_REQUEST).await?;
                if stream.read_u8().await? != b'S' {
                    return Err(io::Error::other(
                        "PostgreSQL refuses TLS: start it with ssl=on",
                    ));
                }
            }
        }
        Ok(())
    }

    /// The first words; answered by [`Frame::Ready`].
    pub fn hello(self, connection: usize) -> Vec<u8> {
        match self {
            Peer::Redis => b"PING\r\n".to_vec(),
            Peer::Nats => {
                b"CONNECT {\"verbose\":false,\"tls_required\":true,\"headers\":true,\"lang\":\"rust\",\
                  \"version\":\"0\",\"protocol\":1}\r\nPING\r\n"
                    .to_vec()
            }
            Peer::Mosquitto => {
                let name = format!("officer-{connection}");
                // Level 4 is MQTT 3.1.1, 2 a clean session; no keep-alive.
                let mut body = mqtt_text("MQTT");
                body.extend([4, 2, 0, 0]);
                body.extend(mqtt_text(&name));
                mqtt(0x10, &body)
            }
            Peer::Postgres => {
                let mut body = 196_608u32.to_be_bytes().to_vec();
                body.extend(b"user\0bench\0database\0postgres\0\0");
                let mut message = (body.len() as u32 + 4).to_be_bytes().to_vec();
                message.extend(body);
                message
            }
        }
    }

    /// Asks for every broadcast; answered by [`Frame::Ready`].
    pub fn subscribe(self) -> Vec<u8> {
        match self {
            Peer::Redis => resp(&["SUBSCRIBE", CHANNEL]),
            Peer::Nats => format!("SUB {CHANNEL} 1\r\nPING\r\n").into_bytes(),
            Peer::Mosquitto => {
                let mut body = vec![0, 1];
                body.extend(mqtt_text(CHANNEL));
                body.push(1);
                mqtt(0x82, &body)
            }
            Peer::Postgres => query(&format!("listen {CHANNEL}")),
        }
    }

    /// Broadcasts a text.
    pub fn publish(self, text: &str) -> Vec<u8> {
        match self {
            Peer::Redis => resp(&["PUBLISH", CHANNEL, text]),
            Peer::Nats => format!("PUB {CHANNEL} {}\r\n{text}\r\n", text.len()).into_bytes(),
            Peer::Mosquitto => {
                let mut body = mqtt_text(CHANNEL);
                body.extend([0, 1]);
                body.extend(text.bytes());
                mqtt(0x32, &body)
            }
            Peer::Postgres => query(&format!("notify {CHANNEL}, '{text}'")),
        }
    }

    /// Makes ready for accepts; answered by [`Frame::Ready`]. `statement` is what PostgreSQL
    /// prepares.
    pub fn prepare(self, statement: &str, connection: usize) -> Vec<u8> {
        match self {
            Peer::Redis => b"PING\r\n".to_vec(),
            Peer::Nats => format!("SUB {INBOX}{connection} 2\r\nPING\r\n").into_bytes(),
            Peer::Mosquitto => Vec::new(),
            Peer::Postgres => {
                let parse = format!("accept\0{statement}\0\0\0");
                let mut message = tagged(b'P', parse.as_bytes());
                message.extend(tagged(b'S', b""));
                message
            }
        }
    }

    /// Takes the one slot of a vacancy; answered by [`Frame::Answer`]. `script` is the name under
    /// which Redis knows the script.
    pub fn accept(self, script: &str, vacancy: u64, officer: usize) -> Vec<u8> {
        match self {
            Peer::Redis => {
                // The script's calendar has as many hours.
                const HOURS: u64 = 4_096;
                let slot = format!("v:{vacancy}");
                let calendar = format!("o:{officer}:{}", vacancy / HOURS);
                let hour = vacancy.to_string();
                let officer = officer.to_string();
                resp(&["EVALSHA", script, "2", &slot, &calendar, &hour, &officer])
            }
            Peer::Nats => {
                let head = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 0\r\n\r\n";
                let body = format!("{{\"officer\":{officer}}}");
                let all = head.len() + body.len();
                let subject = format!("slot.{vacancy} {INBOX}{officer}");
                format!("HPUB {subject} {} {all}\r\n{head}{body}\r\n", head.len()).into_bytes()
            }
            Peer::Mosquitto => Vec::new(),
            Peer::Postgres => {
                let (vacancy, officer) = (vacancy.to_string(), officer.to_string());
                let mut bind = b"\0accept\0\0\0\0\x02".to_vec();
                for value in [vacancy, officer] {
                    bind.extend((value.len() as u32).to_be_bytes());
                    bind.extend(value.bytes());
                }
                bind.extend([0, 0]);
                let mut message = tagged(b'B', &bind);
                message.extend(tagged(b'E', b"\0\0\0\0\0"));
                message.extend(tagged(b'S', b""));
                message
            }
        }
    }

    /// Makes the stream in which a NATS server keeps slots; the first connection's answer is
    /// [`Frame::Answer`].
    pub fn make_stream() -> Vec<u8> {
        let wanted = r#"{"name":"slots","subjects":["slot.*"],"storage":"file","num_replicas":1}"#;
        format!(
            "PUB $JS.API.STREAM.CREATE.slots {INBOX}0 {}\r\n{wanted}\r\n",
            wanted.len()
        )
        .into_bytes()
    }

    /// What keeps a connection open that is asked whether it is.
    pub fn pong(self) -> &'static [u8] {
        b"PONG\r\n"
    }

    /// The first frame in `bytes` and its length; nothing if it is not whole yet.
    pub fn frame(self, bytes: &[u8]) -> io::Result<Option<(usize, Frame)>> {
        match self {
            Peer::Redis => redis_frame(bytes),
            Peer::Nats => nats_frame(bytes),
            Peer::Mosquitto => Ok(mqtt_frame(bytes)),
            Peer::Postgres => postgres_frame(bytes),
        }
    }
}

fn resp(words: &[&str]) -> Vec<u8> {
    let mut message = format!("*{}\r\n", words.len());
    for word in words {
        message.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    message.into_bytes()
}

fn mqtt_text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend(text.bytes());
    bytes
}

fn mqtt(head: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![head];
    let mut left = body.len();
    loop {
        let more = if left > 0x7f { 0x80 } else { 0 };
        message.push((left & 0x7f) as u8 | more);
        left >>= 7;
        if left == 0 {
            break;
        }
    }
    message.extend(body);
    message
}

fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

fn query(text: &str) -> Vec<u8> {
    tagged(b'Q', format!("{text}\0").as_bytes())
}

/// The end of the line that begins at `from`, behind its CR LF.
fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let line = bytes.get(from..)?;
    let end = line.windows(2).position(|pair| pair == b"\r\n")?;
    Some(from + end + 2)
}

fn number(bytes: &[u8]) -> usize {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
}

/// What an error of a peer says, as an error of ours.
fn refused(bytes: &[u8]) -> io::Error {
    io::Error::other(String::from_utf8_lossy(bytes).into_owned())
}

fn redis_frame(bytes: &[u8]) -> io::Result<Option<(usize, Frame)>> {
    let Some(mut end) = line_end(bytes, 0) else {
        return Ok(None);
    };
    match bytes[0] {
        b'+' => Ok(Some((end, Frame::Ready))),
        b'-' => Err(refused(&bytes[..end])),
        b':' => Ok(Some((end, Frame::Answer(bytes[1] != b'0')))),
        // Of lists there are two: what confirms a subscription, and a broadcast.
        b'*' => {
            let is_broadcast = bytes[end..].starts_with(b"$7\r\nmessage\r\n");
            for _ in 0..number(&bytes[1..]) {
                let Some(head) = line_end(bytes, end) else {
                    return Ok(None);
                };
                end = match bytes[end] {
                    b'$' => head + number(&bytes[end + 1..]) + 2,
                    _ => head,
                };
            }
            let frame = if is_broadcast {
                Frame::Delivery(None)
            } else {
                Frame::Ready
            };
            Ok((bytes.len() >= end).then_some((end, frame)))
        }
        _ => Err(refused(&bytes[..end])),
    }
}

fn nats_frame(bytes: &[u8]) -> io::Result<Option<(usize, Frame)>> {
    let Some(head) = line_end(bytes, 0) else {
        return Ok(None);
    };
    let line = &bytes[..head - 2];
    Ok(match line {
        [b'P', b'O', ..] => Some((head, Frame::Ready)),
        [b'P', b'I', ..] => Some((head, Frame::Ping)),
        [b'M', b'S', b'G', ..] => {
            let length = line.rsplit(|byte| *byte == b' ').next().map_or(0, number);
            let end = head + length + 2;
            let Some(body) = bytes.get(head..end) else {
                return Ok(None);
            };
            let frame = match line[4..].starts_with(INBOX.as_bytes()) {
                true => Frame::Answer(!body.windows(7).any(|word| word == b"\"error\"")),
                false => Frame::Delivery(None),
            };
            Some((end, frame))
        }
        [b'-', ..] => return Err(refused(line)),
        _ => Some((head, Frame::Other)),
    })
}

fn mqtt_frame(bytes: &[u8]) -> Option<(usize, Frame)> {
    let (mut length, mut at) = (0, 1);
    loop {
        let byte = *bytes.get(at)?;
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let end = at + length;
    let body = bytes.get(at..end)?;
    let frame = match bytes[0] >> 4 {
        // CONNACK, PUBACK and SUBACK.
        2 | 4 | 9 => Frame::Ready,
        3 => {
            let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
            Frame::Delivery(Some([0x40, 2, body[topic + 2], body[topic + 3]]))
        }
        _ => Frame::Other,
    };
    Some((end, frame))
}

fn postgres_frame(bytes: &[u8]) -> io::Result<Option<(usize, Frame)>> {
    let Some(length) = bytes.get(1..5) else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
    let end = 1 + length as usize;
    let Some(body) = bytes.get(5..end) else {
        return Ok(None);
    };
    let frame = match bytes[0] {
        b'Z' => Frame::Ready,
        b'A' => Frame::Delivery(None),
        b'C' if body.starts_with(b"UPDATE ") => Frame::Answer(body[7] != b'0'),
        b'E' => return Err(refused(body)),
        _ => Frame::Other,
    };
    Ok(Some((end, frame)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(peer: Peer, bytes: &[u8]) -> Vec<Frame> {
        let (mut frames, mut at) = (Vec::new(), 0);
        while let Some((length, frame)) = peer.frame(&bytes[at..]).unwrap() {
            frames.push(frame);
            at += length;
        }
        assert_eq!(at, bytes.len());
        frames
    }

    /// Frames are the same however the bytes arrive: no proper beginning of one is a frame.
    fn whole(peer: Peer, bytes: &[u8]) {
        for cut in 0..bytes.len() {
            assert_eq!(
                peer.frame(&bytes[..cut]).unwrap(),
                None,
                "{cut} of {bytes:?}"
            );
        }
    }

    #[test]
    fn each_peer_is_understood() {
        let broadcast = b"*3\r\n$7\r\nmessage\r\n$5\r\nshift\r\n$4\r\nv\r\n1\r\n";
        assert_eq!(frames(Peer::Redis, broadcast), [Frame::Delivery(None)]);
        whole(Peer::Redis, broadcast);
        let confirmed = b"*3\r\n$9\r\nsubscribe\r\n$5\r\nshift\r\n:1\r\n:0\r\n";
        assert_eq!(
            frames(Peer::Redis, confirmed),
            [Frame::Ready, Frame::Answer(false)]
        );
        let message = b"MSG shift 1 2\r\nv1\r\n";
        assert_eq!(frames(Peer::Nats, message), [Frame::Delivery(None)]);
        whole(Peer::Nats, message);
        let told = b"MSG _INBOX.7 2 9\r\n{\"seq\":1}\r\nMSG _INBOX.7 2 12\r\n{\"error\":{}}\r\n";
        assert_eq!(
            frames(Peer::Nats, told),
            [Frame::Answer(true), Frame::Answer(false)]
        );
        let published = mqtt(
            0x32,
            &[&mqtt_text("shift")[..], &[7, 9], &[b'x'; 300]].concat(),
        );
        let acknowledge = Frame::Delivery(Some([0x40, 2, 7, 9]));
        assert_eq!(frames(Peer::Mosquitto, &published), [acknowledge]);
        whole(Peer::Mosquitto, &published);
        let told = [tagged(b'C', b"UPDATE 0\0"), tagged(b'Z', b"I")].concat();
        assert_eq!(
            frames(Peer::Postgres, &told),
            [Frame::Answer(false), Frame::Ready]
        );
        whole(Peer::Postgres, &tagged(b'A', b"1234shift\0v1\0"));
    }

    #[test]
    fn an_error_of_a_peer_is_an_error_here() {
        assert!(Peer::Redis.frame(b"-NOSCRIPT no script\r\n").is_err());
        assert!(Peer::Nats.frame(b"-ERR 'no'\r\n").is_err());
        assert!(Peer::Postgres.frame(&tagged(b'E', b"SERROR\0\0")).is_err());
    }
}
