//! The table of every setting.

use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use dispatcher::Bound;

use super::{Config, LogFormat};
use crate::priority::Priority;

/// One setting.
pub struct Key {
    /// Its name in the file, with the table before the point: `log.segment_mib`.
    pub path: &'static str,
    /// What it means, in lines of at most 96 letters.
    pub about: &'static [&'static str],
    /// True: a number in the file. False: text in quotes.
    pub number: bool,
    /// Reads a value; relative paths begin at the given folder. Says what it expected instead.
    pub set: fn(&mut Config, &str, &Path) -> Result<(), String>,
    /// Writes the value as the file has it.
    pub show: fn(&Config) -> String,
}

/// Every setting, in the order of the file: first those outside any table.
pub const KEYS: &[Key] = &[
    Key {
        path: "data_dir",
        about: &[
            "Folder of the log, its snapshots and the keys; made with mode 0700 if missing.",
            "Relative paths in this file, and this default, begin at the folder of this file.",
        ],
        number: false,
        set: |config, value, folder| path(value, folder).map(|set| config.data_dir = set),
        show: |config| quoted(&config.data_dir.display().to_string()),
    },
    Key {
        path: "listen",
        about: &[
            "Where officers and coordinators connect: QUIC, so a UDP port.",
            "127.0.0.1 is reachable from this machine only; 0.0.0.0 from everywhere.",
        ],
        number: false,
        set: |config, value, _| address(value).map(|set| config.listen = set),
        show: |config| quoted(&config.listen.to_string()),
    },
    Key {
        path: "log_format",
        about: &["How the server's own log lines look on stderr: \"text\" or \"json\"."],
        number: false,
        set: |config, value, _| log_format(value).map(|set| config.log_format = set),
        show: |config| {
            quoted(match config.log_format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            })
        },
    },
    Key {
        path: "http.listen",
        about: &[
            "Where `/metrics`, `/healthz` and `/readyz` are read: HTTP, so a TCP port. \"\": nowhere.",
            "If nobody sets this and the port is taken, the server says so and goes on without.",
        ],
        number: false,
        set: |config, value, _| optional_address(value).map(|set| config.http.listen = set),
        show: |config| {
            let listen = config.http.listen;
            quoted(&listen.map_or_else(String::new, |listen| listen.to_string()))
        },
    },
    Key {
        path: "http.exposed",
        about: &[
            "Whether `http.listen` may be an address that other machines reach: \"no\" or \"yes\".",
            "Whoever reaches it reads how busy the server is; it has no password and no encryption.",
        ],
        number: false,
        set: |config, value, _| yes_or_no(value).map(|set| config.http.exposed = set),
        show: |config| quoted(if config.http.exposed { "yes" } else { "no" }),
    },
    Key {
        path: "tls.certificate",
        about: &[
            "Certificate chain, PEM. If neither file exists in the data folder, `muster init` and",
            "`muster serve` make a self-signed one for localhost, 127.0.0.1 and ::1 that lasts 10 days",
            "and is renewed. Files that change are taken up within seconds, or at once on SIGHUP.",
        ],
        number: false,
        set: |config, value, folder| {
            path(value, folder).map(|path| config.tls.certificate = Some(path))
        },
        show: |config| quoted(&config.certificate_path().display().to_string()),
    },
    Key {
        path: "tls.key",
        about: &["Its private key, PEM. Refused if group or others may read it."],
        number: false,
        set: |config, value, folder| path(value, folder).map(|path| config.tls.key = Some(path)),
        show: |config| quoted(&config.certificate_key_path().display().to_string()),
    },
    Key {
        path: "tls.client_ca",
        about: &[
            "Authorities of client certificates, PEM; empty for none. Whoever shows a certificate of",
            "theirs with the URI muster:ROLE/AGENCY/NAME needs no token; others show none.",
        ],
        number: false,
        set: |config, value, folder| {
            let named = (!value.is_empty()).then(|| path(value, folder)).transpose();
            named.map(|path| config.tls.client_ca = path)
        },
        show: |config| {
            let client_ca = config.tls.client_ca.as_ref();
            quoted(&client_ca.map_or_else(String::new, |path| path.display().to_string()))
        },
    },
    Key {
        path: "web.origins",
        about: &[
            "Web pages that may open sessions: their origins, separated by commas, compared exactly,",
            "such as \"https://desk.example, http://127.0.0.1:8080\". Empty: no browser gets in.",
        ],
        number: false,
        set: |config, value, _| {
            let origins = value.parse::<dispatcher::Origins>();
            origins
                .map(|set| config.web.origins = set)
                .map_err(|error| format!("a list of origins: {error}"))
        },
        show: |config| quoted(&config.web.origins.to_string()),
    },
    Key {
        path: "tokens.key",
        about: &[
            "The key that signs session tokens (PASETO v4.public). Whoever reads it can be anybody:",
            "refused if group or others may read it.",
        ],
        number: false,
        set: |config, value, folder| path(value, folder).map(|path| config.tokens.key = Some(path)),
        show: |config| quoted(&config.token_key_path().display().to_string()),
    },
    Key {
        path: "tokens.previous",
        about: &[
            "A key whose tokens are good besides, until they expire: the one before, during a rotation.",
            "Either half of it will do; empty for none.",
        ],
        number: false,
        set: |config, value, folder| {
            let named = (!value.is_empty()).then(|| path(value, folder)).transpose();
            named.map(|path| config.tokens.previous = path)
        },
        show: |config| {
            let previous = config.tokens.previous.as_ref();
            quoted(&previous.map_or_else(String::new, |path| path.display().to_string()))
        },
    },
    Key {
        path: "tokens.bound",
        about: &[
            "Which tokens must be bound to a device: \"optional\", or \"native\" for all but browsers',",
            "which cannot prove it. `muster token issue --bind` binds one.",
        ],
        number: false,
        set: |config, value, _| bound(value).map(|set| config.tokens.bound = set),
        show: |config| {
            quoted(match config.tokens.bound {
                Bound::Optional => "optional",
                Bound::Native => "native",
            })
        },
    },
    Key {
        path: "log.segment_mib",
        about: &["Size at which the log begins a new file, in MiB (1 to 1024)."],
        number: true,
        set: |config, value, _| number(value, 1, 1_024).map(|set| config.log.segment_mib = set),
        show: |config| config.log.segment_mib.to_string(),
    },
    Key {
        path: "log.snapshot_every_records",
        about: &[
            "Records between two snapshots (1000 to 1000000000): fewer start faster after a crash.",
        ],
        number: true,
        set: |config, value, _| {
            let records = number(value, 1_000, 1_000_000_000);
            records.map(|set| config.log.snapshot_every_records = u64::from(set))
        },
        show: |config| config.log.snapshot_every_records.to_string(),
    },
    Key {
        path: "log.priority",
        about: &[
            "How the thread that settles and writes is scheduled: \"normal\", or \"realtime\", which",
            "keeps busy neighbours out of its way and needs a permission (CAP_SYS_NICE, LimitRTPRIO).",
        ],
        number: false,
        set: |config, value, _| priority(value).map(|set| config.log.priority = set),
        show: |config| {
            quoted(match config.log.priority {
                Priority::Normal => "normal",
                Priority::Realtime => "realtime",
            })
        },
    },
    Key {
        path: "limits.sessions_max",
        about: &["Sessions held at once (1 to 1000000); the next one is sent away."],
        number: true,
        set: |config, value, _| {
            number(value, 1, 1_000_000).map(|set| config.limits.sessions_max = set)
        },
        show: |config| config.limits.sessions_max.to_string(),
    },
    Key {
        path: "limits.shards",
        about: &[
            "Threads that write to sessions, each with a socket of its own on the one port (1 to",
            "255). More than one is for machines with more cores than two.",
        ],
        number: true,
        set: |config, value, _| {
            let shards = number(value, 1, 255)?;
            let shards = u8::try_from(shards).ok().and_then(NonZeroU8::new);
            config.limits.shards = shards.expect("it lies between 1 and 255");
            Ok(())
        },
        show: |config| config.limits.shards.to_string(),
    },
];

