# SPDX-License-Identifier: BSL-1.0
"""Every source file names its licence in its first line, or the second after a `#!`."""

import os

import sources

ENDINGS = (".hpp", ".cpp", ".cmake", ".cmake.in", "CMakeLists.txt", ".sh", ".py", ".js", ".mjs")
LICENCE = "SPDX-License-Identifier: BSL-1.0"


def scripts(root):
    """Files without an ending that start with `#!`."""
    for path in sources.files(root, ["."], ""):
        if "." in os.path.basename(path):
            continue
        with open(os.path.join(root, path), "rb") as file:
            if file.read(2) == b"#!":
                yield path


def check(root):
    for path in sorted({*sources.files(root, ["."], ENDINGS), *scripts(root)}):
        lines = sources.read(root, path).split("\n", 2)
        first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
        if LICENCE not in first:
            yield f"{path}:1: the first line does not say {LICENCE}"


if __name__ == "__main__":
    sources.run(check, "spdx")
