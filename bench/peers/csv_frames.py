# SPDX-License-Identifier: BSL-1.0
"""csv_frames.py LIBRARY FILE: every cell of a CSV file, as text, by duckdb, polars or pyarrow."""

import json
import sys


def with_duckdb(path):
    import duckdb

    rows = duckdb.read_csv(path, header=True, all_varchar=True, sep=",", quotechar='"', escapechar='"')
    lengths = " + ".join(f'coalesce(strlen("{c}"), 0)' for c in rows.columns)
    count, size = rows.aggregate(f"count(*), sum({lengths})").fetchone()
    return rows.columns, count, size


def with_polars(path):
    import polars

    rows = polars.read_csv(path, infer_schema=False, missing_utf8_is_empty_string=True)
    size = sum(rows[c].str.len_bytes().sum() for c in rows.columns)
    return rows.columns, rows.height, size


def with_pyarrow(path):
    import pyarrow
    import pyarrow.compute
    from pyarrow import csv

    names = csv.open_csv(path).schema.names
    types = csv.ConvertOptions(column_types={name: pyarrow.string() for name in names})
    rows = csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=types)
    size = sum(pyarrow.compute.sum(pyarrow.compute.binary_length(column)).as_py() for column in rows.columns)
    return names, rows.num_rows, size


library, path = sys.argv[1:]
header, count, size = {"duckdb": with_duckdb, "polars": with_polars, "pyarrow": with_pyarrow}[library](path)
figures = {
    "records": count + 1,
    "fields": (count + 1) * len(header),
    "bytes": size + sum(len(name.encode()) for name in header),
}
print(json.dumps(figures), file=sys.stderr)
