# SPDX-License-Identifier: BSL-1.0
"""The importer beside its peers: on SQLite every competitor in a process and a database of its own,
taking turns; on PostgreSQL and MariaDB by bench_import_servers. As a section of the results."""

import datetime
import json
import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from competitors import PEERS, has
from measure import run_pipeline
from report import table

TITLE = "## Import of a CSV file"
OURS, OURS_ALONE, C_LOOP = "ours, 2 threads", "ours, 1 thread", "C loop, rows parsed"
OURS_LARGE = "ours, 2 threads, batches of 50,000"
CLI, LARAVEL = "sqlite3 .import", "Laravel upsert of 1,000"
AGAIN = ", nothing changed"


@dataclass
class Case:
    """A kind of key, and the settings of SQLite that everybody has with it."""

    key: str
    title: str
    cache_kib: int
    checkpoint_pages: int
    wanted: int  # rows a second

    def options(self):
        return [f"--cache-kib={self.cache_kib}", f"--checkpoint-pages={self.checkpoint_pages}"]

    def settings(self):
        return (
            f"WAL, synchronous NORMAL, cache {self.cache_kib // 1024} MiB, "
            f"wal_autocheckpoint {self.checkpoint_pages:,}"
        )


CASES = [
    Case("integer", "SQLite, integer key", 64 * 1024, 20_000, 400_000),
    Case("text", "SQLite, random text key", 512 * 1024, 100_000, 100_000),
]


@dataclass
class Competitor:
    name: str
    commands: list
    kind: str = "product"  # product | limit | peer
    database: Path = None
    samples: list = field(default_factory=list)

    def mid(self, figure):
        return median(s[figure] for s in self.samples)


@dataclass
class Imports:
    rows: int
    rounds: int
    sqlite: list  # of (case, competitors)
    memory: list  # of (case, rows, peak KiB)
    servers: list  # lines of bench_import_servers; empty: not run
    skipped: list


def data_file(build, folder, rows, key, say):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"payments-{key}-{rows}.csv"
    if not path.exists():
        say(f"making {path} ...")
        subprocess.run([build / "bench_import", "make", path, str(rows), key], check=True)
    with open(path, "rb") as file:  # into the page cache
        while file.read(1 << 24):
            pass
    return path


def fresh(build, path, key):
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    subprocess.run([build / "bench_import", "table", path, key], check=True)


def contest_of(build, folder, case, csv):
    """In the order in which they take turns; a second pass goes on in the database of the first."""
    skipped = []

    def one(name, command, database=None, **more):
        path = database or folder / f"import-{case.key}-{len(contest)}.db"
        contest.append(Competitor(name, [[str(x) for x in command(path)]], database=path, **more))
        return path

    def of_program(mode, *more):
        return lambda path: [build / "bench_import", mode, path, csv, case.key, *case.options(), *more]

    contest = []
    pragmas = f"PRAGMA synchronous=NORMAL; PRAGMA cache_size=-{case.cache_kib}; PRAGMA wal_autocheckpoint={case.checkpoint_pages};"
    ours = one(OURS, of_program("ours", "--threads=2"))
    one(OURS + AGAIN, of_program("ours", "--threads=2"), ours)
    one(OURS_ALONE, of_program("ours"))
    if case.key == "text":  # each batch dirties nearly every page of the index, however large it is
        one(OURS_LARGE, of_program("ours", "--threads=2", "--batch-rows=50000"))
    limit = one(C_LOOP, of_program("c-loop"), kind="limit")
    one(C_LOOP + AGAIN, of_program("c-loop"), limit, kind="limit")
    if shutil.which("sqlite3"):
        script = lambda path: ["sqlite3", "-csv", "-cmd", pragmas, path, f".import --skip 1 {csv} payment"]
        one(CLI, script, kind="peer")
    else:
        skipped.append("sqlite3: not installed (Debian: sqlite3)")
    if has("php", "-r", "exit(extension_loaded('pdo_sqlite') && extension_loaded('mbstring') && "
           "stream_resolve_include_path('Illuminate/Database/autoload.php') ? 0 : 1);"):
        script = PEERS / "import_laravel.php"
        one(LARAVEL, lambda path: ["php", script, path, csv, case.cache_kib, case.checkpoint_pages], kind="peer")
    else:
        skipped.append("Laravel: not installed (Debian: php-cli php-sqlite3 php-mbstring php-illuminate-database)")
    return contest, skipped


