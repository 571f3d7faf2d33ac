# SPDX-License-Identifier: BSL-1.0
"""Runs import_csv as its users would: imports, corrects, resumes, and reads its exit codes."""

import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)

TABLE = """CREATE TABLE payment (reference TEXT NOT NULL PRIMARY KEY, account INTEGER NOT NULL
           CHECK (account <> 666), amount TEXT NOT NULL, status TEXT NOT NULL, note TEXT)"""
SCHEMA = {
    "table": "payment",
    "key": ["reference"],
    "columns": [
        {"name": "reference", "required": True, "max_length": 64, "aliases": ["payment no"]},
        {"name": "account", "type": "integer", "required": True, "minimum": 1},
        {"name": "amount", "type": "decimal", "required": True, "precision": 12, "scale": 2},
        {"name": "status", "type": "enumeration", "words": ["paid", "open"], "default": "open"},
        {"name": "note"},
    ],
}
HEADER = "reference,account,amount,status,note\n"
GOOD = HEADER + 'R1,1,12.5,paid,"one, ""two"""\nR2,2,3,open,\n'
GOOD_ROWS = [("R1", 1, "12.50", "paid", 'one, "two"'), ("R2", 2, "3.00", "open", "")]


class Importer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.database = self.path("t.db")
        self.sql(TABLE)
        self.write("schema.json", json.dumps(SCHEMA))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def sql(self, statement):
        db = sqlite3.connect(self.database, timeout=60)
        rows = db.execute(statement).fetchall()
        db.commit()
        db.close()
        return rows

    def rows(self):
        return self.sql("SELECT * FROM payment ORDER BY reference")

    def command(self, name, *options):
        return [PROGRAM, self.path(name), "--schema", self.path("schema.json"),
                "--db", self.database, *options]

    def run_it(self, *command):
        environment = {k: v for k, v in os.environ.items() if k != "IMPORT_CSV_DB"}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def run_import(self, code, text, *options):
        """What it says; `text` goes into in.csv first."""
        self.write("in.csv", text)
        done = self.run_it(*self.command("in.csv", *options))
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        if code != 0:
            self.assertRegex(done.stderr.splitlines()[-1], r"^import_csv: .{20}")
        self.assertEqual([n for n in os.listdir(self.folder) if n.endswith(".tmp")], [])
        return done.stderr

    def job_of(self, said):
        return said.splitlines()[0].split("import_csv: import ")[1]

    def refuse(self, message, *options, text=GOOD):
        said = self.run_import(2, text, *options)
        self.assertIn(message, said)
        self.assertEqual(self.rows(), [])


