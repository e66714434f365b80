//! What stands below the flags: examples first, then what cannot be guessed.

mod roster;

pub(super) use roster::{
    ROSTER, ROSTER_APPROVE, ROSTER_BIND, ROSTER_CERTIFY, ROSTER_DECLARE, ROSTER_END_PACT,
    ROSTER_EXCLUDE, ROSTER_LADDER, ROSTER_LAST_TIER, ROSTER_LIFT, ROSTER_LIMITS, ROSTER_PREFER,
    ROSTER_SUSPEND,
};

pub(super) const TOP: &str = "\
Examples:
  muster demo                          see it work: nothing to configure, no internet
  muster init && muster serve          a server of your own on 127.0.0.1:7710
  muster post --lead tucson --site tucson-001 --start 2026-11-23T07:00 --end 15:00

Commands find the server that this user runs on this machine; -c or --server names another.
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

pub(super) const HEALTH: &str = "\
Examples:
  muster health                        the server of this user: /readyz
  muster health --alive                only whether the process answers: /healthz
  muster health --http 127.0.0.1:9464 && echo good

Exit code 0: yes. 1: no, and why; or nobody answers.";

pub(super) const TOP_LIVE: &str = "\
Examples:
  muster top                           live, once a second; q or Ctrl-C ends it
  muster top --once                    the figures of one second, for scripts
  muster top --once --json | jq .sessions

Reads the server's /metrics; docs/operations.md says which figure to watch and what to do.";

pub(super) const DOCTOR: &str = "\
Examples:
  muster doctor                        with ./muster.toml if there is one, else with defaults
  muster doctor -c /etc/muster/muster.toml --json

Looks at UDP buffers, descriptors, ports, the clock, certificate, keys, the data folder, the time
of a disk sync and real-time priority, and writes a scratch file into the data folder if there is
one. What could not be looked at says SKIPPED. Exit code 1: something would keep a server from
starting or keeping its promises.";

pub(super) const INIT: &str = "\
Examples:
  muster init                          into this folder
  muster init /etc/muster              into another one
  muster init --force                  again, with new keys

Writes muster.toml with every key explained, and into muster-data a self-signed certificate for
localhost (10 days, renewed by `serve`) and the key that signs session tokens.";

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
  muster post --lead tucson --site tucson-001 --start 2026-11-23T07:00 --end 15:00 \\
      --bids-until 2026-11-22T18:00 --rank-by seniority,hours:720h,lottery --standby 15m
Prints the key of the vacancy. --zone is not looked up: on the Navajo Nation say America/Denver.";

pub(super) const POST_FILE: &str = "\
Examples:
  muster post file --example > vacancies.csv
  muster post file vacancies.csv --dry-run

Keys are derived from agency, programme, places and times: the same file twice is refused, not
doubled. 4,096 go into one command, all or none; what is wrong names its row and column.
After an interruption, or after rows were added: --resume.";

pub(super) const POST_REPEAT: &str = "\
Example:
  muster post repeat --on mon,tue,thu --from 2026-08-03 --until 2027-05-21 --lead tucson \\
      --site tucson-001 --start 07:00 --end 15:00 --holidays holidays.csv --dry-run";

pub(super) const PREVIEW: &str = "\
Example:
  muster preview --lead tucson --site tucson-001 --start 2026-11-23T07:00 --end 15:00
Tier by tier, how many officers each condition leaves. Nothing is published.";

pub(super) const GRANT: &str = "\
Examples:
  muster grant \"Demo Unified\"
  muster grant \"Demo Unified\" --hours 2000 --from 2026-07-01 --until 2027-12-31

Pays for the programme's work at the district's sites that the state funds. Vacancies commit hours,
punches draw them, cancelling gives back what was not worked. Beyond it: `post --beyond-grant WHY`.";

pub(super) const ANSWER: &str = "\
Examples:
  muster answer vac_0193… accept --round 1 --token TOKEN
  muster answer vac_0193… undo
  muster answer vac_0193… standby

The officer is the one of the token: `muster token issue --role officer` prints one, and
MUSTER_TOKEN holds it. undo takes an accept back as an accident, standby waits for a slot.";

pub(super) const PUNCH: &str = "\
Examples:
  muster punch vac_0193… in --at 32.22174,-110.92648
  muster punch vac_0193… out

The officer is the one of the token, as with `muster answer`. A punch far from the site is recorded
and flagged, never refused.";

