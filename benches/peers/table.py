"""Puts the figures of benches/peers/run side by side: table.py FOLDER REALTIME

Reads figures.tsv (name, a second), ours-*.json, versions.tsv and skipped.txt of FOLDER, prints the
table and writes table.json. Medians over the rounds; the lowest and highest round stand beside.
"""

import json
import pathlib
import statistics
import sys

# Work, reference, row of ours, what to reach.
ROWS = [
    ("vacancy and calendar, 1,024 and more in flight", "postgres-calendar", "in-flight", 150),
    ("64 callers, each waiting; theirs without calendar", "postgres-update", "callers", 4),
    ("64 callers, each waiting; both with calendar", "postgres-calendar", "callers", None),
    ("one hot vacancy, 64 callers", "postgres-hot", "hot-vacancy", 50),
    ("the same, theirs with a row a slot, SKIP LOCKED", "postgres-hot-rows", "hot-vacancy", None),
    ("one caller alone", "postgres-alone", "alone", None),
    ("a loser: theirs 64 clients, ours one thread", "postgres-loser", "gate", None),
    ("pipelined 64 × 16; ours best of 1,024 and more", "redis-pipelined", "in-flight", 25),
    ("pipelined 64 × 16; ours 1,024 in flight", "redis-pipelined", "in-flight 1024", None),
    ("one hot vacancy; theirs pipelined 64 × 16", "redis-hot", "hot-vacancy", None),
    ("64 callers, each waiting", "redis", "callers", None),
    ("one caller alone", "redis-alone", "alone", None),
]


def figures_of(folder):
    """Every figure of every round, by name."""
    taken = {}
    for line in (folder / "figures.tsv").read_text().splitlines():
        name, value = line.split("\t")
        taken.setdefault(name, []).append(float(value))
    return taken


def ours_of(folder):
    """Every figure of ours, by row, a second; and the reports."""
    taken, reports = {}, []
    for path in sorted(folder.glob("ours-*.json")):
        report = json.loads(path.read_text())
        reports.append(report)
        best = 0.0
        for row in report["timed"]:
            name = row["row"]
            if name == "in-flight":
                best = max(best, row["per_s"])
                name = f"in-flight {row['in_flight']}"
            taken.setdefault(name, []).append(row["per_s"])
        taken.setdefault("in-flight", []).append(best)
        gate = next(row["ours"] for row in report["beside"] if row["row"] == "gate")
        taken.setdefault("gate", []).append(1e9 / gate)
    return taken, reports


def spread(values):
    """A median with the lowest and highest round."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def rows_of(theirs, ours):
    """The rows whose reference was measured."""
    for work, reference, row, reach in ROWS:
        if reference in theirs and row in ours:
            their, our = spread(theirs[reference]), spread(ours[row])
            yield {
                "work": work,
                "reference": reference,
                "row": row,
                "theirs_per_s": their,
                "ours_per_s": our,
                "ratio": our["median"] / their["median"],
                "reach": reach,
            }


def main():
    folder, realtime = pathlib.Path(sys.argv[1]), sys.argv[2] != "0"
    theirs, (ours, reports) = figures_of(folder), ours_of(folder)
    skipped = [line for line in (folder / "skipped.txt").read_text().splitlines() if line]
    lines = (folder / "versions.tsv").read_text().splitlines()
    versions = {line.split("\t")[1]: line.split("\t")[2] for line in lines}
    t_sync = spread([report["floor"]["t_sync"]["p50_us"] for report in reports])
    result = {
        "commit": reports[0]["commit"],
        "cores": reports[0]["cores"],
        "realtime": realtime,
        "rounds": len(reports),
        "versions": versions,
        "t_sync_us": t_sync,
        "table": list(rows_of(theirs, ours)),
        "figures": theirs,
        "ours": reports,
        "skipped": skipped,
    }
    (folder / "table.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")

    how = "real-time priority" if realtime else "ordinary priority"
    print(f"commit {result['commit']}   {result['cores']} cores   {how}   {len(reports)} rounds")
    for version in filter(None, versions.values()):
        print(version.split(" malloc")[0])
    low, middle, high = (t_sync[key] for key in ("lowest", "median", "highest"))
    print(f"t_sync {middle:.0f} µs (rounds {low:.0f} to {high:.0f})\n")
    head = ("a second, median (lowest to highest round)", "reference", "theirs", "ours")
    print(f"{head[0]:<50} {head[1]:<18} {head[2]:>28} {head[3]:>34} {'ratio':>8} {'reach':>7}")
    for row in result["table"]:
        shown = [
            f"{taken['median']:,.0f} ({taken['lowest']:,.0f}–{taken['highest']:,.0f})"
            for taken in (row["theirs_per_s"], row["ours_per_s"])
        ]
        reach = f"≥ {row['reach']}" if row["reach"] else ""
        print(
            f"{row['work']:<50} {row['reference']:<18} {shown[0]:>28} {shown[1]:>34}"
            f" {row['ratio']:>8.1f} {reach:>7}"
        )
    for reason in skipped:
        print(f"SKIPPED: {reason}")


main()
