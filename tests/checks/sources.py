# SPDX-License-Identifier: BSL-1.0
"""What the checks share: finding files, and C++ text without its comments."""

import os
import re
import sys

SKIPPED_FOLDERS = {".git", ".cache", "__pycache__", "build", "node_modules"}

_TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | \b[0-9](?:'?[0-9a-zA-Z_.])*
      | '(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


def without_comments(text):
    """The same lines with every comment blanked; strings stay as they are."""

    def blank(match):
        if match["comment"] is None:
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])

    return _TOKENS.sub(blank, text)


def files(root, folders, endings):
    """Paths below root/folder, relative to root and sorted, whose name ends as asked."""
    found = []
    for folder in folders:
        for directory, subfolders, names in os.walk(os.path.join(root, folder)):
            subfolders[:] = [s for s in subfolders if s not in SKIPPED_FOLDERS and "build-" not in s]
            for name in names:
                if name.endswith(endings):
                    found.append(os.path.relpath(os.path.join(directory, name), root))
    return sorted(set(os.path.normpath(path) for path in found))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def matches(root, paths, pattern):
    """(path, line number, matched text) of a pattern in the code, not the comments, of C++ files."""
    for path in paths:
        text = without_comments(read(root, path))
        for number, line in enumerate(text.split("\n"), 1):
            for match in pattern.finditer(line):
                yield path, number, match[0]


def report(problems, what):
    """Prints the problems and says, as an exit code, whether there were any."""
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problem(s)" if problems else f"{what}: clean")
    return 1 if problems else 0


def run(check, what):
    """The main() of every check: `check(root)` yields problems as text."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} REPOSITORY")
    sys.exit(report(list(check(sys.argv[1])), what))
