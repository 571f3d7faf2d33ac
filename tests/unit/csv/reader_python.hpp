// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_CSV_READER_PYTHON_HPP
#define SCALEKIT_TESTS_UNIT_CSV_READER_PYTHON_HPP

#include "command.hpp"
#include "reader_support.hpp"

#include <scalekit/encoding.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace csv_test {

/// Prints, for each file of a list, its records as their fields in hex, and a `;`. Latin-1 keeps
/// every byte what it is. An empty line is an empty list to Python, and no record to us.
constexpr std::string_view python_script = R"(
import csv, sys
paths, delimiter, quote, escape, comment, encoding = sys.argv[1:7]
options = dict(delimiter=chr(int(delimiter)))
if int(quote):
    options.update(quotechar=chr(int(quote)))
else:
    options.update(quoting=csv.QUOTE_NONE)
if int(escape):
    options.update(escapechar=chr(int(escape)))
csv.field_size_limit(1 << 30)
for path in open(paths).read().split('\n')[:-1]:
    with open(path, newline='', encoding='latin-1') as f:
        lines = f if comment == '0' else (l for l in f if not l.startswith(chr(int(comment))))
        for record in csv.reader(lines, **options):
            if record:
                print(' '.join('x' + field.encode(encoding).hex() for field in record))
    print(';')
)";

/// `list` is a file with the paths; nothing if Python fails.
inline std::optional<std::string> read_by_python(
    const temporary_folder& folder, const std::string& list, const scalekit::csv::reader_options& o
) {
  const auto code = [](std::optional<char> c) { return std::to_string(c ? *c : 0); };
  const bool latin1 = o.encoding == scalekit::csv::text_encoding::latin1;
  return output_of(
      "python3 " + folder.file("read.py", python_script) + " " + list + " " + code(o.delimiter) +
      " " + code(o.quote) + " " + code(o.escape) + " " + code(o.comment) + " " +
      (latin1 ? "utf-8" : "latin-1")
  );
}

inline std::string in_hex(const read_file& file) {
  std::string out;
  for (const auto& r : file.records) {
    for (std::size_t i = 0; i < r.fields.size(); ++i) {
      out += (i == 0 ? "x" : " x") + scalekit::to_hex(scalekit::as_bytes(r.fields[i].text));
    }
    out += '\n';
  }
  return out;
}

}  // namespace csv_test

#endif
