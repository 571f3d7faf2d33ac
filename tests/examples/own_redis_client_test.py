# SPDX-License-Identifier: BSL-1.0
"""Runs a host's own Redis client against a real server, started for it."""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
SERVER = shutil.which("redis-server")


def free_port(calls=itertools.count()):
    """Below the range that outgoing connections take theirs from."""
    while True:
        port = 20_000 + (os.getpid() * 31 + next(calls) * 977) % 12_000
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port


class OwnRedisClient(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.port = free_port()
        self.server = subprocess.Popen(
            [SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", self.folder.name],
            stdout=subprocess.PIPE, text=True,
        )
        self.addCleanup(self.stop)
        for line in self.server.stdout:
            if "Ready to accept connections" in line:
                return
        self.fail("redis-server did not start")

    def stop(self):
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()

    def run_example(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)

    def test_it_conforms_and_limits(self):
        done = self.run_example("127.0.0.1", str(self.port))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        lines = done.stdout.splitlines()
        self.assertEqual(
            lines[:4],
            ["call 1: allowed", "call 2: allowed", "call 3: allowed", "call 4: refused"],
        )
        # Left out: what needs a pipeline of its own, or a server that fails on command.
        self.assertRegex(lines[4], r"^conformance: \d+ passed, 0 failed, 8 skipped$")

    def test_no_server_is_one_sentence(self):
        done = self.run_example("127.0.0.1", str(free_port()))
        self.assertEqual(done.returncode, 1)
        self.assertIn("own_redis_client: unavailable: cannot connect to 127.0.0.1", done.stderr)

    def test_usage(self):
        done = self.run_example()
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage: own_redis_client HOST PORT", done.stderr)


if __name__ == "__main__":
    if SERVER is None:
        print("skipped: redis-server is not installed")
        sys.exit(77)
    unittest.main()