impl Key {
    /// The environment variable: `log.segment_mib` is `MUSTER_LOG_SEGMENT_MIB`.
    pub fn environment(&self) -> String {
        format!(
            "MUSTER_{}",
            self.path.replace('.', "_").to_ascii_uppercase()
        )
    }

    /// The table it stands in, if any, and its name there.
    pub fn table_and_name(&self) -> (Option<&'static str>, &'static str) {
        match self.path.split_once('.') {
            Some((table, name)) => (Some(table), name),
            None => (None, self.path),
        }
    }
}

/// The key of this path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

fn path(value: &str, folder: &Path) -> Result<PathBuf, String> {
    if value.is_empty() {
        return Err("a path".to_owned());
    }
    Ok(folder.join(value))
}

fn address(value: &str) -> Result<std::net::SocketAddr, String> {
    value
        .parse()
        .map_err(|_| "an address with a port, such as 127.0.0.1:7710".to_owned())
}

fn optional_address(value: &str) -> Result<Option<std::net::SocketAddr>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let address = address(value).map(Some);
    address.map_err(|_| "an address with a port, such as 127.0.0.1:9464, or nothing".to_owned())
}

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
}

fn log_format(value: &str) -> Result<LogFormat, String> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("text or json".to_owned()),
    }
}

fn bound(value: &str) -> Result<Bound, String> {
    match value {
        "optional" => Ok(Bound::Optional),
        "native" => Ok(Bound::Native),
        _ => Err("optional or native".to_owned()),
    }
}

fn priority(value: &str) -> Result<Priority, String> {
    match value {
        "normal" => Ok(Priority::Normal),
        "realtime" => Ok(Priority::Realtime),
        _ => Err("normal or realtime".to_owned()),
    }
}

fn number(value: &str, least: u32, most: u32) -> Result<u32, String> {
    let number: Option<u32> = value.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a whole number from {least} to {most}"))
}

/// Text in quotes, as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
