# SPDX-License-Identifier: BSL-1.0
"""The whole demo on a small ledger: download, compress, kill either side, resume, page, tamper, import;
a partner's spike and outage."""

import os
import subprocess
import sys
import tempfile

FOLDER, IMPORTER, BACKPRESSURE, DEMO = sys.argv[1:]

with tempfile.TemporaryDirectory() as work:
    database = os.path.join(work, "ledger.db")
    subprocess.run(
        [os.path.join(FOLDER, "ledger_seed"), "--db", database, "--rows", "200000"], check=True
    )
    done = subprocess.run(
        [sys.executable, "-B", DEMO, "--server", os.path.join(FOLDER, "ledger_server"),
         "--importer", IMPORTER, "--backpressure", BACKPRESSURE,
         "--db", database, "--work", work, "--once"]
    )
    if done.returncode != 0:
        with open(os.path.join(work, "ledger_server.log"), encoding="utf-8") as log:
            print(log.read())
sys.exit(done.returncode)
