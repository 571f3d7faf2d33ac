# SPDX-License-Identifier: BSL-1.0
"""Rate limiter, breaker, retry and pipeline beside their peers, and limits that are shared by way
of a store. As a section of the results. All programs take turns, round after round."""

import datetime
import json
import os
import subprocess
from dataclasses import dataclass
from statistics import median

from peers import resilience_peers
from report import first_line, table

TITLE = "## Backpressure"

# (what the peers' programs call it, threads) -> what ours do
SAME = {
    ("limiter", 1): "try_take, with the fast clock",
    ("limiter", 2): "try_take, with the fast clock, two threads on one bucket",
    ("limiter, time given", 1): "try_take, time given",
    ("limiter, time given", 2): "try_take, two threads on one bucket",
    ("limiter, refused", 1): "try_take, refused",
    ("limiter, 1,000 keys", 1): "keyed, one thread on 1,000 keys",
    ("limiter, 1,000 keys", 2): "keyed, two threads on 1,000 keys",
    ("breaker closed, by calls", 1): "breaker_closed/calls/threads:1",
    ("breaker closed, by calls", 2): "breaker_closed/calls/threads:2",
    ("breaker closed, by time", 1): "breaker_closed/time/threads:1",
    ("breaker closed, by time", 2): "breaker_closed/time/threads:2",
    ("breaker open", 1): "breaker_open",
    ("retry, first attempt", 1): "retry_first_attempt/threads:1",
    ("retry, first attempt", 2): "retry_first_attempt/threads:2",
    ("bulkhead, free", 1): "bulkhead_free/threads:1",
    ("bulkhead, free", 2): "bulkhead_free/threads:2",
    ("pipeline", 1): "pipeline_of_five/threads:1",
    ("pipeline", 2): "pipeline_of_five/threads:2",
    ("no rules", 1): "pipeline_of_none",
}
STORES = ("redis", "sqlite", "postgres", "mariadb")


@dataclass
class Goal:
    what: str
    figure: str
    limit: float
    names: tuple  # of our lines; the worst counts

    def verdict(self, ours):
        samples = [median(s[self.figure] for s in ours[name]) for name in self.names if name in ours]
        if len(samples) < len(self.names):
            return "not measured"
        if self.figure == "cpu_ns":
            return judged(max(samples) <= self.limit, f"{max(samples):.1f} ns")
        return judged(min(samples) >= self.limit, f"{min(samples):,.0f}/s")


GOALS = [
    Goal("limiter, time given: at most 8 ns", "cpu_ns", 8, ("try_take, time given",)),
    Goal("limiter with the kernel's clock: at most 32 ns", "cpu_ns", 32, ("try_take, with the clock",)),
    Goal("limiter with the fast clock: at most 32 ns", "cpu_ns", 32, ("try_take, with the fast clock",)),
    Goal("breaker, before and after a call, with one look at the clock: at most 40 ns", "cpu_ns", 40,
         ("breaker_closed/calls/threads:1", "breaker_closed/time/threads:1")),
    Goal("pipeline of five rules: at most 120 ns", "cpu_ns", 120, ("pipeline_of_five/threads:1",)),
    Goal("limits in Redis, pipelined: at least 70,000/s for a core of the server", "per_second", 70_000,
         ("redis, 16 calls a round trip: the server",)),
    Goal("limits leased from Redis: at least 500,000/s", "per_second", 500_000, ("redis, leased",)),
]


def judged(met, text):
    return f"{'met' if met else '**not met**'} ({text})"


@dataclass
class Backpressure:
    rounds: int
    ours: dict  # line -> samples, one a round
    peers: dict  # (what, threads, peer, version, how) -> samples
    skipped: list


def lines_of(command):
    out = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def of_google_benchmark(program):
    """Its figures in the words of our other program."""
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_repetitions=5", "--benchmark_min_time=0.2"],
                         check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return [
        {"what": b["run_name"].replace("/repeats:5", ""), "cpu_ns": b["cpu_time"], "wall_ns": b["real_time"]}
        for b in json.loads(out)["benchmarks"] if b.get("aggregate_name") == "median"
    ]


def our_programs(build):
    """What runs each of them, and the reasons why one is not run."""
    programs = {
        "bench_limiter": ("with SQLite, PostgreSQL, MariaDB and Redis", lambda program: lines_of([program])),
        "bench_resilience": ("with Google Benchmark", of_google_benchmark),
    }
    found = [(build / name, run) for name, (_, run) in programs.items() if (build / name).exists()]
    return found, [f"{name}: build {why}" for name, (why, _) in programs.items() if not (build / name).exists()]


