// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_CSV_READER_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_CSV_READER_SUPPORT_HPP

#include <scalekit/csv/reader.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace csv_test {

/// Gives a text in pieces of so many bytes.
class pieces_source final : public scalekit::csv::byte_source {
 public:
  pieces_source(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  scalekit::result<std::size_t> read(std::span<char> into) override {
    return text_.read(into.first(std::min(into.size(), piece_)));
  }

 private:
  scalekit::csv::memory_source text_;
  std::size_t piece_;
};

struct read_field {
  std::string text;
  bool is_null = false;
  bool was_quoted = false;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  friend bool operator==(const read_field&, const read_field&) = default;
};

struct read_record {
  scalekit::csv::position begin;
  std::uint64_t bytes = 0;
  std::vector<read_field> fields;
  std::vector<scalekit::csv::issue> issues;
  friend bool operator==(const read_record&, const read_record&) = default;

  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& f : fields) all.push_back(f.text);
    return all;
  }
  [[nodiscard]] std::vector<std::string> codes() const {
    std::vector<std::string> all;
    for (const auto& i : issues) all.emplace_back(to_string(i.code));
    return all;
  }
};

struct read_file {
  std::vector<read_record> records;
  scalekit::csv::position end;
  friend bool operator==(const read_file&, const read_file&) = default;
};

/// Within a field the order of issues is nobody's business.
inline void sort_issues(std::vector<scalekit::csv::issue>& issues) {
  std::sort(issues.begin(), issues.end(), [](const auto& a, const auto& b) {
    return a.column != b.column ? a.column < b.column : a.code < b.code;
  });
}

inline read_record copy_of(const scalekit::csv::record& row) {
  read_record r{row.begin(), row.bytes(), {}, {row.issues().begin(), row.issues().end()}};
  sort_issues(r.issues);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto at = row.field_position(i);
    r.fields.push_back({std::string(row[i]), row.is_null(i), row.was_quoted(i), at.offset, at.line}
    );
  }
  return r;
}

/// The rest of a file; the header, if there is one, is not in it.
inline read_file rest_of(scalekit::csv::reader& in) {
  read_file file;
  while (in.next().value()) file.records.push_back(copy_of(in.row()));
  file.end = in.position();
  return file;
}

inline read_file read_all(
    std::string_view text,
    const scalekit::csv::reader_options& options,
    std::size_t piece = static_cast<std::size_t>(-1)
) {
  pieces_source source(text, piece);
  return rest_of(*scalekit::csv::reader::open(source, options).value());
}

using table = std::vector<std::vector<std::string>>;

inline table texts_of(const read_file& file) {
  table all;
  for (const auto& r : file.records) all.push_back(r.texts());
  return all;
}

}  // namespace csv_test

#endif
