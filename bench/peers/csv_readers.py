# SPDX-License-Identifier: BSL-1.0
"""Who takes part in reading a CSV file, every cell of it; how their programs are built, measured
and compared. Those to be built are built here, from what this machine or a package registry has;
one that cannot be had is reported as not run."""

import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

from competitors import Competitor, has
from measure import run_pipeline

HERE = Path(__file__).resolve().parent

OURS = "ours, csv::reader"
ZSV = "zsv, pull parser"
RUST = "rust-csv, ByteRecord"
PYTHON = "Python csv.reader"
SQLITE = "sqlite3 .import, into memory"
FRAMES = ("duckdb", "polars", "pyarrow")

# peer -> how many times our CPU time it should take at least
GOALS = {ZSV: 2, RUST: 3, PYTHON: 10, SQLITE: 1}


def built(name, command):
    """Why the program could not be built; empty if it was."""
    if not shutil.which(command[0]):
        return f"{name}: {command[0]} not installed"
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"{name}: not built: {done.stderr.strip().splitlines()[-1]}"


def to_build(folder):
    """Name, command that builds it, program."""
    zsv, rust = folder / "csv_zsv", folder / "csv_rust"
    return [
        (ZSV, ["cc", "-O3", "-o", str(zsv), "csv_zsv.c", "-lzsv"], zsv),
        (
            RUST,
            ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", "csv_rust/Cargo.toml",
             "--target-dir", str(rust)],
            rust / "release/csv_rust",
        ),
    ]


def find(build, path):
    """All competitors in the order in which they take turns, and what is missing and why."""
    folder = build / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    file = str(path)
    contest = [Competitor(OURS, [[str(build / "bench_csv_cells"), file]])]
    skipped = []

    def peer(name, *command):
        contest.append(Competitor(name, [[*map(str, command), file]], kind="peer"))

    for name, command, program in to_build(folder):
        reason = built(name, command)
        if reason:
            skipped.append(reason)
        else:
            peer(name, program)
    peer(PYTHON, sys.executable, HERE / "csv_python.py")
    for library in FRAMES:
        if has(sys.executable, "-c", f"import {library}"):
            peer(library, sys.executable, HERE / "csv_frames.py", library)
        else:
            skipped.append(f"{library}: not installed for this Python (pip install {library})")
    if shutil.which("sqlite3"):
        contest.append(Competitor(SQLITE, [["sqlite3", ":memory:", f".import --csv {file} t"]], kind="peer"))
    else:
        skipped.append("sqlite3: not installed (Debian: sqlite3)")
    return contest, skipped


def check(name, sample, expected):
    """Ends the run where a peer has read something else; sqlite3 does not say what it read."""
    found = {key: sample.get(key) for key in expected}
    if name != SQLITE and found != expected:
        sys.exit(f"{name}: read {found}, where ours read {expected}")


def measure(contest, rounds, say):
    """One list of samples per competitor, one sample a round."""
    samples = {c.name: [] for c in contest}
    expected = None
    for number in range(1, rounds + 1):
        for c in contest:
            sample = run_pipeline(c)
            expected = expected or {key: sample[key] for key in ("records", "fields", "bytes")}
            check(c.name, sample, expected)
            samples[c.name].append(sample)
            say(f"round {number}: {c.name}: {sample['cpu_s']:.2f} s CPU, {sample['wall_s']:.2f} s")
    return samples


def ratio(samples, name):
    """Median over the rounds of its CPU time divided by ours in that round."""
    return median(a["cpu_s"] / b["cpu_s"] for a, b in zip(samples[name], samples[OURS]))


def goal(samples, name, wanted):
    if name not in samples:
        return f"- {name}: at least {wanted}x our CPU time: not measured"
    found = ratio(samples, name)
    return f"- {name}: at least {wanted}x our CPU time: {'met' if found >= wanted else '**not met**'} ({found:.2f}x)"


def section(path, samples, skipped):
    size = path.stat().st_size
    first = samples[OURS][0]
    rows = []
    for name, taken in samples.items():
        cpu, wall, peak = (median(s[key] for s in taken) for key in ("cpu_s", "wall_s", "peak_kib"))
        rows.append(
            f"| {name} | {size / cpu / 1e6:,.0f} | {cpu:.2f} | {wall:.2f} | {peak / 1024:.1f} "
            f"| {ratio(samples, name):.2f}x |"
        )
    return "\n".join([
        f"The export above, {size:,} bytes, in the page cache; each program reads {first['fields']:,} cells in "
        f"{first['records']:,} records, takes away quotes, and adds up {first['bytes']:,} bytes, or the run fails "
        "(sqlite3 does not say). Whole processes, in turns; medians over the rounds.",
        "",
        *(goal(samples, name, wanted) for name, wanted in GOALS.items()),
        "",
        "| competitor | MB/cpu-s | CPU s | wall s | peak MiB | CPU vs ours |",
        "|---|---:|---:|---:|---:|---:|",
        *rows,
        "",
        *(f"- not run: {reason}" for reason in skipped),
    ])
