#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs the benchmarks that scripts/bench has built; see there for the options.

Competitors take turns, every round the same order, and are compared round by round by CPU time:
what disturbs the machine then disturbs neighbours in time alike. A ratio is the median over the
rounds of (competitor's CPU time / ours).
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import competitors
import imports
import report
import resilience
from measure import run_pipeline
from peers import csv_readers
from verify import verify

ROOT = Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(description="Measures scalekit and its peers.")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--quick", action="store_true", help="500,000 rows, one round")
    parser.add_argument("--sqlite-source", metavar="DIR", help="also measure a build on this SQLite")
    parser.add_argument("--servers-only", action="store_true", help="only pages, exports and Redis on real servers")
    parser.add_argument("--readers-only", action="store_true", help="only CSV readers; writes no results")
    parser.add_argument("--resilience-only", action="store_true", help="only limiter, breaker and pipeline, and their peers")
    parser.add_argument("--import", dest="import_rows", type=int, metavar="N", help="only imports, of N rows")
    parser.add_argument("--data", type=Path, default=ROOT / "build/bench-data")
    args = parser.parse_args()
    args.rows = args.rows or (500_000 if args.quick else 5_000_000)
    args.repeat = args.repeat or (1 if args.quick else 3)
    if min(args.rows, args.import_rows or args.rows) < 10_000 or args.repeat < 1:
        parser.error("at least 10,000 rows and one round")
    return args


def say(text):
    print(text, file=sys.stderr, flush=True)


def seeded(args, build):
    """The database of so many rows, made if it is not there yet."""
    args.data.mkdir(parents=True, exist_ok=True)
    path = args.data / f"ledger-{args.rows}.db"
    if not path.exists():
        say(f"making {path} ...")
        subprocess.run([build / "bench_seed", path, str(args.rows)], check=True)
    with open(path, "rb") as file:  # into the page cache, so that no competitor waits for the disk
        while file.read(1 << 24):
            pass
    return path


def check_own_sqlite(build, source, database):
    """Ends the run unless this build really runs on the SQLite of that folder: figures of the
    system's under the other's name would look quite plausible."""
    header = (Path(source) / "sqlite3.h").read_text()
    wanted = re.search(r'#define SQLITE_SOURCE_ID\s+"(.*)"', header)[1]
    run = subprocess.run(
        [build / "bench_export", database, "step"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    got = json.loads(run.stderr)["sqlite_source"]
    if got != wanted:
        sys.exit(f"{build}: runs on SQLite {got!r}, not on {wanted!r} of {source}; build it again")


def measure_exports(args, contest):
    """One list of samples per competitor, one sample a round."""
    samples = {c.name: [] for c in contest}
    for round_number in range(1, args.repeat + 1):
        for c in contest:
            sample = run_pipeline(c)
            if sample.get("rows", args.rows) != args.rows:
                sys.exit(f"{c.name}: exported {sample['rows']} rows of {args.rows}")
            samples[c.name].append(sample)
            say(f"round {round_number}: {c.name}: {sample['cpu_s']:.2f} s CPU, {sample['wall_s']:.2f} s")
    return samples


def json_lines(command):
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def measure_pages(args, builds, database):
    say("pages ...")
    return {
        name: json_lines([build / "bench_pages", database, "60" if args.quick else "200"])
        for name, build in builds.items()
    }


def measure_servers(args, build):
    """On real servers, each started for it and removed at the end; one that is not built: nothing."""
    def run(name, what, *words):
        program = build / name
        if not program.exists():
            return []
        say(what)
        return json_lines([program, *words])

    return report.Servers(
        rows=args.rows,
        rounds=args.repeat,
        pages=run("bench_pages_servers", "pages on SQLite, PostgreSQL and MariaDB ...",
                  str(args.rows), "60" if args.quick else "200"),
        exports=run("bench_export_servers", "exports from PostgreSQL and MariaDB ...",
                    str(args.rows), str(args.repeat)),
        redis=run("bench_redis", "Redis ..."),
    )


def replace_section(args, name, title, section):
    """In RESULTS.md; one that is not there yet comes before that of the servers, the last."""
    print(section)
    target = ROOT / (f"build/bench/RESULTS-{name}.md" if args.quick else "bench/RESULTS.md")
    front, found, behind = (target.read_text() if target.exists() else "").partition(title)
    if found:
        behind = behind[behind.find("\n## ") + 1:] if "\n## " in behind else ""
    else:
        front, servers, behind = front.partition(report.SERVERS_TITLE)
        behind = servers + behind
    target.write_text(f"{front.rstrip()}\n\n{section}\n\n{behind}".strip() + "\n")
    say(f"written: {target.relative_to(ROOT)}")


def servers_only(args, build):
    before = os.getloadavg()
    servers = measure_servers(args, build)
    section = report.server_section(servers, before, os.getloadavg())
    replace_section(args, "servers", report.SERVERS_TITLE, section)


def measure_readers(args, build, database):
    """Ours and its peers on the export of the database, as a section of the results."""
    path = args.data / f"ledger-{args.rows}.csv"
    if not path.exists():
        say(f"making {path} ...")
        part = path.with_suffix(".part")
        with open(part, "wb") as out:
            subprocess.run([build / "bench_export", database, "ours"], check=True, stdout=out, stderr=subprocess.DEVNULL)
        part.rename(path)
    say("CSV readers ...")
    contest, skipped = csv_readers.find(build, path)
    for reason in skipped:
        say(f"SKIPPED {reason}")
    return csv_readers.section(path, csv_readers.measure(contest, args.repeat, say), skipped)


def measure_imports(args, build, rows):
    """As a section of the results."""
    before = os.getloadavg()
    done = imports.measure(build, args.data, rows, args.repeat, say)
    for reason in done.skipped:
        say(f"SKIPPED {reason}")
    return imports.section(done, before, os.getloadavg())


def measure_resilience(args, build):
    """As a section of the results."""
    before = os.getloadavg()
    done = resilience.measure(build, args.repeat, say)
    for reason in done.skipped:
        say(f"SKIPPED {reason}")
    return resilience.section(done, before, os.getloadavg())


def measure_writer(args, build):
    say("CSV writer ...")
    command = [
        build / "bench_csv_writer",
        "--benchmark_format=json",
        f"--benchmark_repetitions={max(args.repeat, 3)}",
        "--benchmark_report_aggregates_only=true",
    ]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    medians = [b for b in json.loads(out.stdout)["benchmarks"] if b["aggregate_name"] == "median"]
    return {b["run_name"]: b["bytes_per_second"] for b in medians}


def main():
    args = arguments()
    load_before = os.getloadavg()
    builds = {"system": ROOT / "build/bench/bench"}
    if args.servers_only:
        return servers_only(args, builds["system"])
    if args.readers_only:
        print(measure_readers(args, builds["system"], seeded(args, builds["system"])))
        return
    if args.import_rows:
        section = measure_imports(args, builds["system"], args.import_rows)
        return replace_section(args, "imports", imports.TITLE, section)
    if args.resilience_only:
        section = measure_resilience(args, builds["system"])
        return replace_section(args, "resilience", resilience.TITLE, section)
    if args.sqlite_source:
        builds["own"] = ROOT / "build/bench-own-sqlite/bench"
    database = seeded(args, builds["system"])
    if "own" in builds:
        check_own_sqlite(builds["own"], args.sqlite_source, database)

    contest, skipped = competitors.find(builds, database)
    for reason in skipped:
        say(f"SKIPPED {reason}")
    say("comparing outputs ...")
    agreement = verify(contest)
    results = report.Results(
        rows=args.rows,
        rounds=args.repeat,
        command=shlex.join(["scripts/bench", *("DIR" if "/" in a else a for a in sys.argv[1:])]),
        load_before=load_before,
        contest=contest,
        skipped=skipped,
        agreement=agreement,
        exports=measure_exports(args, contest),
        pages=measure_pages(args, builds, database),
        readers=measure_readers(args, builds["system"], database),
        writer=measure_writer(args, builds["system"]),
        imports=measure_imports(args, builds["system"], 100_000 if args.quick else 1_000_000),
        backpressure=measure_resilience(args, builds["system"]),
        servers=measure_servers(args, builds["system"]),
    )
    results.load_after = os.getloadavg()
    text = report.markdown(results)
    print(text)
    # A quick run is a check of the programs; it must not replace figures worth reading.
    target = ROOT / ("build/bench/RESULTS.md" if args.quick else "bench/RESULTS.md")
    target.write_text(text)
    say(f"written: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
