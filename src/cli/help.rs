//! What stands below the flags: examples first, then what cannot be guessed.

pub(super) const TOP: &str = "\
Examples:
  muster demo                          see it work: nothing to configure, no internet
  muster init && muster serve          a server of your own on 127.0.0.1:7710
  muster import officers officers.csv --dry-run
  muster post --lead tucson --site tucson-001 --start 2026-11-23T07:00 --end 15:00
  muster watch --json | jq .what.what  every offer, award and release as it happens
  muster why TUC-0412 vac_0193…        every clause of eligibility with its answer

Commands find the server that this user runs on this machine; -c or --server names another.
Flags have variables: MUSTER_SERVER, MUSTER_CONFIG, MUSTER_TOKEN and one for each key of the file.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 an assertion failed (the demo's audit).";

pub(super) const DEMO: &str = "\
Examples:
  muster demo                          live board; Ctrl-C drains and says what was saved
  muster demo --once --json peak.json  one Monday-morning peak, then a report
  muster demo --seed 42 --data ./demo  another Monday, and keep the log

Places are real; officers, schools and pacts are invented. While it runs, `muster board`,
`muster watch` and `muster why` work in another terminal. Exit code 3: the audit found a breach.";

pub(super) const SERVE: &str = "\
Examples:
  muster serve                         with ./muster.toml if there is one, else with defaults
  muster serve -c /etc/muster/muster.toml
  muster serve --listen 127.0.0.1:0    any free port
  MUSTER_LOG_FORMAT=json muster serve --set log.segment_mib=128

A flag wins over a MUSTER_* variable, that over the file, that over the default:
`muster config print --origin` shows which.";

pub(super) const INIT: &str = "\
Examples:
  muster init                          into this folder
  muster init /etc/muster              into another one
  muster init --force                  again, with new keys

Writes muster.toml with every key explained, and into muster-data a self-signed certificate for
localhost and 127.0.0.1 (13 days, renewed by `serve`) and the key that signs session tokens.";

pub(super) const CHECK: &str = "\
Examples:
  muster check                         ./muster.toml
  muster check /etc/muster/muster.toml --json

Reads the file as `serve` would, with its MUSTER_* variables, and looks at the files it names:
that they exist, hold what they should, and that keys are private. Exit code 1: it is not right.";

pub(super) const CONFIG: &str = "\
Examples:
  muster config print                  what holds, as a muster.toml
  muster config print --origin         and who set it: flag, variable, file and line, default
  muster config print --json | jq .listen.value
  MUSTER_LISTEN=0.0.0.0:7710 muster config print -c muster.toml --origin";

pub(super) const IMPORT: &str = "\
Examples:
  muster import officers --example > officers.csv
  muster import officers officers.csv --dry-run
  muster import agencies agencies.csv && muster import sites sites.csv

Order: agencies, then sites, pacts and officers. A file is imported as a whole or not at all;
each problem names its row and column. `muster import TABLE --help` explains the columns.";

pub(super) const IMPORT_AGENCIES: &str = "\
code       lower-case letters, digits and -, such as casa-grande
name       full name
agreement  code of its Master Service Agreement; empty if it is not contracted

Example:
  muster import agencies agencies.csv --dry-run";

pub(super) const IMPORT_OFFICERS: &str = "\
badge           code such as TUC-0412; no names
agency          code of the home agency
class           peace-officer, full-authority-reserve, community-service-officer
rank            officer, sergeant, commander
certifications  azpost:2024-01-01..2027-06-30;ade-sso (either date may be left out)
approvals       by programme, in the same form: sso;traffic-control:..2027-06-30
availability    always, or mon-fri 06:00-18:00;sat 08:00-12:00;!2026-11-26
Dates are UTC days, the last one included. Times of day are the site's; ! is a date off.
Example:
  muster import officers officers.csv --dry-run";

pub(super) const IMPORT_SITES: &str = "\
code, name             such as tucson-014
lead                   code of the agency responsible
zone                   IANA time zone of the site: America/Phoenix, America/Denver
latitude, longitude    decimal degrees, at most 6 decimals
geofence_m             metres within which a punch counts as on site (1 to 5000)
district               school district
kind                   public, charter, private, venue
ade_funded             yes or no
Example:
  muster import sites sites.csv --dry-run";

pub(super) const IMPORT_SENIORITY: &str = "\
badge  code of an officer that is known, such as TUC-0412
since  the first day of service that counts, such as 2009-06-15

Example:
  muster import seniority seniority.csv --dry-run";

pub(super) const IMPORT_PACTS: &str = "\
lead, backup  codes of two agencies: the second stands by the first, not the other way round
tier          1 is asked before 2 (1 to 9)
from, until   UTC days, the last one included; empty: no limit
cover         agreement that covers officers of an uncontracted back-up; empty: the lead's

Example:
  muster import pacts pacts.csv --dry-run";

pub(super) const POST: &str = "\
Examples:
  muster post --lead tucson --site tucson-001 --start 2026-11-23T07:00 --end 15:00 --slots 2
  muster post --lead apache-so --site kayenta-001 --zone America/Denver \\
      --start 2026-11-23T07:00 --end 15:00 --rank officer --rank sergeant --window 5m

  muster post --lead tucson --site tucson-001 --start 2026-11-23T07:00 --end 15:00 \\
      --bids-until 2026-11-22T18:00 --rank-by seniority,hours:30d,lottery --standby 15m

Prints the key of the vacancy. --zone is not looked up: on the Navajo Nation say America/Denver.";

pub(super) const ANSWER: &str = "\
Examples:
  muster answer vac_0193… accept --round 1 --token TOKEN
  muster answer vac_0193… undo
  muster answer vac_0193… standby

The officer is the one of the token: `muster token issue --role officer` prints one, and
MUSTER_TOKEN holds it. undo takes an accept back as an accident, standby waits for a slot.";

pub(super) const AMEND: &str = "\
Examples:
  muster amend vac_0193… --start 2026-11-23T09:00 --end 17:00
  muster amend vac_0193… --site tucson-002
  muster amend vac_0193… --slots 3 --post-orders \"park behind the gym\"

What is not said stays. Another time or place: who holds it keeps it only by accepting it again.";

pub(super) const CANCEL: &str = "\
Example:
  muster cancel vac_0193… --reason \"school closed for weather\"";

pub(super) const WATCH: &str = "\
Examples:
  muster watch
  muster watch --agency tucson
  muster watch --json | jq 'select(.what.what == \"awarded\") | .what.badge'

Prints until Ctrl-C; after a lost connection it goes on where it stopped.";

pub(super) const BOARD: &str = "\
Examples:
  muster board
  muster board --json | jq '.[] | select(.standing == \"open\") | .vacancy'";

pub(super) const WHY: &str = "\
Examples:
  muster why TUC-0412 vac_0193…
  muster why TUC-0412 vac_0193… --json | jq '.clauses[] | select(.holds | not)'";

pub(super) const TOKEN: &str = "\
Examples:
  muster token issue --role officer --subject TUC-0412 --agency tucson
  muster token issue --role operator --subject night-shift --lifetime 5m --json
  MUSTER_TOKEN=$(muster token issue --role coordinator --subject desk --agency mesa) muster board

The key is the running server's unless -c or --token-key names another. Whoever holds a token
is its subject until it expires.";

pub(super) const LOG: &str = "\
Examples:
  muster log verify muster-data/log
  muster log dump muster-data/log --officer TUC-0412
  muster log tail muster-data/log --follow
  muster log replay muster-data/log --until 4711 holders

DIR is the folder `log` in the data folder. A server may run on it: nothing here changes it.";

pub(super) const LOG_VERIFY: &str = "\
Examples:
  muster log verify muster-data/log
  muster log verify muster-data/log --json | jq .damage

Exit code 1: it is damaged; the message names file, offset and record.";

pub(super) const LOG_DUMP: &str = "\
Examples:
  muster log dump muster-data/log --from 4700 --to 4800
  muster log dump muster-data/log --vacancy vac_0193…
  muster log dump muster-data/log --json | jq -c '.events[] | select(.event == \"awarded\")'

A line for each event: record, time (UTC), who asked, what happened. With --json a line for each
record. What concerns an officer includes what the officer was offered.";

pub(super) const LOG_STATS: &str = "\
Examples:
  muster log stats muster-data/log
  muster log stats muster-data/log --json | jq .events.awarded";

pub(super) const LOG_TAIL: &str = "\
Examples:
  muster log tail muster-data/log -n 50
  muster log tail muster-data/log --follow --json | jq -c .events[]

With --follow it goes on until Ctrl-C, over new segments and restarts of the server, and prints
a record once it is known to be durable.";

pub(super) const LOG_LOTTERY: &str = "\
Examples:
  muster log lottery muster-data/log vac_0193…
  muster log lottery muster-data/log vac_0193… --json | jq '.[].agrees'

The promise of the seed is on record before the bids, the seed behind them. A lot is the beginning
of SHA-256(seed, 16 bytes of the vacancy's key, badge); the lowest comes first. Exit code 1: a draw
is not what they give.";

pub(super) const LOG_REPLAY: &str = "\
Examples:
  muster log replay muster-data/log --until 4711 holders vac_0193…
  muster log replay muster-data/log --until 2026-11-23T07:00-07:00 board
  muster log replay muster-data/log --until 4711 why vac_0193… TUC-0412 --json
  muster log replay muster-data/log --until end --digest

Begins at the newest snapshot not after that moment, or at the first record; archived segments
count. Without a question it says how much there was.";

pub(super) const LOG_TIMELINE: &str = "\
Examples:
  muster log timeline muster-data/log vac_0193…
  muster log timeline muster-data/log vac_0193… --json | jq '.moments[] | select(.behind_us)'

Microseconds count from the first line. What was settled together has one time; its order is that
of the line. Accepts refused because the shift was filled are not in the log: where a place is
missing, there was one.";

pub(super) const REPLAY_HOLDERS: &str = "\
Example:
  muster log replay muster-data/log --until 4711 holders vac_0193…";

pub(super) const REPLAY_WHY: &str = "\
Example:
  muster log replay muster-data/log --until 4711 why vac_0193… TUC-0412";

pub(super) const REPLAY_BOARD: &str = "\
Example:
  muster log replay muster-data/log --until 2026-11-23T14:00:00Z board";

pub(super) const BENCH: &str = "\
Examples:
  muster bench race                    every row on the volume of this folder, some minutes
  muster bench race --quick            does it work here? figures are rough
  muster bench log                     the log below it, and recovery

Measures floor and engine side by side in one run: t_sync is one durable write of 4 KiB with
nothing above it, and whatever waits for the disk is also given in t_sync. On a machine with other
work, --realtime takes the cores from it until the bench is done, where that is permitted.";

pub(super) const BENCH_RACE: &str = "\
Examples:
  muster bench race --dir /var/lib/muster --json race.json
  muster bench race --only in-flight --in-flight 64,1024
  muster bench race --only open-loop --rate 200000

Rows: alone, in-flight, callers, hot-vacancy, open-loop, hot-race, gate. Every accept is a real
one: vacancy and calendar are examined, the award is synced, and it must win or lose as planned.
Latency counts from just before the submission, in the open loop from the intended instant.";

pub(super) const BENCH_LOG: &str = "\
Examples:
  muster bench log --dir /var/lib/muster --json log.json
  muster bench log --only recovery

Rows: append, commit, write, codec, recovery. Files are read back from the page cache.";

/// The roles whose tokens name an agency.
pub(super) const ROLES_OF_AN_AGENCY: [(&str, &str); 3] = [
    ("role", "officer"),
    ("role", "coordinator"),
    ("role", "read-only"),
];
