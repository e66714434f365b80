//! What `--help` shows at its end.

pub(super) const STORM: &str = "\
Examples:
  loadgen storm --embedded                       nothing else needed
  loadgen storm                                  against `muster serve` on this machine
  loadgen storm --officers 10000 --rate 20/s --json report.json
  loadgen storm --embedded --assert 'accept.p99<50ms' --report report.html

Exit codes: 0 clean, 1 a breach, 2 wrong usage, 3 clean, but not as was expected.";

pub(super) const RACE: &str = "\
Examples:
  loadgen race --embedded --officers 256
  loadgen race --rounds 1000 --every 50ms --assert 'race_to_last_loser.p99<5ms'";

pub(super) const BROADCAST: &str = "\
Examples:
  loadgen broadcast --embedded --officers 5000
  loadgen broadcast --officers 10000 --server-pid $(pidof muster) --json broadcast.json";

pub(super) const RAMP: &str = "\
Examples:
  loadgen ramp --embedded --officers 200
  loadgen ramp --from 100/s --bound 20ms --report knee.html

After the search: half the knee, the knee, twice and three times it, and half of it again.";

pub(super) const RECONNECT: &str = "\
Examples:
  loadgen reconnect --embedded --officers 2000
  loadgen reconnect --no-jitter --assert 'outage.p99<5s'";

pub(super) const SLOW_READERS: &str = "\
Examples:
  loadgen slow-readers --embedded --share 20%
  loadgen slow-readers --share 50% --baseline storm.json";

pub(super) const IDLE: &str = "\
Examples:
  loadgen idle --officers 10000 --server-pid $(pidof muster)
  loadgen idle --embedded --for 60s    what officers and server use together";

pub(super) const SOAK: &str = "\
Examples:
  loadgen soak --for 8h --server-pid $(pidof muster) \\
      --assert 'memory_slope_bytes_per_min<100000'
  loadgen soak --embedded --for 2m     officers' ledgers grow with it";

pub(super) const REPLAY: &str = "\
Examples:
  loadgen replay muster-data/log --embedded
  loadgen replay muster-data/log --speed 10x --officers 5000

Instants, slots and lengths are as recorded; who leads and where is invented.";

pub(super) const TORTURE: &str = "\
Examples:
  loadgen torture --kills 5 --cuts 3                       half a minute
  loadgen torture --kills 1000 --cuts 1000 --json t.json   the long form
  loadgen torture --kills 0 --cuts 3 --plant no-sync       must find what was lost (needs strace)
  loadgen torture --kills 2 --plant older-log              must find lost wins

Each run starts `muster serve` on 127.0.0.1 itself. Where power cannot be cut, SKIPPED is printed.
Exit codes: 0 clean, 1 a breach or a failure, 2 wrong usage, 4 clean, but power cuts were skipped.";

pub(super) const MERGE: &str = "\
Examples:
  at=$(($(date +%s) + 60))
  loadgen storm --officers 50000 --shard 1/2 --at $at --ledger 1.json &
  loadgen storm --officers 50000 --shard 2/2 --at $at --ledger 2.json; wait
  loadgen merge 1.json 2.json --report report.html

Every part has the same words. The report is the one that a single process would have written,
without `usage`: that is in the report of the part that looked at the server.";
