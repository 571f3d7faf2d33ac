# SPDX-License-Identifier: BSL-1.0
"""What ledger_seed and ledger_server promise, asked over HTTP and compared with SQL."""

import csv
import gzip
import http.client
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone

FOLDER = sys.argv.pop(1)
ROWS = 20000
FIELDS = "id,tenant_id,account,amount,currency,status,description,created_at".split(",")


def seed(path, rows):
    return subprocess.run(
        [os.path.join(FOLDER, "ledger_seed"), "--db", path, "--rows", str(rows)],
        capture_output=True, text=True,
    )


def start(*arguments, **environment):
    return subprocess.Popen(
        [os.path.join(FOLDER, "ledger_server"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, **environment),
    )


def records(data, **dialect):
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), **dialect))


class Seed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "l.db")

    def content(self):
        db = sqlite3.connect(self.path)
        rows = db.execute("SELECT * FROM ledger_entry ORDER BY id").fetchall()
        db.close()
        return rows

    def test_the_same_number_makes_the_same_ledger(self):
        self.assertEqual(seed(self.path, 3000).returncode, 0)
        first = self.content()
        os.remove(self.path)
        self.assertEqual(seed(self.path, 3000).returncode, 0)
        self.assertEqual(self.content(), first)
        self.assertEqual(len(first), 3000)

    def test_a_complete_ledger_is_kept_and_another_size_replaces_it(self):
        seed(self.path, 100)
        stamp = os.stat(self.path).st_ino
        self.assertIn("already", seed(self.path, 100).stderr)
        self.assertEqual(os.stat(self.path).st_ino, stamp)
        seed(self.path, 50)
        self.assertEqual(len(self.content()), 50)

    def test_the_content_is_awkward_enough(self):
        seed(self.path, 5000)
        texts = [row[6] for row in self.content()]
        for needle in ("", ",", '"', "\n", "'", "=SUM", "お", "🙂"):
            self.assertTrue(any(t is not None and (needle in t if needle else t == "") for t in texts), needle)
        self.assertIn(None, texts)

    def test_what_cannot_be_made_leaves_nothing(self):
        self.assertEqual(seed(self.path, "x").returncode, 2)
        self.assertEqual(seed(self.path, 0).returncode, 2)
        failed = seed(os.path.join(self.path, "no", "folder"), 10)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("not_found", failed.stderr)
        self.assertFalse(os.path.exists(self.path))


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = os.path.join(cls.folder.name, "l.db")
        done = seed(cls.path, ROWS)
        assert done.returncode == 0, done.stderr
        cls.server = start("--db", cls.path, "--port", "0")
        cls.addClassCleanup(cls.end)
        cls.port = int(cls.server.stdout.readline().rstrip("/\n").rsplit(":", 1)[1])
        cls.db = sqlite3.connect(cls.path)
        cls.addClassCleanup(cls.db.close)

    @classmethod
    def end(cls):
        if cls.server.poll() is None:
            cls.server.terminate()
        cls.server.communicate()

    def get(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, path):
        status, _, body = self.get(path)
        return status, json.loads(body)

    def export(self, query="", **dialect):
        status, _, body = self.get("/exports/transactions.csv" + query)
        self.assertEqual(status, 200, body)
        return records(body, **dialect)

    def expected(self, where="1", order="e.id"):
        rows = self.db.execute(
            "SELECT e.id, e.tenant_id, a.name, e.amount, e.currency, e.status, e.description, "
            f"e.created_at FROM ledger_entry e JOIN account a ON a.id = e.account_id WHERE {where} "
            f"ORDER BY {order}"
        )
        return [["" if v is None else str(v) for v in row] for row in rows]

    def test_all_of_it_as_sqlite3_prints_it(self):
        status, headers, body = self.get("/exports/transactions.csv")
        self.assertEqual(status, 200)
        printed = subprocess.run(
            ["sqlite3", "-batch", "-init", os.devnull, "-csv", "-header", self.path,
             "SELECT e.id, e.tenant_id, a.name AS account, e.amount, e.currency, e.status, "
             "e.description, e.created_at FROM ledger_entry e CROSS JOIN account a "
             "ON a.id = e.account_id ORDER BY e.id"],
            capture_output=True, check=True,
        ).stdout
        self.assertEqual(body, printed)
        self.assertEqual(headers["Content-Disposition"], 'attachment; filename="transactions.csv"')
        self.assertEqual(len(records(body)), ROWS + 1)

    def test_one_tenant_and_status_newest_first(self):
        got = self.export("?tenant=3&status=pending")
        where = "e.tenant_id = 3 AND e.status = 'pending'"
        self.assertGreater(len(got), 10)
        self.assertEqual(got, [FIELDS] + self.expected(where, "e.created_at DESC, e.id DESC"))

    def test_columns_in_the_order_asked_for(self):
        got = self.export("?tenant=9&columns=amount,id&header=absent")
        rows = self.expected("e.tenant_id = 9", "e.created_at DESC, e.id DESC")
        self.assertEqual(got, [[row[3], row[0]] for row in rows])

    def test_a_tenant_without_rows_is_a_header(self):
        self.assertEqual(self.export("?tenant=2000000000"), [FIELDS])

    def test_for_a_spreadsheet(self):
        _, _, body = self.get(
            "/exports/transactions.csv?tenant=1&delimiter=semicolon&line_ending=crlf&bom=utf8"
            "&formula_guard=on&timestamps=rfc3339"
        )
        self.assertTrue(body.startswith(b"\xef\xbb\xbfid;tenant_id;"))
        self.assertIn(b"\r\n", body)
        got = records(body[3:], delimiter=";")
        expected = self.expected("e.tenant_id = 1", "e.created_at DESC, e.id DESC")
        self.assertTrue(any(row[6].startswith("=") for row in expected))
        for ours, theirs in zip(got[1:], expected, strict=True):
            self.assertEqual(ours[3], theirs[3])  # a negative amount is a number, not a formula
            self.assertEqual(ours[6], "'" + theirs[6] if theirs[6][:1] == "=" else theirs[6])
            instant = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(theirs[7]))
            self.assertEqual(datetime.fromisoformat(ours[7].replace("Z", "+00:00")), instant)

    def test_gzip(self):
        status, headers, body = self.get(
            "/exports/transactions.csv?tenant=1", **{"Accept-Encoding": "gzip"}
        )
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        self.assertEqual(gzip.decompress(body), self.get("/exports/transactions.csv?tenant=1")[2])

    def test_resume_at_any_byte(self):
        _, headers, whole = self.get("/exports/transactions.csv")
        for first in (1, 4096, len(whole) // 2, len(whole) - 1):
            status, _, rest = self.get(
                "/exports/transactions.csv",
                **{"Range": f"bytes={first}-", "If-Range": headers["ETag"]},
            )
            self.assertEqual((status, rest), (206, whole[first:]), first)

    def test_bad_parameters_are_named(self):
        for query, name in [
            ("tenant=x", "tenant"), ("tenant=0", "tenant"), ("tenant=-1", "tenant"),
            ("tenant=1&tenant=2", "tenant"), ("status=odd", "status"), ("columns=id,secret", "columns"),
            ("columns=", "columns"), ("delimiter=pipe", "delimiter"), ("colums=id", "colums"),
            ("status=%27%3B--", "status"), ("header=yes", "header"), ("timestamps=", "timestamps"),
        ]:
            status, headers, body = self.get("/exports/transactions.csv?" + query)
            self.assertEqual(status, 400, query)
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            self.assertIn(name, json.loads(body)["detail"])

    def test_pages_forward_and_back(self):
        path, pages = "/api/transactions?tenant=1&limit=97", []
        while path:
            status, body = self.json(path)
            self.assertEqual(status, 200, body)
            pages.append(body)
            path = body["links"]["next"]
        rows = self.expected("e.tenant_id = 1", "e.created_at DESC, e.id DESC")
        flat = [entry for page in pages for entry in page["data"]]
        self.assertEqual([str(e["id"]) for e in flat], [row[0] for row in rows])
        self.assertEqual([e["account"] for e in flat], [row[2] for row in rows])
        self.assertEqual([e["amount"] for e in flat], [row[3] for row in rows])
        self.assertEqual([e["description"] or "" for e in flat], [row[6] for row in rows])
        self.assertIsNone(pages[0]["links"]["prev"])
        for before, page in zip(pages, pages[1:]):
            self.assertEqual(self.json(page["links"]["prev"])[1]["data"], before["data"])

    def test_a_cursor_is_good_for_its_own_list_only(self):
        link = self.json("/api/transactions?tenant=1&limit=5")[1]["links"]["next"]
        token = link.split("cursor=")[1]
        other = "x" if token[20] != "x" else "y"
        for path in [
            f"/api/transactions?tenant=2&cursor={token}",
            f"/api/transactions?tenant=1&status=failed&cursor={token}",
            f"/api/transactions?tenant=1&cursor={token[:-1]}",
            f"/api/transactions?tenant=1&cursor={token[:20]}{other}{token[21:]}",
            "/api/transactions?tenant=1&cursor=",
            "/api/transactions?tenant=1&cursor=" + "A" * 5000,
        ]:
            status, headers, _ = self.get(path)
            self.assertEqual((status, headers["Content-Type"]), (400, "application/problem+json"), path)
        self.assertEqual(self.json(f"/api/transactions?tenant=1&limit=7&cursor={token}")[0], 200)

    def test_bad_page_requests(self):
        for query in ("", "?tenant=", "?tenant=1&limit=0", "?tenant=1&limit=501", "?tenant=1&page=2"):
            self.assertEqual(self.get("/api/transactions" + query)[0], 400, query)

    def test_operations(self):
        self.export("?tenant=1")
        self.json("/api/transactions?tenant=1")
        status, body = self.json("/api/status")
        self.assertEqual(status, 200)
        self.assertGreaterEqual(body["exports"]["completed"], 1)
        for timing in ("chunks", "first_bytes", "pages"):
            self.assertGreaterEqual(body[timing]["count"], 1)
            self.assertLessEqual(body[timing]["p50_ms"], body[timing]["p95_ms"])
            self.assertLessEqual(body[timing]["p95_ms"], body[timing]["max_ms"])
        text = self.get("/metrics")[2].decode()
        self.assertIn("# TYPE scalekit_export_rows_total counter", text)
        self.assertIn("ledger_page_seconds_count", text)
        status, headers, page = self.get("/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertNotRegex(page.decode(), r"(src|href)=\"(https?:)?//")

    def test_what_is_not_there(self):
        self.assertEqual(self.get("/exports/other.csv")[0], 404)
        self.assertEqual(self.get("/api/transactions", method="POST")[0], 405)


class Life(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "l.db")

    def fails(self, *arguments, **environment):
        with start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        self.assertEqual(out, "")
        return process.returncode, err

    def test_ends_in_order_on_each_signal(self):
        seed(self.path, 100)
        for number in (signal.SIGTERM, signal.SIGINT):
            with start("--db", self.path, "--port", "0") as process:
                self.assertIn("listening on http://127.0.0.1:", process.stdout.readline())
                process.send_signal(number)
                _, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, err), (0, ""))

    def test_what_is_wrong_is_one_sentence(self):
        code, err = self.fails("--db", self.path)
        self.assertEqual(code, 1)
        self.assertIn("not_found", err)
        self.assertEqual(self.fails()[0], 2)
        self.assertEqual(self.fails("--db", "x", "--port", "70000")[0], 2)
        seed(self.path, 100)
        code, err = self.fails("--db", self.path, "--port", "0", LEDGER_CURSOR_KEY="abc")
        self.assertEqual(code, 1)
        self.assertIn("LEDGER_CURSOR_KEY", err)

    def test_a_missing_index_is_told_at_the_start(self):
        seed(self.path, 100)
        db = sqlite3.connect(self.path)
        db.execute("DROP INDEX entry_newest")
        db.commit()
        db.close()
        code, err = self.fails("--db", self.path, "--port", "0")
        self.assertEqual(code, 1)
        self.assertIn("CREATE INDEX", err)


if __name__ == "__main__":
    unittest.main()
