#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Uses a ledger_server as its clients would, with curl, and prints what it measured.

Checks every download against `sqlite3 -csv` of the same rows. Ends processes only by the handles of
those it started.
"""

import argparse
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

EXPORT = "/exports/transactions.csv"
ALL_ENTRIES = """
    SELECT e.id, e.tenant_id, a.name AS account, e.amount, e.currency, e.status, e.description,
           e.created_at
      FROM ledger_entry e CROSS JOIN account a ON a.id = e.account_id ORDER BY e.id"""
STATEMENT = """
    CREATE TABLE bank_statement (reference TEXT NOT NULL PRIMARY KEY, booked_at INTEGER NOT NULL,
      amount TEXT NOT NULL, currency TEXT NOT NULL CHECK (currency <> 'XXX'), description TEXT)"""
STATEMENT_ROWS = 200_000
NEWEST_IDS = """
    SELECT id FROM ledger_entry WHERE tenant_id = 1 ORDER BY created_at DESC, id DESC LIMIT {}"""
LONGEST_TRANSFER = 3600  # seconds


def say(text):
    print(text, flush=True)


# --- processes and files ------------------------------------------------------------------------


class Server:
    """One run of the service; the same key and port serve every run of a demo."""

    def __init__(self, program, database, log, port=0):
        environment = dict(os.environ, LEDGER_CURSOR_KEY=hashlib.sha256(b"demo").hexdigest())
        self.process = subprocess.Popen(
            [program, "--db", database, "--port", str(port)],
            stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
        )
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.wait()
            sys.exit(f"demo: {program} did not start; see {log.name}")
        self.url = line.split()[-1].rstrip("/")
        self.port = int(self.url.rsplit(":", 1)[1])

    def memory_kib(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0

    def status(self):
        return self.get("/api/status")[1]

    def get(self, path):
        """(status code, JSON body) of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def kill(self):
        """What a power cut or the kernel's out-of-memory killer does."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def curl(url, body, headers, *options):
    """A running curl that writes body and headers to files, and its timing to stdout."""
    return subprocess.Popen(
        ["curl", "-sS", "--max-time", str(LONGEST_TRANSFER), "-o", body, "-D", headers,
         "-w", "%{http_code} %{time_starttransfer} %{time_total}", *options, url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


class Download:
    """What a finished curl brought."""

    def __init__(self, process, body, headers):
        out, err = process.communicate()
        if process.returncode != 0:
            sys.exit(f"demo: curl failed ({process.returncode}): {err.strip()}")
        code, first_byte, total = out.split()
        self.code, self.first_byte, self.seconds = int(code), float(first_byte), float(total)
        self.size = os.path.getsize(body)
        self.fields = read_fields(headers)
        self.sha256 = sha256_of_file(body)

    def repr_digest(self):
        """The SHA-256 that the server names, in hex; from a header or a trailer."""
        value = self.fields.get("repr-digest", "")
        if not value.startswith("sha-256=:"):
            return ""
        return base64.b64decode(value[len("sha-256=:"):].rstrip(":")).hex()


def read_fields(path):
    fields = {}
    for line in pathlib.Path(path).read_text().splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields[name.strip().lower()] = value.strip()
    return fields


def sha256_of(stream):
    digest, size = hashlib.sha256(), 0
    while block := stream.read(1 << 20):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def sha256_of_file(path):
    with open(path, "rb") as file:
        return sha256_of(file)[0]


def output_of(*command):
    """(SHA-256, size) of what a command prints."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        result = sha256_of(process.stdout)
    if process.returncode != 0:
        sys.exit(f"demo: {command[0]} failed")
    return result


def sqlite3_command(database, sql, *options):
    return ["sqlite3", "-batch", "-init", os.devnull, "-readonly", *options, database, sql]


# --- the scoreboard -----------------------------------------------------------------------------