def measure(build, rounds, say):
    say("peers of limiter, breaker and pipeline ...")
    contest, skipped = resilience_peers.find(build / "peers")
    programs, missing = our_programs(build)
    done = Backpressure(rounds, {}, {}, missing + skipped)
    for number in range(1, rounds + 1):
        for program, run in programs:
            say(f"round {number}: {program.name}")
            for x in run(program):
                done.ours.setdefault(x["what"], []).append(x)
        for peer in contest:
            say(f"round {number}: {peer.name}")
            for x in lines_of(peer.run):
                key = (x["what"], x["threads"], x["peer"], x["version"], x["how"])
                done.peers.setdefault(key, []).append(x)
    return done


def mid(samples, figure):
    return median(s[figure] for s in samples)


def peer_table(done):
    """In the order of SAME; a word that it does not know fails, for its figures would be lost."""
    order = list(SAME)
    rows = []
    for key, samples in sorted(done.peers.items(), key=lambda item: order.index(item[0][:2])):
        what, threads, peer, version, how = key
        ours = done.ours.get(SAME[what, threads])
        pairs = zip(samples, ours or [])
        bytes_known = all("bytes_per_op" in s for s in samples)
        rows.append((
            what, threads, f"{peer} {version.lstrip('v')}" if version != "-" else peer, how,
            f"{mid(ours, 'cpu_ns'):.1f}" if ours else "-", f"{mid(samples, 'ns_per_op'):.1f}",
            f"{median(a['ns_per_op'] / b['cpu_ns'] for a, b in pairs):.1f}x" if ours else "-",
            f"{mid(samples, 'bytes_per_op'):.0f}" if bytes_known else "-",
        ))
    return table(("what", "threads", "peer", "how", "ours ns", "peer ns", "peer / ours", "peer's bytes a call"), rows)


def is_of_store(name):
    return name.split(",")[0] in STORES


def store_table(done):
    rows = []
    for name, samples in done.ours.items():
        if not is_of_store(name) or "round_trips" in samples[0]:
            continue
        trips = done.ours.get(f"{name}: round trips")
        rows.append((
            name, f"{mid(samples, 'per_second'):,.0f}", f"{mid(samples, 'wall_ns') / 1e3:.2f}",
            f"{mid(samples, 'cpu_ns') / 1e3:.2f}",
            f"{mid(trips, 'round_trips'):,.0f} of {mid(trips, 'calls'):,.0f}" if trips else "-",
        ))
    if not rows:
        return "Not run: build with SQLite, PostgreSQL, MariaDB and Redis."
    return table(("limits in a store", "calls/s", "wall us", "CPU us", "round trips"), rows)


def own_table(done):
    rows = [
        (name, f"{mid(samples, 'cpu_ns'):.1f}", f"{mid(samples, 'wall_ns'):.1f}")
        for name, samples in done.ours.items() if not is_of_store(name)
    ]
    return table(("ours", "CPU ns", "wall ns"), rows)


def runtimes():
    return f"{first_line('java', '-version')}; {first_line('go', 'version')}; Node.js {first_line('node', '--version')}"


def section(done, load_before, load_after):
    """Complete in itself, with its title, for it can be replaced alone."""
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    loads = " ".join(f"{x:.1f}" for x in load_before) + " before, " + " ".join(f"{x:.1f}" for x in load_after)
    busy = "\n\n**The machine was busy when this began: run it again for figures to quote.**" if load_before[0] > 1 else ""
    return "\n\n".join([
        TITLE,
        "CPU time of one decision in one process, of all its threads, divided by the calls of all of them; no call is "
        "refused unless said. Each program takes the median of five repetitions, Java's and JavaScript's after a "
        f"warm-up; of these, medians over {done.rounds} rounds, taken in turns, and medians of the "
        "ratios within a round. Ours is the nearest in kind: a breaker whose window is of calls or of time; the pipeline "
        "is a limiter with tokens to spare, breaker, retry with a budget, bulkhead and deadline. The limiter beside its "
        "peers reads `clock::fast()`, as governor does with quanta; breaker and pipeline read the kernel's clock. Lines "
        "named `limit` are what the machine itself asks for. "
        f"{runtimes()}. {today}; load average {loads} after, niceness "
        f"{os.getpriority(os.PRIO_PROCESS, 0)}." + busy,
        "\n".join(f"- Goal: {goal.what}: {goal.verdict(done.ours)}." for goal in GOALS)
        + "".join(f"\n- not run: {reason}" for reason in done.skipped),
        "### Beside their peers\n\n" + peer_table(done),
        "### Limits that are shared\n\nOne caller, over loopback; `leased` takes blocks of tokens and decides in the "
        "process. `the server` is CPU time of Redis itself.\n\n" + store_table(done),
        "### All figures of ours\n\n" + own_table(done),
    ])
