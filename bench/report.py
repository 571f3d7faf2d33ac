# SPDX-License-Identifier: BSL-1.0
"""The figures as a page of Markdown, and which goals they meet."""

import datetime
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import competitors as who


@dataclass
class Results:
    rows: int
    rounds: int
    command: str
    load_before: tuple
    contest: list
    skipped: list
    agreement: str
    exports: dict  # competitor -> samples, one a round
    pages: dict  # build -> lines of bench_pages
    readers: str  # a section
    writer: dict  # benchmark -> bytes per CPU second
    imports: str  # a section
    backpressure: str  # a section
    servers: "Servers"
    load_after: tuple = ()

    def ratio(self, name, baseline):
        """Median over the rounds of the CPU time of one divided by that of the other in that round."""
        pairs = zip(self.exports[name], self.exports[baseline])
        return median(a["cpu_s"] / b["cpu_s"] for a, b in pairs)


@dataclass
class Goal:
    what: str
    wanted: str
    measured: str
    met: bool = None  # None: not measured


def export_goal(results, what, slow, fast, limit, at_most=False):
    wanted = f"{'<=' if at_most else '>='} {limit}x"
    if slow not in results.exports or fast not in results.exports:
        return Goal(what, wanted, "not measured")
    ratio = results.ratio(slow, fast)
    return Goal(what, wanted, f"{ratio:.2f}x", ratio <= limit if at_most else ratio >= limit)


def page_goal(results):
    ours = [p for lines in results.pages.values() for p in lines if p["spelling"] == "ours, pager"]
    worst = max(ours, key=lambda p: p["p95_ms"])
    measured = f"{worst['p95_ms']:.2f} ms at worst ({worst['place']}; CPU {worst['cpu_p95_ms']:.2f} ms)"
    return Goal("page of 101 rows, p95, wall", "< 2 ms", measured, worst["p95_ms"] < 2)


def writer_goal(results):
    speed = results.writer["ours_dynamic_row"] / 1e9
    return Goal("CSV writer, typed rows from memory, one core", ">= 1 GB/s", f"{speed:.2f} GB/s", speed >= 1)


def goals(results):
    return [
        export_goal(results, "ours / C loop, system SQLite, CPU", who.OURS, who.C_LOOP, 1.15, at_most=True),
        export_goal(results, "ours / C loop, own SQLite, CPU", who.OURS_OWN, who.C_LOOP_OWN, 1.15, at_most=True),
        export_goal(results, "ours / C loop with sqlite3_value, system SQLite, CPU", who.OURS, who.VALUE_LOOP, 1.15, at_most=True),
        export_goal(results, "ours / C loop with sqlite3_value, own SQLite, CPU", who.OURS_OWN, who.VALUE_LOOP_OWN, 1.15, at_most=True),
        export_goal(results, "`sqlite3 -csv` / ours, system SQLite, CPU", who.SQLITE_CLI, who.OURS, 2.2),
        export_goal(results, "`sqlite3 -csv` / ours, own SQLite, CPU", who.SQLITE_CLI, who.OURS_OWN, 4),
        export_goal(results, "Laravel / ours, system SQLite, CPU", who.LARAVEL, who.OURS, 6),
        export_goal(results, "Laravel / ours, own SQLite, CPU", who.LARAVEL, who.OURS_OWN, 6),
        writer_goal(results),
        page_goal(results),
    ]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def verdict(met):
    return {True: "yes", False: "**no**", None: "-"}[met]


def goal_section(results):
    all_goals = goals(results)
    missed = [g.what for g in all_goals if g.met is False]
    unmeasured = [g.what for g in all_goals if g.met is None]
    met = sum(g.met is True for g in all_goals)
    sentence = f"{met} of {len(all_goals)} goals are met."
    if missed:
        sentence += f" Not met: {'; '.join(missed)}."
    if unmeasured:
        sentence += f" Not measured: {'; '.join(unmeasured)}."
    rows = [(g.what, g.wanted, g.measured, verdict(g.met)) for g in all_goals]
    return f"{sentence}\n\n" + table(("goal", "wanted", "measured", "met"), rows)


