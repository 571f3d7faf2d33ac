# SPDX-License-Identifier: BSL-1.0
"""Compares what the competitors write before anybody is timed."""

import csv
import hashlib
import io
import itertools
import subprocess

from competitors import OURS
from measure import start

SLICE_ROWS = 20_000


def whole_output(commands):
    """Size and SHA-256 of everything a pipeline writes."""
    processes = start(commands, subprocess.PIPE, subprocess.DEVNULL)
    digest, size = hashlib.sha256(), 0
    while block := processes[-1].stdout.read(1 << 20):
        digest.update(block)
        size += len(block)
    codes = [p.wait() for p in processes]
    if any(codes):
        raise SystemExit(f"{commands}: failed with {codes}")
    return size, digest.hexdigest()


def first_records(commands):
    """The header and the first rows, parsed; the pipeline is stopped then."""
    processes = start(commands, subprocess.PIPE, subprocess.DEVNULL)
    text = io.TextIOWrapper(processes[-1].stdout, encoding="utf-8", newline="")
    records = list(itertools.islice(csv.reader(text, strict=True), 1 + SLICE_ROWS))
    for p in processes:
        p.kill()
    for p in processes:
        p.wait()
    return records


def verify(contest):
    """Ends the run with a message if two outputs differ; else says what was compared."""
    ours = next(c for c in contest if c.name == OURS)
    expected = whole_output(ours.commands)
    records = first_records(ours.commands)
    if len(records) < 2 or len(set(map(len, records))) != 1:
        raise SystemExit("ours: the output does not parse as a table")
    identical, alike = [], []
    for c in contest:
        if c is ours or c.output == "none":
            continue
        if c.output == "fields":
            if first_records(c.commands) != records:
                raise SystemExit(f"{c.name}: writes other values than ours")
            alike.append(c.name)
            continue
        commands = [*c.commands, ["gzip", "-dc"]] if c.output == "gzip" else c.commands
        if whole_output(commands) != expected:
            raise SystemExit(f"{c.name}: its output is not byte for byte that of ours")
        identical.append(c.name)
    size, digest = expected
    return (
        f"Ours wrote {size:,} bytes, SHA-256 `{digest}`. Byte for byte the same (after `gzip -d` "
        f"where compressed): {'; '.join(identical)}. Field by field the same over the first "
        f"{len(records) - 1:,} rows: {'; '.join(alike) or 'nobody'}."
    )
