# SPDX-License-Identifier: BSL-1.0
"""Runs one competitor and measures it from outside, alike for all of them."""

import json
import os
import subprocess
import tempfile
import threading
import time


class PeakMemory(threading.Thread):
    """Watches processes' own peak. (What wait4 says starts at the size of the one that forked.)"""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.kib = dict.fromkeys(pids, 0)
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            for pid in self.kib:
                self.kib[pid] = max(self.kib[pid], self.peak_of(pid))

    @staticmethod
    def peak_of(pid):
        try:
            with open(f"/proc/{pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1])
        except OSError:
            pass
        return 0


def start(commands, stdout, stderr):
    """A pipeline; only the first process's stderr is taken."""
    processes = []
    upstream = None
    for i, command in enumerate(commands):
        last = i + 1 == len(commands)
        process = subprocess.Popen(
            command,
            stdin=upstream or subprocess.DEVNULL,
            stdout=stdout if last else subprocess.PIPE,
            stderr=stderr if i == 0 else None,
        )
        if upstream:
            upstream.close()
        upstream = process.stdout
        processes.append(process)
    return processes


def run_pipeline(competitor):
    """CPU time and memory of all its processes (a mere `cat` at the end not counted), wall time,
    and whatever figures the first of them printed."""
    with tempfile.TemporaryFile() as stderr:
        began = time.monotonic()
        processes = start(competitor.commands, subprocess.DEVNULL, stderr)
        counted = [p for p in processes if p.args[0] != "cat"]
        memory = PeakMemory([p.pid for p in counted])
        memory.start()
        cpu = 0.0
        codes = []
        for p in processes:
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
            codes.append(p.returncode)
            if p in counted:
                cpu += usage.ru_utime + usage.ru_stime
        wall = time.monotonic() - began
        memory.ended.set()
        memory.join()
        stderr.seek(0)
        said = stderr.read().decode(errors="replace")
    if any(codes):
        raise SystemExit(f"{competitor.name} failed with {codes}: {said[-1000:]}")
    figures = {}
    lines = said.strip().splitlines()
    if lines and lines[-1].startswith("{"):
        figures = json.loads(lines[-1])
    return {**figures, "cpu_s": cpu, "wall_s": wall, "peak_kib": sum(memory.kib.values())}