def export_row(results, c):
    samples = results.exports[c.name]

    def mid(key):
        values = [s[key] for s in samples if key in s]
        return median(values) if values else None

    chunks = [s["chunk_ms"] for s in samples if s.get("chunk_ms", {}).get("max")]
    chunk = "/".join(f"{median(x[q] for x in chunks):.1f}" for q in ("p50", "p95", "max")) if chunks else "-"
    growth, ttfb = mid("rss_growth_kib"), mid("ttfb_ms")
    return (
        c.name,
        c.kind,
        f"{results.rows / mid('cpu_s') / 1e3:,.0f}",
        f"{mid('cpu_s'):.2f}",
        f"{mid('wall_s'):.2f}",
        f"{mid('peak_kib') / 1024:.1f}" + (f" (+{growth / 1024:.1f})" if growth is not None else ""),
        f"{ttfb:.1f}" if ttfb else "-",
        chunk,
        f"{results.ratio(c.name, c.baseline):.2f}x",
    )


def export_section(results):
    head = (
        "competitor", "kind", "krows/cpu-s", "CPU s", "wall s", "peak MiB (growth)", "TTFB ms",
        "chunk ms p50/p95/max", "CPU vs ours",
    )
    return table(head, [export_row(results, c) for c in results.contest])


def page_section(lines):
    rows = [
        (
            p["place"], p["spelling"], p["pages"], f"{p['p50_ms']:.2f}", f"{p['p95_ms']:.2f}",
            f"{p['max_ms']:.2f}", f"{p['cpu_p95_ms']:.2f}", f"{p['vm_steps']:,}",
        )
        for p in lines
    ]
    head = ("place", "spelling", "pages", "p50 ms", "p95 ms", "max ms", "CPU p95 ms", "VM steps a page")
    return table(head, rows)


@dataclass
class Servers:
    """Lines of the programs that start real servers; empty: not run."""
    rows: int
    rounds: int
    pages: list
    exports: list
    redis: list


SERVERS_TITLE = "## On real servers"


def server_goal(lines):
    ours = [p for p in lines if p["spelling"] == "ours"]
    worst = max(ours, key=lambda p: p["server_p95_ms"])
    verdict = "met" if worst["server_p95_ms"] < 2 else "**not met**"
    return (
        f"Goal: ours below 2 ms in the server at p95, at every place and on every database: {verdict} "
        f"({worst['server_p95_ms']:.2f} ms at worst: {worst['database']}, {worst['place']})."
    )


def server_pages(lines, rows):
    if not lines:
        return "Not run: build with scalekit::postgres and scalekit::mariadb."
    units = {p["database"]: (p["touched_unit"], p["server_clock"]) for p in lines}
    body = [
        (
            p["database"], p["place"], p["spelling"], p["pages"],
            f"{p['server_p50_ms']:.2f} / {p['server_p95_ms']:.2f}",
            f"{p['client_p50_ms']:.2f} / {p['client_p95_ms']:.2f}",
            f"{p['touched']:,}" if p["touched"] else "the table",
        )
        for p in lines
    ]
    head = ("database", "place", "spelling", "pages", "server ms p50 / p95", "client ms p50 / p95", "touched a page")
    return "\n\n".join([
        f"{rows:,} rows, about ten to an instant, ids up to three seconds out of step with it, one import of 200,000 "
        "rows of one instant, a tenant with 30 % of the rows, 10 % of the scores NULL (in the server's own place). "
        "Pages of 101 rows behind keys at 80-95 % of the table unless said. `ours` is `keyset::fetch`: one "
        "statement, which also looks one row ahead and one behind. `expanded OR` and `row-value` give the same "
        "rows, or the run fails; `row-value` is left out where it would not; OFFSET reads about as deep. Spellings "
        "that take long give few pages. Warm caches, one client, loopback, prepared statements; each database by "
        "itself.",
        server_goal(lines),
        "\n".join(f"- {name}: touched are {unit}; server time is {clock}" for name, (unit, clock) in units.items()),
        table(head, body),
    ])


