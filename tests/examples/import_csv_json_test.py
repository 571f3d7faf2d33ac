# SPDX-License-Identifier: BSL-1.0
"""import_csv --to-json must give what Python's csv.reader gives, on any file in any dialect."""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

PROGRAM, DATA = sys.argv[1:3]
del sys.argv[1:3]
csv.field_size_limit(1 << 30)

PIECES = ["a", "bc", "7", " ", "\t", ",", ",", ";", '"', '"', '""', "'", "\\", "|", "\n", "\n",
          "\r\n", "\r", "é", "\u20ac", "\U0001f600", "\x00", "#", "\x1f", "\x7f", "\u2028"]
ILL_FORMED = [b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f", b"\xf5", b"\xc0\x80"]


def python_reads(data, encoding="utf-8", delimiter=",", quote='"', escape=None):
    text = data.decode(encoding, errors="replace")
    quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting,
                           quotechar=quote or None, escapechar=escape))


def ours(data, *options):
    done = subprocess.run([PROGRAM, "-", "--to-json", *options], input=data, capture_output=True)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{done.returncode}: {done.stderr.decode()}")
    # Not splitlines(), for which U+2028 is a line end.
    lines = done.stdout.decode("utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def random_file(rng):
    few = rng.sample(PIECES, rng.randint(2, len(PIECES)))
    parts = [rng.choice(few).encode() for _ in range(rng.randint(0, 60))]
    if rng.random() < 0.2:
        parts += [rng.choice(ILL_FORMED) for _ in range(3)]
        rng.shuffle(parts)
    return b"".join(parts)


def well_formed_file(rng):
    """Written by Python, wide and long enough to cross a few of the reader's blocks of 64 bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
                        lineterminator=rng.choice(["\n", "\r\n"]))
    for _ in range(rng.randint(1, 40)):
        writer.writerow(["".join(rng.choices(PIECES, k=rng.randint(0, 9)))
                         for _ in range(rng.randint(1, 8))])
    return out.getvalue().encode()


def dialects(rng):
    return {"delimiter": rng.choice([",", ",", ";", "\t", "|"]),
            "quote": rng.choice(['"', '"', "'", ""]),
            "escape": rng.choice([None, None, "\\"])}


def flags(dialect):
    out = ["--delimiter", dialect["delimiter"], "--quote", dialect["quote"]]
    return out + (["--escape", dialect["escape"]] if dialect["escape"] else [])


class ToJson(unittest.TestCase):
    def compare(self, case):
        data, dialect = case
        expected = python_reads(data, **dialect)
        got = ours(data, *flags(dialect))
        return None if got == expected else f"{data!r} {dialect}: {got}, Python {expected}"

    def compare_all(self, cases):
        # Of an escape at the very end of a file Python makes a line feed.
        cases = [(data + b"z" if dialect["escape"] and data.endswith(b"\\") else data, dialect)
                 for data, dialect in cases]
        with ThreadPoolExecutor(2) as threads:
            wrong = [w for w in threads.map(self.compare, cases) if w]
        self.assertEqual(wrong[:5], [])

    def test_generated_files(self):
        rng = random.Random(4180)
        cases = [(random_file(rng), dialects(rng)) for _ in range(500)]
        cases += [(well_formed_file(rng), {"delimiter": ",", "quote": '"', "escape": None})
                  for _ in range(100)]
        self.compare_all(cases)

    def test_short_files(self):
        rng = random.Random(5)
        cases = [("".join(rng.choices('a,"\n\r\\ ', k=rng.randint(0, 5))).encode(), dialects(rng))
                 for _ in range(200)]
        self.compare_all(cases)

    def test_an_escape_with_nothing_behind_it_is_a_character(self):
        self.assertEqual(ours(b"a\\", "--escape", "\\"), [["a\\"]])

    def test_null_texts_and_empty_lines(self):
        self.assertEqual(ours(b'a,NULL,"NULL"\n\n""\n,x\n', "--null", "NULL"),
                         [["a", None, "NULL"], [], [""], ["", "x"]])
        self.assertEqual(ours(b'a,\n\n""\n', "--null", ""), [["a", None], [], [""]])

    def test_header_or_not_each_record_is_there_once(self):
        for options in ([], ["--no-header"]):
            self.assertEqual(ours(b"h,i\n1\n1,2,3", *options), [["h", "i"], ["1"], ["1", "2", "3"]])

    def test_comments_and_encodings(self):
        self.assertEqual(ours(b"#x\na\n", "--comment", "#"), [["a"]])
        self.assertEqual(ours(b"\xef\xbb\xbfa,b\n"), [["a", "b"]])
        self.assertEqual(ours("\ufeffa,é\n".encode("utf-16-le")), [["a", "é"]])
        self.assertEqual(ours(b"caf\xe9\n", "--encoding", "latin1"), [["café"]])

    def test_a_large_field_is_whole(self):
        text = "x" * (20 << 20)
        self.assertEqual(ours(f'"{text}",y\n'.encode()), [[text, "y"]])

    def test_files_gzip_and_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.csv.gz")
            with open(path, "wb") as file:
                file.write(gzip.compress(b"a,b\n"))
            done = subprocess.run([PROGRAM, path, "--to-json"], capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (0, b'["a","b"]\n'))
        for arguments in (["absent", "--to-json"], ["-", "--to-json", "--quote", ","],
                          ["--to-json"]):
            done = subprocess.run([PROGRAM, *arguments], input=b"", capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertRegex(done.stderr, rb"^import_csv: .{10}")

    def test_sniff(self):
        data = b"name;year\n" + b"'a;b';1984\n" * 20
        done = subprocess.run([PROGRAM, "-", "--sniff"], input=data, capture_output=True,
                              check=True)
        proposal = json.loads(done.stdout)
        self.assertEqual((proposal["format"]["delimiter"], proposal["format"]["quote"]), (";", "'"))
        self.assertTrue(proposal["why"]["delimiter"]["reason"])


class RealFiles(unittest.TestCase):
    def check(self, name, encoding="utf-8", options=(), **dialect):
        path = os.path.join(DATA, name)
        if not os.path.exists(path):
            self.skipTest(f"there is no {path}")
        with open(path, "rb") as file:
            data = file.read()
        expected = python_reads(data, encoding, **dialect)
        got = ours(data, *options)
        for number, (a, b) in enumerate(zip(got, expected), 1):
            self.assertEqual(a, b, f"record {number}")
        self.assertEqual(len(got), len(expected))
        self.assertGreater(len(got), 5)

    def test_nfl(self):
        self.check("nfl.csv")

    def test_world_cities(self):
        self.check("worldcitiespop.csv")

    def test_latin1(self):
        self.check("uspop-latin1.csv", "cp1252", ["--encoding", "latin1"])

    def test_strange(self):
        self.check("strange.csv", options=["--delimiter", ";", "--escape", "\\"],
                   delimiter=";", escape="\\")


if __name__ == "__main__":
    unittest.main()
