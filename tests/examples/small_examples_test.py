# SPDX-License-Identifier: BSL-1.0
"""Runs the small examples and compares what they print."""

import csv
import http.server
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest

FOLDER = sys.argv.pop(1)


def run(name, *arguments):
    return subprocess.run([os.path.join(FOLDER, name), *arguments], capture_output=True)


def records(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


class SmallExamples(unittest.TestCase):
    def succeed(self, name, *arguments):
        done = run(name, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_quick_start(self):
        self.assertEqual(
            self.succeed("quick_start").decode(),
            'id,amount,note\n1,12.50,"Coffee beans, 5 kg"\n'
            '3,-3.10,"Refund for ""Priority"" shipping"\n4,0.99,\n',
        )

    def test_write_csv(self):
        self.assertEqual(
            records(self.succeed("write_csv")),
            [
                ["id", "payee", "amount", "settled", "settled_at"],
                ["1", "Müller, Jane", "1250.00", "true", "2024-05-06T07:08:00Z"],
                ["2", 'The "Blue" Café', "-0.05", "false", ""],
                ["3", "'=HYPERLINK(\"http://evil\")", "19.99", "true", "2024-05-06T07:08:00.250Z"],
                ["4", "two\nlines", "100000000000000000000.01", "false", ""],
            ],
        )

    def test_rate_limit(self):
        self.assertEqual(
            self.succeed("rate_limit").decode().splitlines(),
            [
                "call 1: allowed, 2 left",
                "call 2: allowed, 1 left",
                "call 3: allowed, 0 left",
                "call 4: Retry-After: 1",
                'RateLimit-Policy: "minute";q=60;w=60',
                'RateLimit: "minute";r=50;t=10',
                "in cool-down: refused",
                "40 calls of a partner",
            ],
        )
    def test_call_partner(self):
        well, outage, after = self.succeed("call_partner").decode().splitlines()
        self.assertEqual(
            well,
            "all is well: breaker closed, partner asked 100 times, 100 ok, 0 retries, 0 refused here",
        )
        asked, ok, refused = (int(re.search(what, outage)[1]) for what in (
            r"asked (\d+) times", r" (\d+) ok", r" (\d+) refused"
        ))
        self.assertEqual(ok, 100)
        self.assertLess(asked, 300)  # of 7,000 calls
        self.assertGreater(refused, 6500)
        self.assertIn("breaker closed", after)
        self.assertGreater(int(re.search(r" (\d+) ok", after)[1]), 5000)

    def test_page_keyset(self):
        lines = self.succeed("page_keyset").decode().splitlines()
        self.assertEqual(lines[0], "100 rows, ids 999 to 801")
        self.assertEqual(lines[4], "100 rows, ids 199 to 1")
        self.assertEqual(lines[5:], ["another tenant's cursor: refused", "a changed cursor: refused"])


    def test_import_file(self):
        with tempfile.TemporaryDirectory() as folder:
            file, database = os.path.join(folder, "p.csv"), os.path.join(folder, "p.db")
            head = "Payment No,amount,status\n"
            with open(file, "w", encoding="utf-8") as out:
                out.write(head + 'A1,12.5,paid\nA2,0,paid\nA3,x,open\nA4,0,open\nA1,13,paid\n')
            done = run("import_file", file, database)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stdout.decode(), head + "A2,0,paid\nA3,x,open\n")
            counts = json.loads(done.stderr)
            self.assertEqual(counts["rejected_by_code"],
                             {"rule.paid_is_not_zero": 1, "type.decimal": 1})
            db = sqlite3.connect(database)
            self.addCleanup(db.close)
            self.assertEqual(db.execute("SELECT * FROM payment ORDER BY reference").fetchall(),
                             [("A1", "13.00", "paid"), ("A4", "0.00", "open")])

    def test_import_chunks(self):
        with tempfile.TemporaryDirectory() as folder:
            file, database = os.path.join(folder, "p.csv"), os.path.join(folder, "p.db")
            with open(file, "w", encoding="utf-8") as out:
                out.write("number,name\n")
                out.writelines(f"{i % 24000},name {i}\n" for i in range(1, 25001))
            done = run("import_chunks", file, database)
            self.assertEqual((done.returncode, done.stdout), (0, b""))
            counts = json.loads(done.stderr)
            self.assertEqual((counts["outcome"], counts["read"], counts["inserted"]),
                             ("completed", 25000, 24000))
            db = sqlite3.connect(database)
            self.addCleanup(db.close)
            self.assertEqual(db.execute("SELECT name FROM account WHERE number = 1000").fetchall(),
                             [("name 25000",)])

    def test_async_service(self):
        # The report would run for ever.
        self.assertEqual(
            self.succeed("async_service").decode(),
            "report: error: the time is over\nbalance: 1200\n",
        )

    @unittest.skipUnless(os.path.exists(os.path.join(FOLDER, "http_get")), "built without http")
    def test_http_get(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status = int(self.path[1:])
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/200")
                self.end_headers()
                self.wfile.write(b"body" * 50000)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        self.assertEqual(self.succeed("http_get", url + "200"), b"body" * 50000)
        self.assertEqual(self.succeed("http_get", url + "302"), b"body" * 50000)
        for path, message in [("404", "invalid_argument: status 404"),
                              ("503", "unavailable: status 503, later perhaps")]:
            done = run("http_get", url + path)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr.decode(), f"http_get: {message}\n")


class ExportCsv(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "t.db")

    def make(self, script):
        db = sqlite3.connect(self.path)
        db.executescript(script)
        db.close()

    def export(self, table):
        return run("export_csv", self.path, table)

    def expect(self, table, expected):
        done = self.export(table)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(records(done.stdout), expected)

    def refuse(self, table, message):
        done = self.export(table)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(message, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_columns_keep_the_order_of_the_table(self):
        self.make("CREATE TABLE t(b TEXT, id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES('x',7,1.5)")
        self.expect("t", [["b", "id", "a"], ["x", "7", "1.5"]])

    def test_a_table_without_a_declared_key_goes_by_its_rowid(self):
        self.make("CREATE TABLE t(a); INSERT INTO t VALUES('z'),('y'),('z')")
        self.expect("t", [["a"], ["z"], ["y"], ["z"]])

    def test_without_rowid_by_a_key_of_two_columns(self):
        self.make(
            "CREATE TABLE t(v, k2 TEXT, k1 INT, PRIMARY KEY(k1, k2)) WITHOUT ROWID;"
            "INSERT INTO t VALUES('c','b',2),('a','z',1),('b','a',2)"
        )
        self.expect(
            "t", [["v", "k2", "k1"], ["a", "z", "1"], ["b", "a", "2"], ["c", "b", "2"]]
        )

    def test_names_with_quotes_dots_and_blanks(self):
        self.make('CREATE TABLE "a.b ""c"("x.y", "select" TEXT); INSERT INTO "a.b ""c" VALUES(1, \'\')')
        self.expect('a.b "c', [["x.y", "select"], ["1", ""]])

    def test_more_rows_than_one_statement_reads(self):
        self.make(
            "CREATE TABLE t(n); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c LIMIT "
            "12345) INSERT INTO t SELECT i FROM c"
        )
        self.expect("t", [["n"]] + [[str(i)] for i in range(1, 12346)])

    def test_an_empty_table_is_its_header(self):
        self.make("CREATE TABLE t(a, b)")
        self.expect("t", [["a", "b"]])

    def test_what_cannot_be_exported_is_one_sentence(self):
        self.make("CREATE TABLE t(a); CREATE VIEW v AS SELECT * FROM t")
        self.refuse("nothing", 'there is no table "nothing"')
        self.refuse("v", "is a view")
        self.path += ".absent"
        self.refuse("t", "not_found")

    def test_a_file_that_is_no_database(self):
        with open(self.path, "wb") as file:
            file.write(b"not a database, but long enough to be looked at" * 100)
        self.refuse("t", "data_corrupted")

    def test_usage(self):
        done = run("export_csv")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"usage", done.stderr)

    def test_a_reader_that_goes_away_is_an_error(self):
        self.make(
            "CREATE TABLE t(n); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c LIMIT "
            "200000) INSERT INTO t SELECT i FROM c"
        )
        with subprocess.Popen(
            [os.path.join(FOLDER, "export_csv"), self.path, "t"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:
            process.stdout.close()
            message = process.stderr.read()
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"export_csv: ", message)


if __name__ == "__main__":
    unittest.main()