class Scoreboard:
    """Rows of: objective, the floor it must not miss, our goal, what was measured."""

    def __init__(self):
        self.rows = []
        self.failed = False

    def limit(self, what, measured, floor, goal, unit, digits=1):
        """A measurement that must not exceed the floor, and should not exceed the goal; without a
        floor (None) the goal is one."""
        must = goal if floor is None else floor
        verdict = "FAILED" if measured > must else "ok" if measured <= goal else "above goal"
        self._add(what, "" if floor is None else f"< {floor:g} {unit}", f"< {goal:g} {unit}",
                  f"{measured:.{digits}f} {unit}", verdict)

    def at_least(self, what, measured, floor, goal, unit):
        """A measurement that must reach the floor, and should reach the goal."""
        verdict = "FAILED" if measured < floor else "ok" if measured >= goal else "below goal"
        self._add(what, f"> {floor:,} {unit}", f"> {goal:,} {unit}", f"{measured:,.0f} {unit}",
                  verdict)

    def fact(self, what, holds, measured):
        """Something that must be so."""
        self._add(what, "", "yes", measured, "ok" if holds else "FAILED")

    def _add(self, *row):
        self.rows.append(row)
        self.failed |= row[-1] == "FAILED"

    def show(self):
        table = [("objective", "floor", "goal", "measured", ""), *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(5)]
        say("")
        for number, row in enumerate(table):
            say("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
            if number == 0:
                say("  ".join("-" * width for width in widths))
        say("\nFAILED: see above" if self.failed else "\nall rows hold")


def percentile(values, share):
    return sorted(values)[int((len(values) - 1) * share)]


# --- what is shown ------------------------------------------------------------------------------


class Demo:
    def __init__(self, arguments, work, log):
        self.database = arguments.db
        self.importer = arguments.importer
        self.spike = arguments.backpressure
        self.chart = os.path.join(arguments.work, "backpressure.svg")
        self.work = work
        self.program = arguments.server
        self.log = log
        self.body = str(work / "download.csv")
        self.headers = str(work / "headers")
        self.board = Scoreboard()
        self.first_bytes = []
        self.server = None

    def start(self, port=0):
        self.server = Server(self.program, self.database, self.log, port)

    def fetch(self, path, *options):
        got = Download(curl(self.server.url + path, self.body, self.headers, *options),
                       self.body, self.headers)
        self.first_bytes.append(got.first_byte)
        return got

    def measure_truth(self):
        say("asking sqlite3 for the same rows")
        began = time.monotonic()
        self.sha256, self.size = output_of(
            *sqlite3_command(self.database, ALL_ENTRIES, "-csv", "-header"))
        self.sqlite3_seconds = time.monotonic() - began
        say(f"  {self.size / 1e6:.1f} MB in {self.sqlite3_seconds:.1f} s")

    def whole_download(self):
        say("downloading all of it")
        got = self.fetch(EXPORT)
        say(f"  {got.size / 1e6:.1f} MB in {got.seconds:.1f} s")
        same = got.code == 200 and got.sha256 == self.sha256
        self.board.fact("export = sqlite3 -csv, byte for byte", same,
                        f"{got.size / 1e6:.1f} MB" if same else "differs")
        self.board.fact("Repr-Digest trailer = SHA-256 of the body",
                        got.repr_digest() == self.sha256, got.repr_digest()[:12] or "none")

    def compressed_download(self):
        say("downloading it compressed")
        got = self.fetch(EXPORT, "-H", "Accept-Encoding: gzip")
        plain, _ = output_of("gzip", "-dc", self.body)
        self.board.fact("gzip download unpacks to the same", plain == self.sha256,
                        f"{got.size / 1e6:.1f} MB in {got.seconds:.1f} s")
        self.board.fact("Repr-Digest of the gzip download", got.repr_digest() == got.sha256,
                        got.repr_digest()[:12] or "none")

    def small_downloads(self):
        say("downloading tenant by tenant")
        for tenant in range(31, 51):
            # A filter that few rows pass: the first chunk is long in filling.
            self.fetch(f"{EXPORT}?tenant={tenant}" + ("&status=failed" if tenant % 2 else ""))
        self.board.limit(f"time to first byte, worst of {len(self.first_bytes)} exports",
                         max(self.first_bytes) * 1e3, 2000, 20, "ms")

    def memory_growth(self, what):
        growth = (self.server.memory_kib("VmHWM") - self.at_rest) / 1024
        self.board.limit(f"growth of the server's memory, {what}", growth, None, 8, "MB")

    def slow_downloads(self):
        say("four slow downloads at once")
        rate = str(max(self.size // 4, 100_000))
        slow = [curl(self.server.url + EXPORT, os.devnull, os.devnull, "--limit-rate", rate,
                     "--max-time", "2") for _ in range(4)]
        for process in slow:
            process.communicate()

    def cut_off(self, end):
        """Downloads slowly and calls `end` when half is there; the ETag of what was begun."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.body)
        running = curl(self.server.url + EXPORT, self.body, self.headers,
                       "--limit-rate", str(max(self.size // 8, 100_000)))
        while running.poll() is None:
            if os.path.exists(self.body) and os.path.getsize(self.body) >= self.size // 2:
                end(running)
                break
            time.sleep(0.01)
        running.communicate()
        have = os.path.getsize(self.body)
        say(f"  cut off with {have / 1e6:.1f} of {self.size / 1e6:.1f} MB")
        if have >= self.size:
            sys.exit("demo: the download had ended before it could be cut off; use more --rows")
        return read_fields(self.headers)["etag"]

    def resume(self, what, etag):
        have = os.path.getsize(self.body)
        got = self.fetch(EXPORT, "-C", "-", "-H", f"If-Range: {etag}")
        same = got.code == 206 and self.sha256 == got.sha256 == got.repr_digest()
        self.board.fact(what, same,
                        f"206 from byte {have:,}" if same else f"{got.code}, or other bytes")

    def resume_after_client(self):
        say("killing the client half-way")
        etag = self.cut_off(lambda running: running.kill())
        freed = self.wait_until(lambda s: not s["exports"]["running"])
        self.board.fact("a client that left frees its export", freed, "yes" if freed else "no")
        self.resume("resumed after the client was killed: identical", etag)

    def resume_after_server(self):
        say("killing the server half-way (kill -9)")
        port = self.server.port

        def end(running):
            self.server.kill()
            # What the kernel has buffered would still arrive: of a small table, all the rest.
            running.kill()

        etag = self.cut_off(end)
        self.start(port)
        self.resume("resumed after the server was killed: identical", etag)

    def wait_until(self, holds):
        for _ in range(500):
            if holds(self.server.status()):
                return True
            time.sleep(0.02)
        return False

    def chunks(self):
        timing = self.server.status()["chunks"]
        self.board.limit(f"export chunk of about 5,000 rows, p95 of {timing['count']}",
                         timing["p95_ms"], 1500, 15, "ms", 2)

    def walk(self, path, pages):
        """Follows `next` for so many pages; (ids, seconds of each, path of the next)."""
        ids, seconds = [], []
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        with contextlib.closing(connection):
            while path and len(seconds) < pages:
                began = time.monotonic()
                connection.request("GET", path)
                answer = connection.getresponse()
                body = json.loads(answer.read())
                seconds.append(time.monotonic() - began)
                if answer.status != 200:
                    sys.exit(f"demo: {path}: {answer.status} {body}")
                ids += [entry["id"] for entry in body["data"]]
                path = body["links"]["next"]
        return ids, seconds, path

    def deep_pages(self):
        """The way down before the server is killed, the measurement after: a cursor outlives it."""
        say("paging through tenant 1")
        self.walked, _, self.deep = self.walk("/api/transactions?tenant=1&limit=500", 200)
        if self.deep:
            self.deep = self.deep.replace("limit=500", "limit=50")

    def measure_pages(self):
        ids, seconds, _ = self.walk(self.deep or "/api/transactions?tenant=1&limit=50", 300)
        if self.deep:
            ids = self.walked + ids
        expected = subprocess.run(sqlite3_command(self.database, NEWEST_IDS.format(len(ids))),
                                  capture_output=True, text=True, check=True).stdout.split()
        self.board.fact("pages: every row once, in order, across a restart",
                        ids == [int(n) for n in expected], f"{len(ids):,} rows")
        timing = self.server.status()["pages"]
        self.board.limit(f"page at depth {len(ids):,}, p95 in the server", timing["p95_ms"],
                         150, 2, "ms", 2)
        self.board.limit("the same, p95 at the client", percentile(seconds, 0.95) * 1e3,
                         150, 10, "ms", 2)

    def tampering(self):
        say("tampering with cursors")
        _, body = self.server.get("/api/transactions?tenant=1&limit=5")
        path, token = body["links"]["next"].split("cursor=")
        forged = [path + "cursor=" + token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1:]
                  for i in range(len(token))]
        forged += [path + "cursor=" + token[:-n] for n in (1, 8, len(token) - 1)]
        forged += [path + "cursor=", path + "cursor=eyJpZCI6MX0",
                   f"/api/transactions?tenant=2&cursor={token}",
                   f"/api/transactions?tenant=1&status=failed&cursor={token}"]
        refused = sum(self.server.get(p)[0] == 400 for p in forged)
        self.board.fact("changed and foreign cursors are refused", refused == len(forged),
                        f"{refused} of {len(forged)}")

    def crowd(self):
        say("200 requests at once")
        answers, start = [], threading.Barrier(200)

        def ask(i):
            start.wait()
            began = time.monotonic()
            try:
                code = self.server.get(f"/api/transactions?tenant={i % 50 + 1}&limit=10")[0]
            except OSError as problem:
                code = str(problem)
            answers.append((code, time.monotonic() - began))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        good = sum(code == 200 for code, _ in answers)
        p95 = percentile([seconds for _, seconds in answers], 0.95) * 1e3
        self.board.fact("200 requests at once, all answered", good == 200,
                        f"{good}, p95 {p95:.0f} ms at the client")

    def write_statement(self):
        """A file with bad amounts, currencies the table refuses, and references that come again;
        keeps what table and rejects file must hold."""
        head = "Reference,Booked At,Amount,Currency,Description\n"
        self.table, bad = {}, [head]
        with open(self.work / "statement.csv", "w", encoding="utf-8", newline="") as file:
            file.write(head)
            for i in range(STATEMENT_ROWS):
                key = i * 7919 % 1_000_003 if i % 100 else i // 2 * 7919 % 1_000_003
                amount = "12,5O" if i % 1000 == 77 else f"{i % 9000}.{i % 90 + 10}"
                currency = "XXX" if i % 9999 == 533 else "EUR"
                line = (f'B{key},2024-05-06T07:{i % 60:02}:00Z,"{amount}",{currency},'
                        f'"payment {i}, ""café"""\n')
                file.write(line)
                if amount == "12,5O" or currency == "XXX":
                    bad.append(line)
                else:
                    self.table[f"B{key}"] = (amount, f'payment {i}, "café"')
        self.bad_rows = "".join(bad)

    def import_command(self, *options):
        schema = pathlib.Path(__file__).with_name("bank_statement.json")
        return [self.importer, str(self.work / "statement.csv"), "--schema", str(schema),
                "--db", self.database, *options]

    def import_statement(self, *options):
        """Seconds of one import to its end; 3 says that rows were rejected."""
        began = time.monotonic()
        done = subprocess.run(self.import_command(*options), stderr=subprocess.PIPE, text=True)
        if done.returncode != 3:
            sys.exit(f"demo: import_csv ended with {done.returncode}: {done.stderr}")
        return time.monotonic() - began

    def kill_import(self, db):
        """Begins an import and kills it (kill -9) in the midst; (its id, rows that were in)."""
        running = subprocess.Popen(self.import_command("--batch", "200"), stderr=subprocess.PIPE,
                                   text=True)
        job = running.stderr.readline().split()[-1]
        while running.poll() is None:
            if db.execute("SELECT count(*) FROM bank_statement").fetchone()[0] > 50_000:
                running.kill()
            time.sleep(0.01)
        running.communicate()
        rows = db.execute("SELECT count(*) FROM bank_statement").fetchone()[0]
        if running.returncode != -signal.SIGKILL:
            sys.exit("demo: the import had ended before it could be killed")
        say(f"  killed with {rows:,} of {len(self.table):,} rows in the table")
        return job, rows

    def imports(self):
        say(f"importing {STATEMENT_ROWS:,} rows, some of them bad, some twice")
        self.write_statement()
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as db:
            db.executescript(f"DROP TABLE IF EXISTS bank_statement; {STATEMENT}")
            seconds = self.import_statement("--forget")
            self.board.at_least("import, a minute and worker, checks and all",
                                STATEMENT_ROWS * 60 / seconds, 50_000, 3_000_000, "rows")
            db.execute("DELETE FROM bank_statement")
            db.commit()
            say("importing them again, killing it half-way (kill -9)")
            job, rows = self.kill_import(db)
            rejects = self.work / "rejects.csv"
            self.import_statement("--resume", job, "--rejects", str(rejects), "--forget")
            table = {row[0]: row[1:] for row in db.execute(
                "SELECT reference, amount, description FROM bank_statement")}
            db.execute("DROP TABLE bank_statement")
        self.board.fact("import resumed after kill -9: each row as it must be", table == self.table,
                        f"{len(table):,} rows, {rows:,} before the kill")
        same = rejects.read_bytes().decode() == self.bad_rows
        count = self.bad_rows.count("\n") - 1
        self.board.fact("its rejects file: the bad rows, byte for byte", same,
                        f"{count} rows" if same else "differs")

    def backpressure(self):
        say("sending a partner a spike, and another one an outage, without rules and with them")
        done = subprocess.run([self.spike, "--json", "--chart", self.chart], capture_output=True,
                              text=True)
        if done.returncode != 0:
            sys.exit(f"demo: backpressure failed: {done.stderr.strip()}")
        runs = {(r["scenario"], r["rules"]): r for r in json.loads(done.stdout)}
        say(f"  {self.chart} shows them over time")
        for what, scenario, name, floor, goal, unit in [
            ("429 rate in a spike", "spike", "throttled_percent", 2, 0.5, "%"),
            ("p95 stable in a spike: times that before", "spike", "p95_ratio", 5, 1.5, "x"),
            ("attempts after an outage: times the usual peak", "outage", "herd", 3, 1.5, "x"),
        ]:
            # None: there was no answer to measure.
            naive, ruled = (float("inf") if value is None else value for value in
                            (runs[scenario, rules][name] for rules in ("without", "with")))
            self.board.limit(f"{what} (naive: {naive:.1f} {unit})", ruled, floor, goal, unit)

    def run(self):
        self.measure_truth()
        self.start()
        say(f"the service is at {self.server.url}/")
        self.deep_pages()
        self.at_rest = self.server.memory_kib("VmRSS")
        self.whole_download()
        self.compressed_download()
        self.small_downloads()
        self.memory_growth("one export at a time")
        self.slow_downloads()
        self.memory_growth("four slow ones at once")
        self.chunks()
        self.resume_after_client()
        self.resume_after_server()
        self.measure_pages()
        self.tampering()
        self.crowd()
        self.imports()
        self.backpressure()
        self.board.show()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, help="the ledger_server program")
    parser.add_argument("--importer", required=True, help="the import_csv program")
    parser.add_argument("--backpressure", required=True, help="the backpressure program")
    parser.add_argument("--db", required=True, help="a file made by ledger_seed")
    parser.add_argument("--work", required=True, help="folder for downloads and the log")
    parser.add_argument("--once", action="store_true", help="end after the scoreboard")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("demo: ended by a signal"))
    log_path = pathlib.Path(arguments.work) / "ledger_server.log"
    with open(log_path, "w") as log, tempfile.TemporaryDirectory(dir=arguments.work) as work:
        demo = Demo(arguments, pathlib.Path(work), log)
        try:
            demo.run()
            if not arguments.once:
                say(f"\nThe operator page: {demo.server.url}/    (Ctrl-C ends it)")
                demo.server.process.wait()
        except KeyboardInterrupt:
            say("")
        finally:
            if demo.server is not None:
                demo.server.stop()
    return 1 if demo.board.failed else 0


if __name__ == "__main__":
    sys.exit(main())