# What the peers store as it stands in the file, ours stores as microseconds.
SAME = """SELECT count(*) FROM payment AS a JOIN other.payment AS b ON a.id = b.id
WHERE a.account IS b.account AND a.amount IS b.amount AND a.currency IS b.currency AND a.status IS b.status
AND a.description IS b.description
AND a.created_at IN (b.created_at, CAST(strftime('%s', b.created_at) AS INTEGER) * 1000000)"""


def check_same(contest, rows):
    """Ends the run unless every competitor has made the same table."""
    ours = contest[0].database
    for other in {c.database for c in contest[1:]} - {ours}:
        db = sqlite3.connect(ours)
        db.execute("ATTACH ? AS other", (str(other),))
        counts = [db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("payment", "other.payment")]
        same = db.execute(SAME).fetchone()[0]
        db.close()
        if counts != [rows, rows] or same != rows:
            raise SystemExit(f"import: {ours} and {other} have {counts} rows, of which {same} are the same")


def take_turns(build, contest, case, rows, rounds, say):
    for number in range(1, rounds + 1):
        for c in contest:
            if AGAIN not in c.name:
                fresh(build, c.database, case.key)
            sample = run_pipeline(c)
            if sample.get("rows", rows) != rows:
                raise SystemExit(f"{c.name}: imported {sample['rows']} rows of {rows}")
            # Of the C loop only the loop counts, and not that it had to parse the file first.
            sample["wall_s"] = sample.get("own_wall_s", sample["wall_s"])
            sample["cpu_s"] = sample.get("own_cpu_s", sample["cpu_s"])
            c.samples.append(sample)
            say(f"round {number}: {case.title}: {c.name}: {sample['cpu_s']:.2f} s CPU, {sample['wall_s']:.2f} s")
        if number == 1:
            check_same(contest, rows)
    for c in contest:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{c.database}{suffix}").unlink(missing_ok=True)


