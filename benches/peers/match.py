"""What benches/peers/match needs of Python: match.py bitmaps|expected|table FOLDER

bitmaps: officers.csv and vacancies.csv of FOLDER as commands for `redis-cli --pipe`.
expected: the first vacancies with how many officers each must find.
table: figures.tsv and ours/match.json of FOLDER side by side; writes table.json.
"""

import csv
import json
import pathlib
import statistics
import sys

KINDS, PROGRAMMES, DAYS = 16, 8, 5
EXPECTED = 100

# Work, reference, row of ours, what to reach.
ROWS = [
    ("the ids of one vacancy", "postgres", "plane-ids", 1_000),
    ("the same, as we log an offer", "postgres", "plane-offer", None),
    ("how many for one vacancy, as a set of bits", "redis", "plane", 200),
]


def command(*words):
    """A command of Redis, as it goes over the wire."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    sent = [b"*%d\r\n" % len(words)]
    sent += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(sent)


def bitmaps(folder):
    """The bitmaps of each agency, and the vacancies."""
    agencies = {}
    with open(folder / "officers.csv", newline="") as officers:
        rows = csv.reader(officers)
        next(rows)
        for row in rows:
            number, agency, kinds, approved, busy, ready = map(int, row)
            agencies.setdefault(agency, []).append((number, kinds, approved, busy, ready))
    out = sys.stdout.buffer
    for agency, officers in agencies.items():
        base = officers[0][0]
        sets = {}
        for number, kinds, approved, busy, ready in officers:
            of = [f"kind:{kind}" for kind in range(KINDS) if kinds >> kind & 1]
            of += [f"approved:{one}" for one in range(PROGRAMMES) if approved >> one & 1]
            of += [f"free:{day}" for day in range(DAYS) if ready and not busy >> day & 1]
            place = number - base
            for name in of:
                bits = sets.setdefault(name, bytearray((officers[-1][0] - base) // 8 + 1))
                bits[place // 8] |= 0x80 >> place % 8
        for name, bits in sets.items():
            out.write(command("SET", f"agency:{agency}:{name}", bytes(bits)))
    for row in vacancies(folder):
        kinds = [kind for kind in range(KINDS) if int(row["kinds"]) >> kind & 1]
        out.write(
            command(
                *("HSET", f"vacancy:{row['id']}", "agencies", row["agencies"]),
                *("one", kinds[0], "other", kinds[1]),
                *("programme", row["programme"], "day", row["day"]),
            )
        )


def vacancies(folder):
    """The vacancies as dictionaries."""
    with open(folder / "vacancies.csv", newline="") as file:
        yield from csv.DictReader(file)


def expected(folder):
    """Some vacancies with how many officers may come."""
    for _, row in zip(range(EXPECTED), vacancies(folder)):
        print(row["id"], row["eligible"])


def table(folder):
    """Ours and theirs, in nanoseconds."""
    theirs = {}
    for line in (folder / "figures.tsv").read_text().splitlines():
        name, value = line.split("\t")
        theirs.setdefault(name, []).append(float(value))
    report = json.loads((folder / "ours" / "match.json").read_text())
    ours = {row["row"]: row["ours"] for row in report["beside"]}
    skipped = [line for line in (folder / "skipped.txt").read_text().splitlines() if line]
    lines = (folder / "versions.tsv").read_text().splitlines()
    versions = {line.split("\t")[1]: line.split("\t")[2] for line in lines}
    rows = [
        {
            "work": work,
            "reference": reference,
            "row": row,
            "theirs_ns": statistics.median(theirs[reference]),
            "lowest_ns": min(theirs[reference]),
            "highest_ns": max(theirs[reference]),
            "ours_ns": ours[row],
            "ratio": statistics.median(theirs[reference]) / ours[row],
            "reach": reach,
        }
        for work, reference, row, reach in ROWS
        if reference in theirs
    ]
    result = {"commit": report["commit"], "cores": report["cores"], "versions": versions}
    result |= {"table": rows, "ours": report, "skipped": skipped}
    (folder / "table.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")

    print(f"commit {report['commit']}   {report['cores']} cores   {report['priority']} priority")
    for version in filter(None, versions.values()):
        print(version.split(" malloc")[0])
    for note in report["notes"]:
        print(note)
    head = ("ns a vacancy, median (lowest to highest)", "reference", "theirs", "ours")
    print(f"\n{head[0]:<46} {head[1]:<10} {head[2]:>34} {head[3]:>8} {'ratio':>8} {'reach':>8}")
    for row in rows:
        shown = f"{row['theirs_ns']:,.0f} ({row['lowest_ns']:,.0f}–{row['highest_ns']:,.0f})"
        reach = f"≥ {row['reach']:,}" if row["reach"] else ""
        print(
            f"{row['work']:<46} {row['reference']:<10} {shown:>34} {row['ours_ns']:>8,.0f}"
            f" {row['ratio']:>8,.0f} {reach:>8}"
        )
    for reason in skipped:
        print(f"SKIPPED: {reason}")


{"bitmaps": bitmaps, "expected": expected, "table": table}[sys.argv[1]](pathlib.Path(sys.argv[2]))