# server -> its own client, which ours is measured against, and how much longer ours may take
EXPORT_GOALS = {"PostgreSQL": ("psql COPY", 1.25), "MariaDB": ("mariadb --batch --quick", 1.0)}


def by_round(lines, server, name, figure):
    return [x[figure] for x in lines if x["server"] == server and x["name"] == name]


def wall_ratio(lines, server, name):
    """Median over the rounds of our wall time divided by that of the server's own client."""
    pairs = zip(by_round(lines, server, name, "wall_s"), by_round(lines, server, EXPORT_GOALS[server][0], "wall_s"))
    return median(a / b for a, b in pairs)


def export_goals(lines):
    for server, (client, limit) in EXPORT_GOALS.items():
        ours = {x["name"] for x in lines if x["server"] == server and re.match("ours, (COPY )?pages", x["name"])}
        slowest = max(ours, key=lambda name: wall_ratio(lines, server, name))
        ratio = wall_ratio(lines, server, slowest)
        verdict = "met" if ratio <= limit else "**not met**"
        yield (f"Goal: at most {limit}x the wall time of `{client}`, with pages of either size: {verdict} "
               f"({ratio:.2f}x at worst: {slowest}).")


def server_exports(lines, rows, rounds):
    if not lines:
        return "Not run: build with scalekit::postgres, scalekit::mariadb and scalekit::crypto."
    seen = dict.fromkeys((x["server"], x["name"]) for x in lines)
    body = []
    for server, name in seen:
        first = next(x for x in lines if (x["server"], x["name"]) == (server, name))
        body.append((
            server, name, f"{median(by_round(lines, server, name, 'wall_s')):.2f}",
            f"{median(by_round(lines, server, name, 'client_cpu_s')):.2f}",
            f"{wall_ratio(lines, server, name):.2f}x", f"{first['bytes'] / 1e6:.1f}", f"`{first['sha256']}`",
        ))
    head = ("server", "competitor", "wall s", "client CPU s", "wall vs the server's client", "MB", "SHA-256")
    return "\n\n".join([
        f"{rows:,} rows of seven columns in the order of the key, to nowhere (the clients of the servers: to a pipe that is emptied); medians of {rounds} rounds, taken in "
        "turns. `COPY pages` pass the server's CSV through, `decoded` reads typed rows and spells them itself; the "
        "SHA-256 shows that both are byte for byte what psql prints. `mariadb --batch` prints another format.",
        "\n".join(f"- {goal}" for goal in export_goals(lines)),
        table(head, body),
    ])


def server_redis(lines):
    if not lines:
        return "Not run: build with scalekit::redis."
    body = [(x["what"], f"{x['bare_us']:.1f}", f"{x['ours_us']:.1f}", f"{x['ours_us'] / x['bare_us']:.2f}x") for x in lines]
    return "\n\n".join([
        "p50 of one call on one connection over loopback; `x16` is a pipeline of sixteen, the time of all of it. "
        "Goal: at most 1.10x of bare hiredis.",
        table(("call", "hiredis us", "scalekit us", "ratio"), body),
    ])


def server_section(servers, load_before, load_after):
    """Complete in itself, with its title, for it can be replaced alone."""
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    loads = " ".join(f"{x:.1f}" for x in load_before) + " before, " + " ".join(f"{x:.1f}" for x in load_after)
    return "\n\n".join([
        SERVERS_TITLE,
        f"{today}; load average {loads} after (other programs ran beside it where that is above 2), niceness "
        f"{os.getpriority(os.PRIO_PROCESS, 0)}.",
        "### Pages on SQLite, PostgreSQL and MariaDB",
        server_pages(servers.pages, servers.rows),
        "### Exports from PostgreSQL and MariaDB",
        server_exports(servers.exports, servers.rows, servers.rounds),
        "### Redis",
        server_redis(servers.redis),
    ])