pub(super) const NEXT_TIER: &str = "\
Example:
  muster next-tier vac_0193… --agency tucson

Earlier tiers stay open. A tier also opens by itself: when nobody is left to answer, when its time
is over, or when the start is near.";

pub(super) const RECALL: &str = "\
Example:
  muster recall vac_0193… TUC-0412 --agency tucson

By the officer's home agency. The slot is offered anew, to the standby list first, and not to the
officer who was recalled.";

pub(super) const AMEND: &str = "\
Examples:
  muster amend vac_0193… --start 2026-11-23T09:00 --end 17:00
  muster amend vac_0193… --site tucson-002
  muster amend vac_0193… --slots 3 --post-orders \"park behind the gym\"

What is not said stays. Another time or place: who holds it keeps it only by accepting it again.";

pub(super) const REDUCE: &str = "\
Examples:
  muster reduce vac_0193… --fewer 2 --reason \"one entrance is closed\"
  muster reduce vac_0193… --slot 4     the sergeant's, by its number on the board

Slots behind one that goes move up. Who loses a slot is told, and is free at that time again.
Fewer hours are an amendment: `muster amend --help`.";

pub(super) const ATTENDANCE: &str = "\
Examples:
  muster attendance show vac_0193…
  muster attendance show vac_0193… --json | jq '.holders[] | select(.status == \"not-seen\")'
  muster attendance no-show vac_0193… TUC-0412
  muster attendance correct vac_0193… TUC-0412 --missed out --to 2026-11-23T15:00 --reason \"…\"

Worked time is from each clock-in to the clock-out after it; what stands in capitals waits for a
coordinator. Punches and corrections have numbers that later corrections name.";

pub(super) const NO_SHOW: &str = "\
Examples:
  muster attendance no-show vac_0193… TUC-0412
  muster attendance no-show vac_0193… TUC-0412 --again-from 2026-11-23T09:00

After the start, and only without a clock-in. With --again-from the rest of the work is offered to
whoever is eligible, as a vacancy of its own whose key is printed.";

pub(super) const CORRECT: &str = "\
Examples:
  muster attendance correct vac_0193… TUC-0412 --punch 0 --to 2026-11-23T07:00 --reason \"seen\"
  muster attendance correct vac_0193… TUC-0412 --came --reason \"stood at the other gate\"

Nothing is edited: a correction is a record of its own, and --withdraw takes it back.";

pub(super) const NOTES: &str = "\
Examples:
  muster notes list vac_0193…
  muster notes add vac_0193… TUC-0412 \"The north gate does not lock.\"
  muster notes add vac_0193… TUC-0412 --attach $(sha256sum gate.jpg | cut -c1-64):98304:image/jpeg:gate.jpg

The holder, and the coordinators of the lead and of the officer's agency read them. Files are kept
elsewhere; a note says which bytes they must have. 30 days after the work: `muster log dump`.";

pub(super) const MESSAGES: &str = "\
Examples:
  muster messages list vac_0193… --json | jq .[].text
  muster messages send vac_0193… TUC-0412 \"The north door.\" --agency tucson
  MUSTER_TOKEN=… muster messages send vac_0193… TUC-0412 \"Which door?\"

Between an officer who holds the vacancy or was offered it, and the coordinators of the lead and of
the officer's agency. 30 days after the work: `muster log dump`.";

pub(super) const ORDERS: &str = "\
Examples:
  muster orders show vac_0193…
  MUSTER_TOKEN=… muster orders ack vac_0193… --version 2
  muster orders remind vac_0193…       those who have not acknowledged this version

An amendment of post orders is a new version, which every holder acknowledges anew;
`muster attendance show` shows who has.";

pub(super) const SHIFTS: &str = "\
Examples:
  muster shifts TUC-0412
  muster shifts TUC-0412 --past --json | jq '.[] | select(.status == \"no-show\")'";

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

pub(super) const TOKEN_DEVICE_KEY: &str = "\
Example:
  muster token device-key ./phone.key
  muster token issue --role officer --subject TUC-0412 --agency tucson --bind PUBKEY

The file is the secret half and stays on the device; what is printed is the public half. Whoever
copies a bound token without the file can do nothing with it.";

pub(super) const DENY: &str = "\
Examples:
  muster deny add officer TUC-0412 --reason device-lost
  muster deny add subject night-desk --of mesa --reason left
  muster deny list