def measure_memory(build, folder, rows, say):
    """Peak memory at a tenth of the rows and at all of them, with a small cache of SQLite's."""
    figures = []
    for case in CASES:
        for n in (rows // 10, rows):
            csv = data_file(build, folder, n, case.key, say)
            database = folder / "import-memory.db"
            fresh(build, database, case.key)
            c = Competitor("memory", [[str(x) for x in (
                build / "bench_import", "ours", database, csv, case.key, "--threads=2", "--cache-kib=8192",
                f"--checkpoint-pages={case.checkpoint_pages}")]])
            figures.append((case, n, run_pipeline(c)["peak_kib"]))
            say(f"{case.title}: {n:,} rows: peak {figures[-1][2] / 1024:.1f} MiB")
            for suffix in ("", "-wal", "-shm"):
                Path(f"{database}{suffix}").unlink(missing_ok=True)
    return figures


def measure_servers(build, folder, rows, rounds, say):
    program = build / "bench_import_servers"
    if not program.exists():
        return []
    say("imports into PostgreSQL and MariaDB ...")
    csv = data_file(build, folder, rows, "integer", say)
    out = subprocess.run([program, csv, str(rows), str(rounds)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def measure(build, folder, rows, rounds, say):
    sqlite, skipped = [], []
    for case in CASES:
        csv = data_file(build, folder, rows, case.key, say)
        contest, missing = contest_of(build, folder, case, csv)
        skipped += [m for m in missing if m not in skipped]
        take_turns(build, contest, case, rows, rounds, say)
        sqlite.append((case, contest))
    return Imports(
        rows, rounds, sqlite, measure_memory(build, folder, rows, say),
        measure_servers(build, folder, rows, rounds, say), skipped,
    )


def verdict(measured, wanted, text):
    return f"{'met' if measured >= wanted else '**not met**'} ({text})"


def ratio(contest, slow, fast, figure):
    """Median over the rounds; None if one of the two was not run."""
    by_name = {c.name: c for c in contest}
    if slow not in by_name or fast not in by_name:
        return None
    pairs = zip(by_name[slow].samples, by_name[fast].samples)
    return median(a[figure] / b[figure] for a, b in pairs)


def sqlite_goals(imports):
    for case, contest in imports.sqlite:
        speed = imports.rows / contest[0].mid("wall_s")
        yield (f"{case.title}, read, checked and written by two threads: at least {case.wanted:,} rows/s: "
               f"{verdict(speed, case.wanted, f'{speed:,.0f}')}")
    contest = imports.sqlite[0][1]
    laravel = ratio(contest, LARAVEL, OURS, "wall_s")
    if laravel is None:
        yield "at least 6x Laravel on SQLite: not measured"
    else:
        yield f"at least 6x Laravel on SQLite, integer key, wall: {verdict(laravel, 6, f'{laravel:.1f}x')}"


def server_lines(imports, server, name):
    return [x for x in imports.servers if x["server"] == server and x["name"] == name]


def server_speed(imports, server, name):
    """As a share of what the server's own bulk load does, by rounds."""
    floor = [x for x in imports.servers if x["server"] == server]
    pairs = zip(server_lines(imports, server, floor[0]["name"]), server_lines(imports, server, name))
    return median(a["wall_s"] / b["wall_s"] for a, b in pairs)


def server_goals(imports):
    if not imports.servers:
        yield "PostgreSQL: at least 0.35x of plain COPY FROM: not measured"
        return
    share = server_speed(imports, "PostgreSQL", "ours, 1 writer")
    yield f"PostgreSQL, one writer: at least 0.35x of plain COPY FROM: {verdict(share, 0.35, f'{share:.2f}x')}"


def sqlite_table(imports, case, contest):
    rows = []
    for c in contest:
        # A second pass is compared with ours, and a first pass with ours.
        ours = OURS + AGAIN if AGAIN in c.name else OURS
        starts = [s["start_s"] for s in c.samples if s.get("start_s")]
        rows.append((
            c.name, c.kind, f"{imports.rows / c.mid('wall_s'):,.0f}", f"{c.mid('wall_s'):.2f}",
            f"{median(starts):.2f}" if starts else "-", f"{c.mid('cpu_s'):.2f}",
            f"{ratio(contest, c.name, ours, 'wall_s'):.2f}x", f"{ratio(contest, c.name, ours, 'cpu_s'):.2f}x",
        ))
    head = ("competitor", "kind", "rows/s", "wall s", "of it start s", "CPU s", "wall vs ours", "CPU vs ours")
    return f"### {case.title}\n\n{case.settings()}.\n\n" + table(head, rows)


def server_table(imports):
    if not imports.servers:
        return "Not run: build with scalekit::postgres and scalekit::mariadb."
    rows = []
    for server, name in dict.fromkeys((x["server"], x["name"]) for x in imports.servers):
        lines = server_lines(imports, server, name)
        wall = median(x["wall_s"] for x in lines)
        rows.append((
            server, name, f"{lines[0]['rows'] / wall:,.0f}", f"{wall:.2f}",
            f"{median(x['client_cpu_s'] for x in lines):.2f}", f"{server_speed(imports, server, name):.2f}x",
        ))
    head = ("server", "competitor", "rows/s", "wall s", "client CPU s", "speed vs its own load")
    return table(head, rows)


def memory_table(imports):
    rows = [(case.title, f"{n:,}", f"{kib / 1024:.1f}") for case, n, kib in imports.memory]
    return table(("case", "rows", "peak MiB"), rows)


def section(imports, load_before, load_after):
    """Complete in itself, with its title, for it can be replaced alone."""
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    loads = " ".join(f"{x:.1f}" for x in load_before) + " before, " + " ".join(f"{x:.1f}" for x in load_after)
    busy = "\n\n**The machine was busy when this began: run it again for figures to quote.**" if load_before[0] > 1 else ""
    return "\n\n".join([
        TITLE,
        f"{imports.rows:,} rows of seven columns, about 105 bytes each, 12 % of them with a quoted field; the file in "
        f"the page cache; medians of {imports.rounds} rounds, taken in turns. Ours is a whole import job: equal keys "
        "are looked for, every column is checked, rows are upserted in batches of 5,000 with their checkpoints. The C "
        "loop is the limit: the same upsert by one prepared statement, rows in memory before the clock begins, nothing "
        f"checked. `.import` inserts in one transaction and checks nothing. SQLite "
        f"{imports.sqlite[0][1][0].samples[0]['sqlite']}. {today}; load average {loads} after, "
        f"niceness {os.getpriority(os.PRIO_PROCESS, 0)}." + busy,
        "\n".join(f"- Goal: {goal}." for goal in [*sqlite_goals(imports), *server_goals(imports)])
        + "".join(f"\n- not run: {reason}" for reason in imports.skipped),
        *[sqlite_table(imports, case, contest) for case, contest in imports.sqlite],
        "All of them made the same table.",
        "### Memory of an import\n\nTwo threads, SQLite's cache at 8 MiB. Of keys in order none is remembered; "
        "random ones need 8 to 16 bytes each during the start, up to `duplicate_memory`.\n\n" + memory_table(imports),
        "### PostgreSQL and MariaDB, integer key\n\nThe server's own bulk load of the same file is the limit; it knows "
        "no conflicts. All of them made the same table.\n\n" + server_table(imports),
    ])