def writer_section(results):
    rows = [(name, f"{speed / 1e9:.2f}") for name, speed in results.writer.items()]
    return table(("benchmark", "GB per CPU second"), rows)


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return "not installed"
    said = (done.stdout or done.stderr).strip()
    return said.splitlines()[0] if said else "unknown"


def processor():
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    threads = Path("/proc/cpuinfo").read_text().count("processor\t:")
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    return f"{found[1] if found else platform.machine()}, {threads} threads, {memory:.0f} GiB"


def sqlite_versions(results):
    versions = {name: lines[0]["sqlite"] for name, lines in results.pages.items()}
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def compiler():
    cache = (Path(__file__).resolve().parent.parent / "build/bench/CMakeCache.txt").read_text()

    def cached(name):
        return re.search(rf"^{name}:\w+=(.*)$", cache, re.MULTILINE)[1]

    flags = f"{cached('CMAKE_CXX_FLAGS')} {cached('CMAKE_CXX_FLAGS_RELEASE')}".strip()
    return f"{first_line(cached('CMAKE_CXX_COMPILER'), '--version')}, {flags}"


def conditions(results):
    def load(averages):
        return " ".join(f"{x:.1f}" for x in averages)

    rows = [
        ("machine", processor()),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("compiler", compiler()),
        ("SQLite", sqlite_versions(results)),
        ("sqlite3 program", first_line("sqlite3", "--version").split(" ")[0]),
        ("PHP", first_line("php", "--version")),
        ("gzip, pigz", f"{first_line('gzip', '--version')}, {first_line('pigz', '--version')}"),
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("command", f"`{results.command}`"),
        ("rows, rounds", f"{results.rows:,}, {results.rounds}"),
        ("load average before, after", f"{load(results.load_before)}, {load(results.load_after)}"),
    ]
    return table(("condition", "value"), rows)


def markdown(results):
    busy = results.load_before[0] > 1.0
    caution = (
        "\n\n**The machine was busy when this began: trust the ratios of CPU time, not wall time.**" if busy else ""
    )
    skipped = "".join(f"\n- not run: {reason}" for reason in results.skipped)
    parts = [
        "# Benchmark results",
        "Made by `scripts/bench`; do not edit.",
        "## Goals\n\n" + goal_section(results) + caution,
        "## Conditions\n\n" + conditions(results) + ("\n" + skipped if skipped else ""),
        "## Export of one table as CSV\n\n"
        "Seven columns, about 103 bytes a row, 12 % of the rows with a quoted field; database in the page cache, "
        "output to /dev/null. Competitors take turns; CPU seconds, wall and memory are medians "
        "over the rounds; `CPU vs ours` is the median of the ratios within a round, against ours on the same "
        "SQLite (a limit below 1x is faster than ours, a peer above 1x slower). A chunk is 256 KiB "
        "(about 2,500 rows) for ours and the C loop, 5,000 rows for PHP. Every connection has SQLite's "
        "default page cache of 2 MB.\n\n"
        + export_section(results)
        + "\n\n" + results.agreement,
        "## CSV reader, every cell\n\n" + results.readers,
        "## CSV writer, rows from memory\n\n" + writer_section(results),
        "## Pages of 101 rows\n\nPages behind a key, at row numbers 80-95 % unless said. Spellings by hand "
        "bind each value where it stands (`?`); `row-value` is left out where it gives wrong rows.",
        *(f"### {name} SQLite\n\n{page_section(lines)}" for name, lines in results.pages.items()),
        results.imports,
        results.backpressure,
        server_section(results.servers, results.load_before, results.load_after),
    ]
    return "\n\n".join(parts) + "\n"
