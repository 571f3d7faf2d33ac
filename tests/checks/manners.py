# SPDX-License-Identifier: BSL-1.0
"""What a library may not do to its host, and what a test may not depend on."""

import re

import sources

CPP = (".hpp", ".cpp")

# Time and chance are injected; only these files touch the real ones.
REAL_WORLD = re.compile(
    r"\bthis_thread::sleep_(?:for|until)\b|\b(?:u|nano)?sleep\s*\("
    r"|\b(?:system|steady|high_resolution|utc)_clock::now\b|\brandom_device\b"
    r"|\b(?:gettimeofday|clock_gettime|getentropy|getrandom|srand)\s*\("
    r"|\bstd::(?:rand|time)\s*\(|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)"
)
REAL_WORLD_ALLOWED = {"src/clock.cpp", "src/random.cpp"}

# The host owns the terminal and the process.
OUTPUT_OR_EXIT = re.compile(
    r"\b(?:f|v|vf)?printf\s*\(|\bstd::(?:cout|cerr|clog|terminate)\b|\bf?puts\s*\(|\bputchar\s*\("
    # Not the methods of that name: abort(why), run->exit().
    r"|(?<![\w.>:])(?:std::|::)?(?:abort\s*\(\s*\)|(?:quick_exit|_exit|_Exit|exit)\s*\()"
    r"|\bassert\s*\("
)
# result::value() in a library built without exceptions.
OUTPUT_OR_EXIT_ALLOWED = {"src/error.cpp"}

THROW = re.compile(r"\bthrow\b")


def check(root):
    everything = sources.files(root, ["include", "src", "tests"], CPP)
    library = [p for p in everything if not p.startswith("tests/")]
    headers = [p for p in everything if p.startswith("include/")]
    rules = [
        (everything, REAL_WORLD, REAL_WORLD_ALLOWED, "real time or chance; take a clock or a source"),
        (library, OUTPUT_OR_EXIT, OUTPUT_OR_EXIT_ALLOWED, "a library never prints nor ends the process"),
        (headers, THROW, set(), "a header never throws; return a result"),
    ]
    for paths, pattern, allowed, why in rules:
        for path, number, text in sources.matches(root, paths, pattern):
            if path not in allowed:
                yield f"{path}:{number}: {text.strip()}: {why}"


if __name__ == "__main__":
    sources.run(check, "manners")