class Imports(Importer):
    def test_a_good_file(self):
        said = self.run_import(0, GOOD, "--summary", self.path("s.json"))
        self.assertEqual(self.rows(), GOOD_ROWS)
        self.assertIn("2 rows read: 2 inserted, 0 updated", said)
        summary = json.loads(self.read("s.json"))
        self.assertEqual((summary["outcome"], summary["inserted"]), ("completed", 2))
        self.assertEqual(len(summary["file_sha256"]), 64)

    def test_again_changes_nothing_and_a_new_value_is_an_update(self):
        self.run_import(0, GOOD)
        self.assertIn("0 inserted, 0 updated, 2 unchanged", self.run_import(0, GOOD))
        changed = GOOD.replace("12.5", "13")
        self.assertIn("0 inserted, 1 updated, 1 unchanged", self.run_import(0, changed))
        self.assertEqual(self.rows()[0][2], "13.00")

    def test_rejects_are_corrected_and_imported_again(self):
        text = HEADER + "R1,1,x,paid,a\nR2,2,2,paid,b\nR3,666,3,paid,c\nR4,0,4,lost,d\n"
        reports = ["--rejects", self.path("r.csv"), "--errors", self.path("e.json"),
                   "--unprocessed", self.path("u.csv")]
        self.run_import(3, text, *reports)
        self.assertEqual(self.rows(), [("R2", 2, "2.00", "paid", "b")])
        self.assertEqual(
            self.read("r.csv"), HEADER + "R1,1,x,paid,a\nR3,666,3,paid,c\nR4,0,4,lost,d\n")
        self.assertEqual(self.read("u.csv"), HEADER)
        errors = [(e["line"], e["column"], e["code"]) for e in json.loads(self.read("e.json"))]
        self.assertEqual(errors[0], (2, "amount", "type.decimal"))
        self.assertEqual((errors[1][0], errors[1][2].split(".")[0]), (4, "database"))
        self.assertEqual(errors[2:], [(5, "account", "limit.minimum"),
                                      (5, "status", "type.enumeration")])
        corrected = self.read("r.csv").replace("x", "1").replace("666", "7").replace("0,4,lost",
                                                                                     "8,4,open")
        self.run_import(0, corrected)
        self.assertEqual([row[:2] for row in self.rows()],
                         [("R1", 1), ("R2", 2), ("R3", 7), ("R4", 8)])

    def test_errors_as_csv(self):
        self.run_import(3, GOOD + "R3,x,1,paid,\n", "--errors", self.path("e.csv"))
        lines = self.read("e.csv").splitlines()
        self.assertEqual(lines[0], "record,line,offset,column,value,code,message,suggestion")
        self.assertIn("type.integer", lines[1])

    def test_dry_run(self):
        text = GOOD + "R3,666,1,paid,\n"
        said = self.run_import(3, text, "--dry-run", "--rejects", self.path("r.csv"))
        self.assertIn("2 inserted", said)
        self.assertIn("nothing was written", said)
        self.assertEqual(self.rows(), [])
        self.assertEqual(self.read("r.csv"), HEADER + "R3,666,1,paid,\n")

    def test_max_rejected_ends_it_and_a_resume_goes_on(self):
        text = HEADER + "".join(
            f"R{i:03},{666 if i % 3 == 0 else 1},1,paid,\n" for i in range(1, 100))
        said = self.run_import(3, text, "--max-rejected", "9", "--batch", "10",
                               "--unprocessed", self.path("u.csv"))
        left = self.read("u.csv").splitlines()[1:]
        self.assertGreater(len(left), 50)
        self.assertTrue(text.endswith("\n".join(left) + "\n"))
        self.assertIn("too many rows were rejected", said)
        self.assertLess(len(self.rows()), 30)
        self.run_import(3, text, "--resume", self.job_of(said))
        self.assertEqual(len(self.rows()), 66)

    def test_several_writers_give_the_same(self):
        text = HEADER + "".join(f"R{i % 700},{i},1,paid,{i}\n" for i in range(1, 2000))
        self.run_import(0, text, "--writers", "3", "--batch", "50")
        last = {f"R{i % 700}": i for i in range(1, 2000)}
        self.assertEqual({row[0]: row[1] for row in self.rows()}, last)

    def test_gzip(self):
        self.run_import(0, gzip.compress(GOOD.encode()))
        self.assertEqual(self.rows(), GOOD_ROWS)

    def test_damaged_gzip(self):
        # Random, so that it does not become so small that all is in the last block.
        text = HEADER + "".join(f"R{random.Random(i).random()},1,1,paid,\n" for i in range(2000))
        packed = gzip.compress(text.encode())
        self.refuse("data_corrupted", text=packed[: len(packed) // 2])

    def test_a_spelling_of_its_own(self):
        text = "# exported\nR1;1;12.5;paid;'one, \"two\"'\nR2;2;3;NULL;NULL\n"
        self.run_import(0, text, "--delimiter", ";", "--quote", "'", "--comment", "#",
                        "--no-header", "--null", "NULL")
        self.assertEqual(self.rows(), [GOOD_ROWS[0], ("R2", 2, "3.00", "open", None)])

    def test_latin1(self):
        self.run_import(0, (HEADER + "R1,1,1,paid,caf\xe9\n").encode("latin-1"),
                        "--encoding", "latin1")
        self.assertEqual(self.rows()[0][4], "caf\xe9")

    def test_table_and_key_of_the_command_line(self):
        self.sql(TABLE.replace("payment (", "other ("))
        self.run_import(0, GOOD, "--table", "other", "--key", "reference")
        self.assertEqual(self.sql("SELECT count(*) FROM other"), [(2,)])

    def test_forget(self):
        said = self.run_import(0, GOOD, "--forget")
        self.assertIn("there is no job", self.run_import(2, GOOD, "--resume", self.job_of(said)))

    def test_an_id_is_taken_once(self):
        said = self.run_import(0, GOOD, "--id", "payments-0506")
        self.assertEqual(self.job_of(said), "payments-0506")
        self.assertIn("conflict", self.run_import(2, GOOD, "--id", "payments-0506"))
        self.run_import(0, GOOD, "--resume", "payments-0506")

    def test_a_duplicate_key_as_the_schema_says(self):
        self.write("schema.json", json.dumps(SCHEMA | {"duplicates": "reject"}))
        said = self.run_import(3, GOOD + "R1,9,9,paid,\n", "--errors", self.path("e.csv"))
        self.assertIn("1 rejected", said)
        self.assertIn("rule.duplicate_key", self.read("e.csv"))


class Interrupted(Importer):
    ROWS = 150_000

    def start(self):
        """A running import of many rows, some of which are in."""
        self.text = HEADER + "".join(
            f"R{i * 7919 % 1000003},{i % 500 + 1},{i % 1000}.25,"
            f"{'lost' if i % 997 == 5 else 'paid'},\n" for i in range(self.ROWS))
        self.good = self.ROWS - sum(i % 997 == 5 for i in range(self.ROWS))
        self.write("in.csv", self.text)
        running = subprocess.Popen(self.command("in.csv", "--batch", "20"),
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.stderr.close)
        self.addCleanup(running.kill)
        job = self.job_of(running.stderr.readline())
        for _ in range(3000):
            if self.sql("SELECT count(*) > 100 FROM payment") == [(1,)]:
                return running, job
            time.sleep(0.01)
        self.fail("no row has come in")

    def resume(self, job):
        already = len(self.rows())
        self.assertTrue(0 < already < self.good, already)
        self.run_import(3, self.text, "--resume", job, "--rejects", self.path("r.csv"),
                        "--summary", self.path("s.json"))
        self.assertEqual(len(self.rows()), self.good)
        summary = json.loads(self.read("s.json"))
        self.assertEqual((summary["read"], summary["inserted"]), (self.ROWS, self.good))
        rejected = [line for line in self.text.splitlines() if ",lost," in line]
        self.assertEqual(self.read("r.csv").splitlines()[1:], rejected)

    def test_killed_and_resumed(self):
        running, job = self.start()
        running.kill()
        self.assertEqual(running.wait(), -signal.SIGKILL)
        self.resume(job)

    def test_interrupted_and_resumed(self):
        running, job = self.start()
        running.send_signal(signal.SIGINT)
        said = running.communicate()[1]
        self.assertEqual(running.returncode, 130, said)
        self.assertIn(f"--resume {job}", said.splitlines()[-1])
        self.resume(job)

    def test_another_file_is_not_what_was_begun(self):
        said = self.run_import(0, GOOD)
        changed = GOOD.replace("12.5", "99")
        self.assertIn("conflict", self.run_import(2, changed, "--resume", self.job_of(said)))
        self.assertEqual(self.rows(), GOOD_ROWS)


class Refusals(Importer):
    def schema(self, text, *messages):
        self.write("schema.json", text if isinstance(text, str) else json.dumps(text))
        for message in messages:
            self.refuse(message)

    def column(self, **members):
        return SCHEMA | {"columns": [*SCHEMA["columns"][:4], {"name": "note", **members}]}

    def test_schemas(self):
        self.schema('{"table": \n\n x}', "schema.json: line 3: not JSON")
        self.schema("{} {}", "something follows")
        self.schema("[]", "the file: must be an object, and is an array")
        self.schema({"tabel": "x", "columns": []}, 'tabel: is not known; did you mean "table"?')
        self.schema({"table": 1}, "table: must be a text, and is a number",
                    "columns: must be an array")
        self.schema(SCHEMA | {"on_conflict": "updat"}, 'on_conflict: "updat" is not known; '
                    'did you mean "update"?')
        self.schema(SCHEMA | {"format": {"delimiter": ";;"}},
                    "format.delimiter: must be one ASCII character")
        self.schema(SCHEMA | {"format": {"sep": ";"}}, "format.sep: is not known; there are")
        self.schema(self.column(type="integr"), 'columns[4].type: "integr" is not known; did you '
                    'mean "integer"?')
        self.schema(self.column(type="text", scale=2),
                    "columns[4].scale: is not known in a column of type text")
        self.schema(self.column(type="integer", minimum="1"),
                    "columns[4].minimum: must be a whole number")
        self.schema(self.column(type="decimal", minimum=0.1), "columns[4].minimum: must be a text")
        self.schema(self.column(type="text", max_length=-1), "columns[4].max_length: is below 0")
        self.schema(self.column(type="enumeration", words=[{"word": "a", "stored": []}]),
                    "columns[4].words[0].stored: must be")
        self.schema(self.column(type="boolean", default="yes"),
                    "columns[4].default: is no value of type boolean")
        self.schema(self.column(type="timestamp", zone="2h"), "columns[4].zone: must be Z")
        self.schema(SCHEMA | {"key": ["nothing"]}, "nothing")

    def test_files(self):
        self.refuse("amount", text=HEADER.replace("amount", "value") + "R1,1,1,paid,\n")
        self.refuse("2 of the first 2 rows are bad", text=HEADER + "R1,x,1,paid,\nR2,y,1,paid,\n")
        done = self.run_it(*self.command("absent.csv"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("not_found", done.stderr)

    def test_usage(self):
        self.refuse("--nothing: there is no such option", "--nothing")
        self.refuse("--batch: \"0\" is not a whole number from 1 to 100000", "--batch", "0")
        self.refuse("--writers", "--writers", "many")
        self.refuse("--delimiter: \"ab\" is not one ASCII character", "--delimiter", "ab")
        self.refuse("--encoding", "--encoding", "ebcdic")
        self.refuse("ends in .csv or .json", "--errors", "e.txt")
        self.refuse("one FILE at a time", "another.csv")
        self.refuse("--rejects: its value is missing", "--rejects")
        self.refuse("cannot be written", "--rejects", self.path("no/such/r.csv"))
        self.refuse("there is no job", "--resume", "0123")
        for command in ([], ["x.csv"], ["x.csv", "--schema", "s"], ["-", "--schema", "s"]):
            done = self.run_it(PROGRAM, *command)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
        done = self.run_it(PROGRAM, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--resume ID", done.stdout)

    def test_databases(self):
        for where, code, message in (
            (self.path("absent.db"), 1, "absent.db"),
            (self.write("no.db", b"not a database, but long enough" * 200), 1, "data_corrupted"),
            ("mariadb://u:secret@h:x/d", 2, "the port is not a number"),
            ("mariadb://h/d", 2, "no user"),
            ("mariadb://u:secret@h", 2, "no database"),
            ("mariadb://u:sec%zret@h/d", 2, "two hex digits"),
            ("mariadb://u:secret@127.0.0.1:1/d", 1, "127.0.0.1"),
            ("postgres://u:secret@127.0.0.1:1/d", 1, "127.0.0.1"),
        ):
            with self.subTest(where=where):
                self.write("in.csv", GOOD)
                command = self.command("in.csv")
                command[command.index(self.database)] = where
                done = self.run_it(*command)
                if "this build has no" in done.stderr:
                    self.assertEqual(done.returncode, 2)
                    continue
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(message, done.stderr)
                self.assertNotIn("secret", done.stderr)

    def test_a_table_that_is_not_there(self):
        self.assertIn("nothing", self.run_import(1, GOOD, "--table", "nothing"))


if __name__ == "__main__":
    unittest.main()
