# SPDX-License-Identifier: BSL-1.0
"""Who takes part in the export, and by which command."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
QUERY = "SELECT * FROM ledger"

# Names that the goals refer to.
OURS = "ours"
OURS_OWN = "ours, own SQLite"
C_LOOP = "C loop"
C_LOOP_OWN = "C loop, own SQLite"
VALUE_LOOP = "C loop, sqlite3_value"
VALUE_LOOP_OWN = "C loop, sqlite3_value, own SQLite"
STEP = "SQLite steps only, no output"
STEP_OWN = "SQLite steps only, own SQLite"
SQLITE_CLI = "sqlite3 -csv"
LARAVEL = "Laravel chunkById(5000) + fputcsv"


@dataclass
class Competitor:
    name: str
    commands: list  # a pipeline; its output is thrown away
    baseline: str = OURS  # whose CPU time its own is divided by
    kind: str = "product"  # product | limit | peer: what it is to the reader
    output: str = "identical"  # identical: byte for byte ours; fields: the same values; none; gzip


def has(*program):
    try:
        return subprocess.run(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def of_build(build, database, suffix, baseline):
    """The modes of one build of bench_export."""
    program = [str(build / "bench_export"), str(database)]

    def one(name, *mode, **more):
        return Competitor(name + suffix, [[*program, *mode]], baseline=baseline, **more)

    return [
        one("ours", "ours"),
        one("C loop", "c-loop", kind="limit"),
        one("C loop, sqlite3_value", "c-loop-value", kind="limit"),
        one("C loop, scalar", "c-loop-scalar", kind="limit"),
        Competitor(
            STEP_OWN if suffix else STEP, [[*program, "step"]], baseline=baseline, kind="limit",
            output="none",
        ),
        one("ours + SHA-256", "ours", "--digest"),
        one("ours + SHA-256 + checkpoints", "ours", "--digest", "--checkpoints"),
        one("ours, 2 threads", "ours-parallel=2"),
    ]


def compressed(program):
    ours = [*program, "ours"]
    plain = [
        Competitor("ours + own gzip", [[*ours, "--gzip=1"]], output="gzip"),
        Competitor("ours + own gzip, 2 threads", [[*ours, "--gzip=2"]], output="gzip"),
        Competitor("ours piped to gzip -1", [ours, ["gzip", "-1"]], kind="peer", output="gzip"),
    ]
    if not shutil.which("pigz"):
        return plain, ["pigz: not installed (Debian: pigz)"]
    pigz = Competitor("ours piped to pigz -1 -p 2", [ours, ["pigz", "-1", "-p", "2"]], kind="peer", output="gzip")
    return [*plain, pigz], []


def php_peers(database):
    if not shutil.which("php") or not has("php", "-r", "exit(extension_loaded('pdo_sqlite') ? 0 : 1);"):
        return [], ["PHP peers: php with pdo_sqlite not installed (Debian: php-cli php-sqlite3)"]

    def script(name):
        return [["php", str(PEERS / name), str(database)]]

    peers = [Competitor("PHP PDO keyset 5000 + fputcsv", script("export_pdo.php"), kind="peer", output="fields")]
    if not has("php", "-r", "exit(stream_resolve_include_path('Illuminate/Database/autoload.php') ? 0 : 1);"):
        return peers, ["Laravel: Illuminate not installed (Debian: php-illuminate-database)"]
    return [*peers, Competitor(LARAVEL, script("export_laravel.php"), kind="peer", output="fields")], []


def find(builds, database):
    """All competitors in the order in which they take turns, and what is missing and why."""
    program = [str(builds["system"] / "bench_export"), str(database)]
    contest = of_build(builds["system"], database, "", OURS)
    skipped = []
    if "own" in builds:
        contest += of_build(builds["own"], database, ", own SQLite", OURS_OWN)
    else:
        skipped.append("a build on its own SQLite: no --sqlite-source given")
    contest.append(Competitor("ours, into a pipe", [[*program, "ours"], ["cat"]]))
    if shutil.which("sqlite3"):
        cli = ["sqlite3", "-csv", "-header", str(database), QUERY]
        contest.append(Competitor(SQLITE_CLI, [cli], kind="peer", output="fields"))
        contest.append(Competitor("sqlite3 -csv, into a pipe", [cli, ["cat"]], kind="peer", output="fields"))
    else:
        skipped.append("sqlite3: not installed (Debian: sqlite3)")
    for more, missing in (php_peers(database), compressed(program)):
        contest += more
        skipped += missing
    return contest, skipped
