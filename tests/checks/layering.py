# SPDX-License-Identifier: BSL-1.0
"""An include may only point down: host > adapters > modules > ports > vocabulary.

Also keeps third-party headers out of public ones, so that a consumer parses the standard library
and scalekit only.
"""

import os
import re

import sources

# What a file of each layer may include. `sql` is the part of the modules that only spells SQL, so
# adapters may use it; `testing` may know everything but examples.
MAY_INCLUDE = {
    "vocabulary": {"vocabulary"},
    "ports": {"ports", "vocabulary"},
    "sql": {"sql", "ports", "vocabulary"},
    "modules": {"modules", "sql", "ports", "vocabulary"},
    "adapters": {"adapters", "modules", "sql", "ports", "vocabulary"},
    "testing": {"testing", "adapters", "modules", "sql", "ports", "vocabulary"},
    "host": {"host", "testing", "adapters", "modules", "sql", "ports", "vocabulary"},
    "examples": {"examples", "testing", "adapters", "modules", "sql", "ports", "vocabulary"},
}

FOLDER_LAYERS = {
    "ports": "ports",
    "sql": "sql",
    "testing": "testing",
    "adapters": "adapters",
    "http": "adapters",
    "asio": "adapters",
}

# Public headers that exist to show a third-party library's types.
SHOWS_BOOST = ("include/scalekit/asio/", "include/scalekit/http/", "include/scalekit/adapters/beast/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def layer_of(path):
    """The layer of a repository path, e.g. include/scalekit/ports/sql.hpp -> ports."""
    parts = path.split("/")
    if parts[0] == "examples":
        return "examples"
    if parts[:2] == ["include", "scalekit"]:
        parts = parts[2:]
    elif parts[0] == "src":
        parts = parts[1:]
    else:
        return "host"
    if len(parts) == 1:
        return "vocabulary"
    return FOLDER_LAYERS.get(parts[0], "modules")


def resolve(root, path, quoted):
    """Where a quoted include leads: next to the file, else below src/."""
    for base in (os.path.dirname(path), "src"):
        candidate = os.path.normpath(os.path.join(base, quoted))
        if os.path.exists(os.path.join(root, candidate)):
            return candidate
    return None


def includes(root, path):
    for number, line in enumerate(sources.without_comments(sources.read(root, path)).split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def target_of(root, path, angled, quoted):
    if quoted is not None:
        return resolve(root, path, quoted)
    return f"include/{angled}" if angled.startswith("scalekit/") else None


def is_standard(name):
    return "/" not in name and "." not in name


def check(root):
    for path in sources.files(root, ["include", "src", "tests", "bench", "examples"], (".hpp", ".cpp")):
        layer = layer_of(path)
        for number, angled, quoted in includes(root, path):
            where = f"{path}:{number}"
            target = target_of(root, path, angled, quoted)
            if target is not None and layer_of(target) not in MAY_INCLUDE[layer]:
                yield f"{where}: {layer} may not include {layer_of(target)} ({target})"
            if not path.startswith("include/"):
                continue
            if quoted is not None:
                yield f'{where}: a public header includes "{quoted}"; write <scalekit/...>'
            elif target is None and not is_standard(angled):
                if not (angled.startswith("boost/") and path.startswith(SHOWS_BOOST)):
                    yield f"{where}: a public header shows its user <{angled}>"


if __name__ == "__main__":
    sources.run(check, "layering")
