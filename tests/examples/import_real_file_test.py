# SPDX-License-Identifier: BSL-1.0
"""Imports a real CSV file by import_csv, exports it by export_csv, and compares row by row."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

IMPORT, EXPORT, SOURCE = sys.argv[1:]


def read(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def main():
    if not os.path.exists(SOURCE):
        print(f"skipped: there is no {SOURCE}")
        return 77
    with open(SOURCE, "rb") as file:
        header, *rows = read(file.read())
    with tempfile.TemporaryDirectory() as folder:
        # A key of their own makes rows that are alike different ones.
        numbered, database = os.path.join(folder, "n.csv"), os.path.join(folder, "t.db")
        with open(numbered, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["n", *header], *([i, *r] for i, r in enumerate(rows))])
        schema = os.path.join(folder, "schema.json")
        with open(schema, "w", encoding="utf-8") as file:
            columns = [{"name": "n", "type": "integer", "required": True}]
            columns += [{"name": name} for name in header]
            json.dump({"table": "real", "key": ["n"], "columns": columns}, file)
        db = sqlite3.connect(database)
        names = ", ".join(f'"{name}" TEXT' for name in header)
        db.execute(f"CREATE TABLE real (n INTEGER PRIMARY KEY, {names})")
        db.close()
        subprocess.run([IMPORT, numbered, "--schema", schema, "--db", database], check=True)
        exported = read(subprocess.run([EXPORT, database, "real"], capture_output=True,
                                       check=True).stdout)
    if exported[0] != ["n", *header] or len(exported) != len(rows) + 1:
        print(f"{len(exported)} records, of {len(rows) + 1}; header {exported[0]}")
        return 1
    for number, (a, b) in enumerate(zip(exported[1:], rows)):
        if a != [str(number), *b]:
            print(f"row {number}: {a}, in the file {b}")
            return 1
    print(f"{len(rows)} rows, {len(rows) * len(header)} fields: all the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
