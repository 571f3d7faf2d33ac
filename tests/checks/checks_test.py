# SPDX-License-Identifier: BSL-1.0
"""Shows for every check a tree that it passes and one that it refuses."""

import os
import tempfile
import unittest

import layering
import manners
import packages
import snippets
import sources
import spdx

SPDX = "// SPDX-License-Identifier: BSL-1.0\n"


class checks_test(unittest.TestCase):
    def problems(self, check, tree):
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return list(check(root))

    def assert_one(self, found, *parts):
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_comments_are_blanked_and_strings_are_not(self):
        text = "a /* b\nc */ d // e\n\"// f\" R\"x(/* g )\" */)x\" 1'000'000 '\"' // h"
        self.assertEqual(
            sources.without_comments(text),
            "a     \n     d     \n\"// f\" R\"x(/* g )\" */)x\" 1'000'000 '\"'     ",
        )

    def test_layers(self):
        for path, layer in {
            "include/scalekit/error.hpp": "vocabulary",
            "src/error.cpp": "vocabulary",
            "include/scalekit/ports/sql.hpp": "ports",
            "src/sql/fragment.cpp": "sql",
            "src/keyset/cursor.cpp": "modules",
            "include/scalekit/adapters/sqlite/connection.hpp": "adapters",
            "src/http/client.cpp": "adapters",
            "src/testing/manual_clock.cpp": "testing",
            "tests/unit/core/result_test.cpp": "host",
            "examples/ledger/main.cpp": "examples",
        }.items():
            self.assertEqual(layering.layer_of(path), layer, path)

    def includes(self, path, line):
        tree = {
            path: SPDX + line + "\n",
            "src/adapters/x/private.hpp": "",
            "examples/e.hpp": "",
        }
        return self.problems(layering.check, tree)

    def test_includes_that_point_down(self):
        for path, line in [
            ("include/scalekit/a.hpp", "#include <vector>"),
            ("include/scalekit/ports/a.hpp", "#include <scalekit/error.hpp>"),
            ("src/csv/a.cpp", "#include <scalekit/ports/sql.hpp>"),
            ("src/csv/a.cpp", "#include <fmt/format.h>"),
            ("src/csv/a.cpp", "// #include <scalekit/testing/manual_clock.hpp>"),
            ("src/adapters/x/a.cpp", '#include "private.hpp"'),
            ("src/adapters/x/a.cpp", "#include <scalekit/sql/identifier.hpp>"),
            ("include/scalekit/asio/a.hpp", "#include <boost/asio.hpp>"),
            ("include/scalekit/testing/a.hpp", "#include <scalekit/csv/reader.hpp>"),
            ("tests/unit/a.cpp", "#include <scalekit/testing/manual_clock.hpp>"),
            ("examples/a.cpp", '#include "e.hpp"'),
        ]:
            self.assertEqual(self.includes(path, line), [], path + " " + line)

    def test_includes_that_point_up(self):
        for path, line in [
            ("include/scalekit/a.hpp", "#include <scalekit/ports/sql.hpp>"),
            ("src/a.cpp", "#include <scalekit/csv/reader.hpp>"),
            ("include/scalekit/ports/a.hpp", "#include <scalekit/sql/fragment.hpp>"),
            ("src/sql/a.cpp", "#include <scalekit/csv/reader.hpp>"),
            ("src/csv/a.cpp", "#include <scalekit/adapters/sqlite/connection.hpp>"),
            ("src/csv/a.cpp", '#include "adapters/x/private.hpp"'),
            ("src/csv/a.cpp", "#  include <scalekit/http/client.hpp>"),
            ("src/adapters/x/a.cpp", "#include <scalekit/testing/manual_clock.hpp>"),
            ("tests/a.cpp", '#include "../examples/e.hpp"'),
            ("include/scalekit/csv/a.hpp", "#include <boost/asio.hpp>"),
            ("include/scalekit/a.hpp", "#include <sqlite3.h>"),
            ("include/scalekit/a.hpp", "#include <unistd.h>"),
            ("include/scalekit/a.hpp", '#include "bytes.hpp"'),
        ]:
            found = self.includes(path, line)
            self.assert_one(found, path + ":2: ")

    def code(self, path, line):
        return self.problems(manners.check, {path: SPDX + line + "\n"})

    def test_good_manners(self):
        for path, line in [
            ("src/clock.cpp", "auto t = std::chrono::system_clock::now();"),
            ("src/a.cpp", "wait.sleep_for(delay);  // not std::this_thread::sleep_for"),
            ("src/a.cpp", "std::snprintf(text, sizeof text, \"%d\", n);"),
            ("src/a.cpp", "static_assert(sizeof(int) == 4);"),
            ("include/scalekit/a.hpp", "/// It does not throw."),
            ("src/a.cpp", "throw;"),
            ("src/a.cpp", "run->abort(); sink.exit(1); abort(reason);"),
        ]:
            self.assertEqual(self.code(path, line), [], line)

    def test_bad_manners(self):
        for path, line in [
            ("src/a.cpp", "auto t = std::chrono::system_clock::now();"),
            ("include/scalekit/a.hpp", "auto t = std::chrono::steady_clock::now();"),
            ("tests/unit/a.cpp", "std::this_thread::sleep_for(1s);"),
            ("tests/unit/a.cpp", "std::mt19937 engine(std::random_device{}());"),
            ("src/a.cpp", "usleep(1);"),
            ("src/a.cpp", "const auto now = time(nullptr);"),
            ("src/a.cpp", "std::cerr << message;"),
            ("src/a.cpp", "std::printf(\"%d\", n);"),
            ("src/a.cpp", "std::abort();"),
            ("src/a.cpp", "abort();"),
            ("src/a.cpp", "::_exit(1);"),
            ("src/a.cpp", "assert(ready);"),
            ("include/scalekit/a.hpp", "std::exit(1);"),
            ("include/scalekit/a.hpp", "throw std::logic_error(text);"),
        ]:
            self.assert_one(self.code(path, line), path + ":2: ")

    def test_spdx(self):
        good = {
            "src/a.cpp": SPDX,
            "tests/CMakeLists.txt": "# SPDX-License-Identifier: BSL-1.0\n",
            "scripts/go": "#!/bin/sh\n# SPDX-License-Identifier: BSL-1.0\n",
            "build/dev/a.cpp": "generated",
            "notes": "no program",
        }
        self.assertEqual(self.problems(spdx.check, good), [])
        for path, text in {
            "src/a.cpp": "#include <vector>\n" + SPDX,
            "cmake/a.cmake": "",
            "scripts/go": "#!/bin/sh\n\n# SPDX-License-Identifier: BSL-1.0\n",
            "tests/a.py": "import os\n",
        }.items():
            self.assert_one(self.problems(spdx.check, {path: text}), path)

    def document(self, text):
        source = "int a;\n  // [quick]\n  int b;\n    int c;\n  // [quick]\n"
        return self.problems(snippets.check, {"README.md": text, "tests/t.cpp": source})

    def test_snippets(self):
        mark = "<!-- snippet: tests/t.cpp#quick -->\n"
        right = "```cpp\nint b;\n  int c;\n```\n"
        self.assertEqual(self.document("# Title\n\n" + mark + right), [])
        self.assertEqual(self.document("```sh\nmake\n```\n"), [])
        self.assert_one(self.document(right), "README.md:1", "without")
        self.assert_one(self.document(mark + "```cpp\nint b;\nint c;\n```\n"), "README.md:2", "differs")
        self.assert_one(self.document(mark.replace("quick", "slow") + right), "no region")
        self.assert_one(self.document(mark.replace("t.cpp", "u.cpp") + right), "no file")

    PACKAGE = {
        "CMakeLists.txt": "project(x VERSION 1.2.3)\noption(SCALEKIT_WITH_ZIP \"\" ON)\n"
        "option(SCALEKIT_WITH_WEB \"\" ON)\n"
        "scalekit_component(core HEADERS a.hpp SOURCES a.cpp)\n",
        "cmake/components.cmake": "scalekit_component(zip DEPENDS core SOURCES zip/b_${kind}.cpp)\n"
        "scalekit_component(web DEPENDS core zip HEADERS w.hpp)\n",
        "vcpkg.json": '{"version": "1.2.3", "default-features": ["zip"], "features": {"zip": {},'
        ' "web": {"dependencies": ["ssl", {"name": "scalekit", "features": ["zip"]}]}}}',
        "conanfile.py": "class recipe:\n    version = '1.2.3'\n"
        "    options = {'with_zip': [True, False], 'with_web': [True, False]}\n"
        "    default_options = {'with_zip': True, 'with_web': False}\n"
        "    _requires = {'zip': ['core'], 'web': ['core', 'zip', 'ssl::ssl']}\n",
        "include/scalekit/a.hpp": SPDX,
        "src/a.cpp": SPDX,
        "src/zip/b_fast.cpp": SPDX,
    }

    def test_packages(self):
        self.assertEqual(self.problems(packages.check, self.PACKAGE), [])
        for path, old, new, part in [
            ("vcpkg.json", '"zip": {}', '"tar": {}', "features ['tar', 'web']"),
            ("vcpkg.json", '["zip"]}]', '[]}]', "web depends on ['zip'] in CMake, on [] in vcpkg.json"),
            ("conanfile.py", "'zip', 'ssl", "'ssl", "web depends on ['zip'] in CMake, on []"),
            ("vcpkg.json", '"default-features": ["zip"]', '"default-features": []', "default"),
            ("vcpkg.json", "1.2.3", "1.2.4", "1.2.4"),
            ("conanfile.py", "'with_zip': [", "'with_tar': [", "options ['tar', 'web']"),
            ("conanfile.py", "1.2.3", "1.0.0", "1.0.0"),
            ("CMakeLists.txt", "option(SCALEKIT_WITH_ZIP", "option(SCALEKIT_ZIP", "SCALEKIT_WITH_ZIP"),
            ("CMakeLists.txt", "a.hpp", "# a.hpp", "include/scalekit/a.hpp"),
            ("CMakeLists.txt", "a.cpp", "b.cpp", "src/a.cpp"),
        ]:
            tree = dict(self.PACKAGE)
            self.assertIn(old, tree[path])
            tree[path] = tree[path].replace(old, new + "\n" if "#" in new else new)
            self.assert_one(self.problems(packages.check, tree), part)


if __name__ == "__main__":
    unittest.main()
