# SPDX-License-Identifier: BSL-1.0
"""A short run of the backpressure experiment: what must add up whatever the machine is doing."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = sys.argv.pop(1)
SVG = "{http://www.w3.org/2000/svg}"


class Backpressure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            chart = os.path.join(folder, "chart.svg")
            done = subprocess.run([PROGRAM, "--seconds", "1", "--chart", chart, "--json"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            with open(chart, encoding="utf-8") as file:
                cls.chart = file.read()
        cls.runs = json.loads(done.stdout)

    def each_run(self):
        for run in self.runs:
            with self.subTest(scenario=run["scenario"], rules=run["rules"]):
                yield run

    def test_two_scenarios_each_without_and_with_the_rules(self):
        self.assertEqual([(r["scenario"], r["rules"]) for r in self.runs],
                         [("spike", "without"), ("spike", "with"),
                          ("outage", "without"), ("outage", "with")])

    def test_both_ways_meet_the_same_load(self):
        calls = [r["calls"] for r in self.runs]
        self.assertEqual(calls[0], calls[1])
        self.assertEqual(calls[2], calls[3])
        self.assertGreater(calls[0], calls[2])

    def test_every_call_ends_once(self):
        for run in self.each_run():
            self.assertEqual(
                run["answered"] + run["failed"] + run["refused"] + run["abandoned"], run["calls"])

    def test_attempts_add_up(self):
        for run in self.each_run():
            called = run["answered"] + run["failed"]
            self.assertEqual(run["attempts"] - run["retries"], called)
            self.assertEqual(run["done"] + run["throttled"] + run["broken"], run["reached"])
            # An attempt may give up before the partner sees it, and an answer may come too late.
            self.assertLessEqual(run["reached"], run["attempts"])
            self.assertLessEqual(run["answered"], run["done"])

    def test_without_rules_nothing_is_refused_and_six_attempts_are_made(self):
        for run in self.each_run():
            if run["rules"] == "without":
                self.assertEqual(run["refused"], 0)
                self.assertGreaterEqual(run["attempts"], run["answered"] + 6 * run["failed"])

    def test_the_budget_bounds_retries(self):
        for run in self.each_run():
            if run["rules"] == "with":
                most = max(run["retry_minimum"], run["retry_ratio"] * run["calls"])
                self.assertLessEqual(run["retries"], most)

    def test_percentiles_are_in_order(self):
        for run in self.each_run():
            if run["answered"] == 0:
                self.assertIsNone(run["p95_ms"])
                continue
            self.assertLessEqual(run["p50_ms"], run["p95_ms"])
            self.assertLessEqual(run["p95_ms"], run["p99_ms"])

    def test_the_chart_is_one_well_formed_file(self):
        root = xml.etree.ElementTree.fromstring(self.chart)
        self.assertEqual(root.tag, SVG + "svg")
        texts = [t.text for t in root.iter(SVG + "text")]
        for title in ["spike, without the rules", "spike, with the rules",
                      "outage, without the rules", "outage, with the rules"]:
            self.assertIn(title, texts)
        curves = [p for p in root.iter(SVG + "path") if p.get("stroke-width") == "2"]
        self.assertEqual(len(curves), 4 * 5)
        self.assertNotRegex(self.chart, r"\b(nan|inf)\b|<script|href=")

    def test_usage(self):
        for wrong in (["--seconds", "0"], ["--seconds", "9"], ["--seconds", "x"], ["--other"],
                      ["more"]):
            done = subprocess.run([PROGRAM, *wrong], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    unittest.main()