Written into the log, so it survives restarts. What was won stays won: `muster recall`, and for
eligibility a suspension, are decisions of their own.";

pub(super) const DENY_ADD: &str = "\
Examples:
  muster deny add officer TUC-0412 --reason device-lost --until 2026-12-01T00:00:00Z
  muster deny add key 6f1b2c3d4e5f6071 --reason exposed     everybody whose token it signed
  muster deny add device PUBKEY --reason device-lost        one device, not its officer

`muster token issue --json` prints the id of the key. Denying the only signing key denies you as
well: make a new one first (`muster init --force`, then `serve`).";

pub(super) const DENY_REMOVE: &str = "\
Example:
  muster deny remove officer TUC-0412";

pub(super) const DENY_LIST: &str = "\
Example:
  muster deny list --json | jq '.[].who'";

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
  muster bench match                   who may take a vacancy, out of a million officers
  muster bench push                    sessions and pushes: 10,000 officers on this machine

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

pub(super) const BENCH_MATCH: &str = "\
Examples:
  muster bench match --json match.json
  muster bench match --quick
  muster bench match --officers 100000 --write crowd

Everything is in memory and invented from the seed. The scan, the naive twin, roaring sets and the
hot plane answer the same question, and must find the same officers. The floor is the least that
memory and instructions allow: three rows of words for each agency asked, and a count.";

pub(super) const BENCH_PUSH: &str = "\
Examples:
  muster bench push --json push.json
  muster bench push --quick
  muster bench push --sessions 50000 --only memory --only herd

Rows: push, memory, handshake, accept, herd, slow. The server is a process of its own, whose time on
the cores is counted apart; the officers have real sessions in this one. The floors are bare packets,
a handshake in memory, a datagram there and back, and a loop over quinn-proto that can only push.";

pub(super) const BENCH_PUSH_SERVER: &str = "\
Example:
  muster bench push-server muster-bench

`muster bench push` starts it, and reads from its first line how to connect.";

/// The roles whose tokens name an agency.
pub(super) const ROLES_OF_AN_AGENCY: [(&str, &str); 3] = [
    ("role", "officer"),
    ("role", "coordinator"),
    ("role", "read-only"),
];

pub(super) const JOB: &str = "\
Examples:
  muster job rules tucson alcohol-served:officers:2 undignified:review --required
  muster job ask J-12 --lead tucson --customer 'Desert Hall' --what 'a wedding' --officers 2
  muster job approve J-12 --version 1 --by chief --agency tucson

Then `muster post --job J-12 …`. What is said of a job is said of one version of it.";

pub(super) const JOB_ASK: &str = "\
Example:
  muster job ask J-12 --lead tucson --programme security --customer 'Desert Hall' \\
    --what 'a wedding' --attribute alcohol-served --officers 2

Another brief is another version: it is permitted, verified and approved anew.";

pub(super) const JOB_PERMIT: &str = "\
Example:
  muster job permit J-12 --version 1 --attribute alcohol-principal --by chief \\
    --reason 'the county fair' --agency tucson";

pub(super) const JOB_VERIFY: &str = "\
Examples:
  muster job verify J-12 --version 1 --by TUC-0001 --agency tucson
  muster job verify J-12 --version 1 --by 'A. Operator'

One person does not verify for both.";

pub(super) const JOB_APPROVE: &str = "\
Examples:
  muster job approve J-12 --version 1 --by chief --agency tucson
  muster job approve J-12 --version 1 --by chief --reason 'a small hall' --agency tucson

A job that is denied cannot be approved; one that needs a review is approved with a reason.";

pub(super) const JOB_WITHDRAW: &str = "\
Example:
  muster job withdraw J-12 --by chief --reason 'a complaint' --agency tucson

Nothing further is published under it. Whoever holds such work keeps it, and is flagged.";

pub(super) const JOB_SHOW: &str = "\
Example:
  muster job show J-12";

pub(super) const JOB_LIST: &str = "\
Examples:
  muster job list tucson
  muster job list tucson --after J-12     at most 256 at a time";

pub(super) const JOB_RULES: &str = "\
Examples:
  muster job rules tucson alcohol-principal:deny-unless-permitted bodyguard:deny
  muster job rules amarillo alcohol-served:officers:2@2027-01-01.. --verified --required
  muster job rules tucson              no rules any more

What no rule is about needs a review: such lists are not all-inclusive.";
