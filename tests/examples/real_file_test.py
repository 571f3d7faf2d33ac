# SPDX-License-Identifier: BSL-1.0
"""Imports a real CSV file into SQLite, exports it by export_csv, and compares with sqlite3 -csv."""

import csv
import io
import os
import sqlite3
import subprocess
import sys
import tempfile

PROGRAM, SOURCE = sys.argv[1:]


def load(path):
    with open(SOURCE, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        columns = ", ".join(f'"{name}" TEXT' for name in names)
        marks = ", ".join("?" * len(names))
        db = sqlite3.connect(path)
        db.execute(f"CREATE TABLE real ({columns})")
        db.executemany(f"INSERT INTO real VALUES ({marks})", reader)
        db.commit()
        db.close()


def records(*command):
    done = subprocess.run(command, capture_output=True, check=True)
    return list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))


def main():
    if not os.path.exists(SOURCE):
        print(f"skipped: there is no {SOURCE}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "real.db")
        load(path)
        ours = records(PROGRAM, path, "real")
        theirs = records(
            "sqlite3", "-batch", "-init", os.devnull, "-csv", "-header", path,
            "SELECT * FROM real ORDER BY rowid",
        )
    with open(SOURCE, encoding="utf-8", newline="") as file:
        original = list(csv.reader(file))
    for number, (a, b, c) in enumerate(zip(ours, theirs, original), 1):
        if not a == b == c:
            print(f"record {number}: ours {a}, sqlite3 {b}, the file {c}")
            return 1
    if not len(ours) == len(theirs) == len(original):
        print(f"ours {len(ours)} records, sqlite3 {len(theirs)}, the file {len(original)}")
        return 1
    print(f"{len(ours)} records, {sum(map(len, ours))} fields: all the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
