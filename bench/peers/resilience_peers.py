# SPDX-License-Identifier: BSL-1.0
"""How the peers of rate limiter, breaker and pipeline are built, each from what this machine or a
package registry has. One that cannot be had is reported as not run. See resilience/README.md."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "resilience"


@dataclass
class Peer:
    name: str
    tools: list
    build: list  # commands, in the folder of the sources
    run: list


def of_node(folder):
    """In a copy, for npm puts packages beside the program."""
    files = ["package.json", "package-lock.json", "resilience.mjs"]
    return Peer(
        "cockatiel and opossum",
        ["node", "npm"],
        [
            ["cp", *(f"node/{name}" for name in files), folder],
            ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", folder],
        ],
        ["node", folder / "resilience.mjs"],
    )


def of_java(folder):
    maven = ["mvn", "--quiet", "--batch-mode", "--file", "java/pom.xml", f"-Dout={folder}"]
    return Peer(
        "resilience4j and Bucket4j",
        ["java", "mvn"],
        [[*maven, "compile", "dependency:copy-dependencies"]],
        ["java", "-cp", f"{folder}/classes:{folder}/lib/*", "Resilience"],
    )


def all_of_them(folder):
    go, rust, folly = folder / "resilience_go", folder / "resilience_rust", folder / "folly_bucket"
    cargo = ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", "rust/Cargo.toml"]
    return [
        Peer(
            "folly's algorithm", ["c++"],
            [["c++", "-std=c++20", "-O3", "-DNDEBUG", "-pthread", "-o", folly, "folly_bucket.cpp"]], [folly],
        ),
        Peer("governor", ["cargo"], [[*cargo, "--target-dir", rust]], [rust / "release/resilience_rust"]),
        Peer("x/time/rate, gobreaker and failsafe-go", ["go"], [["go", "build", "-C", "go", "-o", go, "."]], [go]),
        of_java(folder / "resilience_java"),
        of_node(folder / "resilience_node"),
    ]


def why_not(peer):
    """Builds it, and says why that cannot be done; empty if it was."""
    for tool in peer.tools:
        if not shutil.which(tool):
            return f"{peer.name}: {tool} not installed"
    for command in peer.build:
        done = subprocess.run([*map(str, command)], cwd=HERE, capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
            return f"{peer.name}: not built: {next((x for x in said if 'rror' in x), said[-1])}"
    return ""


def find(folder):
    """Those that can be run, and why the others cannot."""
    found, skipped = [], []
    for name in ("resilience_java", "resilience_node"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for peer in all_of_them(folder):
        reason = why_not(peer)
        if reason:
            skipped.append(reason)
        else:
            found.append(peer)
    return found, skipped
