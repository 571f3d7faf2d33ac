# SPDX-License-Identifier: BSL-1.0
"""Code in the documentation is code that is compiled.

A fenced block after `<!-- snippet: path#tag -->` must equal the lines between two `// [tag]` lines
of that file, up to their common indentation. A C++ block without such a comment is a problem too.
"""

import os
import re
import textwrap

import sources

MARK = re.compile(r"<!--\s*snippet:\s*(?P<path>[^\s#]+)#(?P<tag>[\w-]+)\s*-->\s*$")
FENCE = re.compile(r"^(```+)\s*(\w*)")


def region(text, tag):
    """The lines between the first two `// [tag]` lines (`# [tag]` in scripts), or None."""
    lines = text.split("\n")
    ends = [i for i, line in enumerate(lines) if re.fullmatch(rf"\s*(//|#) \[{re.escape(tag)}\]", line)]
    if len(ends) != 2:
        return None
    return textwrap.dedent("\n".join(lines[ends[0] + 1 : ends[1]])).strip("\n")


def blocks(text):
    """(line number, language, body, mark or None) of every fenced block."""
    lines = text.split("\n")
    mark = None
    i = 0
    while i < len(lines):
        fence = FENCE.match(lines[i])
        if fence:
            start = i
            i += 1
            while i < len(lines) and not lines[i].startswith(fence[1]):
                i += 1
            body = textwrap.dedent("\n".join(lines[start + 1 : i])).strip("\n")
            yield start + 1, fence[2], body, mark
            mark = None
        elif lines[i].strip():
            mark = MARK.search(lines[i])
        i += 1


def documents(root):
    top = [name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    found = [name for name in top if os.path.exists(os.path.join(root, name))]
    return found + sources.files(root, ["docs"], ".md")


def check(root):
    for document in documents(root):
        for number, language, body, mark in blocks(sources.read(root, document)):
            where = f"{document}:{number}"
            if mark is None:
                if language in ("cpp", "c++"):
                    yield f"{where}: C++ without a `<!-- snippet: path#tag -->` before it"
                continue
            if not os.path.exists(os.path.join(root, mark["path"])):
                yield f"{where}: there is no file {mark['path']}"
                continue
            source = region(sources.read(root, mark["path"]), mark["tag"])
            if source is None:
                yield f"{where}: {mark['path']} has no region between two `// [{mark['tag']}]` lines"
            elif source != body:
                yield f"{where}: differs from {mark['path']}#{mark['tag']}"


if __name__ == "__main__":
    sources.run(check, "snippets")
