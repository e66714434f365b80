"""Puts the figures of benches/peers/wire side by side: wire.py FOLDER REALTIME

Reads figures.tsv (what, peer, an object), ours-fan-out.json and ours-race.json (reports of
loadgen), versions.tsv and skipped.txt of FOLDER, prints the table and writes table.json.
"""

import json
import pathlib
import sys

# How a delivery and an accept are confirmed.
NOTES = {
    "muster": ("receipt (QUIC)", "synced"),
    "nats": ("none", "not synced"),
    "mosquitto": ("receipt (QoS 1)", ""),
    "redis": ("none", "synced"),
    "postgres": ("none", "synced"),
}


def cpu_between(samples, most):
    """Processor time used while everybody was connected, in microseconds."""
    full = [sample for sample in samples if sample["sessions"] == most]
    return full[-1]["cpu_us"] - full[0]["cpu_us"]


def our_fan_out(report):
    """The broadcasts of a loadgen report, as the client of the others tells them."""
    told = report["broadcasts"]
    last = sorted(one["last_us"] for one in told)
    deliveries = sum(one["recipients"] for one in told)
    samples = report["usage"]["samples"]
    most = max(sample["sessions"] for sample in samples)
    before = [sample for sample in samples if sample["sessions"] == 0]
    up = next(sample for sample in samples if sample["sessions"] == most)
    before = [sample for sample in before if sample["at_us"] < up["at_us"]][-1]
    return {
        "connections": report["counts"]["officers"],
        "last_us": {"p50": last[len(last) // 2], "least": last[0], "most": last[-1]},
        "cpu_us": cpu_between(samples, most) / deliveries,
        "kib": report["usage"]["memory_per_session_bytes"] / 1024,
        "connect_cpu_us": (up["cpu_us"] - before["cpu_us"]) / most,
    }


def our_race(report):
    """The races of a loadgen report, likewise."""
    latency = report["latency_us"]
    samples = report["usage"]["samples"]
    most = max(sample["sessions"] for sample in samples)
    return {
        "connections": report["counts"]["officers"],
        "winner_us": latency["race_to_winner"],
        "loser_us": latency["race_to_last_loser"],
        "cpu_us": cpu_between(samples, most) / report["counts"]["accepts"],
    }


def figures_of(folder):
    """Every figure: by what was measured, by whom."""
    taken = {"fan-out": {}, "race": {}, "accepts": {}}
    reports = {}
    for what, read in (("fan-out", our_fan_out), ("race", our_race)):
        path = folder / f"ours-{what}.json"
        if path.exists():
            reports[what] = json.loads(path.read_text())
            taken[what]["muster"] = read(reports[what])
    for line in (folder / "figures.tsv").read_text().splitlines():
        what, peer, figures = line.split("\t")
        taken[what][peer] = json.loads(figures)
    return taken, reports


def ratio(value, ours):
    """How many times ours it is."""
    return f"×{value / ours:.2f}" if ours else ""


def print_fan_out(rows):
    print("\na broadcast of 300 bytes to everybody; ratios are theirs to ours, medians")
    print(
        f"{'server':<11}{'connections':>12}{'last delivery, ms (least to most)':>38}{'':>8}"
        f"{'server CPU µs/delivery':>24}{'':>8}{'KiB/connection':>16}{'':>8}"
        f"{'CPU µs/connect':>16}  confirmed"
    )
    ours = rows.get("muster", {})
    for peer, row in rows.items():
        last = row["last_us"]
        alike = row["connections"] == ours.get("connections")
        shown = f"{last['p50'] / 1e3:.1f} ({last['least'] / 1e3:.1f}–{last['most'] / 1e3:.1f})"
        print(
            f"{peer:<11}{row['connections']:>12}{shown:>38}"
            f"{ratio(last['p50'], ours['last_us']['p50']) if alike else '':>8}"
            f"{row['cpu_us']:>24.1f}{ratio(row['cpu_us'], ours.get('cpu_us')):>8}"
            f"{row['kib']:>16.1f}{ratio(row['kib'], ours.get('kib')):>8}"
            f"{row['connect_cpu_us']:>16.0f}  {NOTES[peer][0]}"
        )


def print_race(rows):
    print("\n64 accept one slot in the same moment; ratios are theirs to ours. Ours hear of the slot and")
    print("of its end, which is two pushes an accept in our processor time; PostgreSQL tells losers")
    print("before the winner's commit is synced")
    print(
        f"{'server':<11}{'winner told, ms p50 (p99)':>28}{'':>8}"
        f"{'last loser told, ms p50 (p99)':>31}{'':>8}{'server CPU µs/accept':>22}{'':>8}  durable"
    )
    ours = rows.get("muster", {})
    for peer, row in rows.items():
        told = ""
        for name, width in (("winner_us", 28), ("loser_us", 31)):
            shown = f"{row[name]['p50'] / 1e3:.2f} ({row[name]['p99'] / 1e3:.2f})"
            mine = ours.get(name, {}).get("p50")
            told += f"{shown:>{width}}{ratio(row[name]['p50'], mine):>8}"
        cpu = f"{row['cpu_us']:>22.1f}{ratio(row['cpu_us'], ours.get('cpu_us')):>8}"
        print(f"{peer:<11}{told}{cpu}  {NOTES[peer][1]}")
    print(f"{'mosquitto':<11}nothing that could be compared and set")


def print_accepts(rows):
    print("\n64 clients accept, each waiting for its answer; ours has no such workload over the wire:")
    print("benches/peers/run compares 64 callers of the engine with Redis and PostgreSQL")
    print(f"{'server':<11}{'accepts/s':>12}{'ms p50 (p99)':>18}{'server CPU µs/accept':>22}  durable")
    for peer, row in rows.items():
        took = f"{row['took_us']['p50'] / 1e3:.2f} ({row['took_us']['p99'] / 1e3:.2f})"
        print(f"{peer:<11}{row['per_s']:>12,}{took:>18}{row['cpu_us']:>22.1f}  {NOTES[peer][1]}")


def main():
    folder, realtime = pathlib.Path(sys.argv[1]), sys.argv[2] != "0"
    taken, reports = figures_of(folder)
    lines = (folder / "versions.tsv").read_text().splitlines()
    versions = dict(line.split("\t") for line in lines)
    skipped = [line for line in (folder / "skipped.txt").read_text().splitlines() if line]
    machine = next((report["machine"] for report in reports.values()), {})
    commit = next((report["commit"] for report in reports.values()), "unknown")
    result = {
        "commit": commit,
        "machine": machine,
        "realtime": realtime,
        "versions": versions,
        "figures": taken,
        "skipped": skipped,
    }
    (folder / "table.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    how = "real-time priority" if realtime else "ordinary priority"
    print(f"commit {commit}   {machine.get('processors', '?')} processors   {how}")
    for version in versions.values():
        print(version.split(" malloc")[0])
    print_fan_out(taken["fan-out"])
    print_race(taken["race"])
    print_accepts(taken["accepts"])
    for reason in skipped:
        print(f"SKIPPED: {reason}")


main()
