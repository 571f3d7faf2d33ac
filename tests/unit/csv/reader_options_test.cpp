// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/reader.hpp>

#include <doctest/doctest.h>

#include <string>

namespace csv = scalekit::csv;
using scalekit::errc;

namespace {

/// The option that is complained about, or nothing.
std::string complaint(const csv::reader_options& o) {
  const auto r = csv::check(o);
  csv::memory_source source("a\n");
  CHECK(csv::reader::open(source, o).has_value() == r.has_value());
  CHECK(csv::reader::open_at(source, {}, 0, o).has_value() == r.has_value());
  if (r) return {};
  CHECK(r.error().code() == errc::invalid_argument);
  const std::string& message = r.error().message();
  const std::string start = "csv reader options: ";
  REQUIRE(message.starts_with(start));
  return message.substr(start.size(), message.find(':', start.size()) - start.size());
}

}  // namespace

TEST_CASE("options that agree") {
  CHECK(complaint({}) == "");
  CHECK(complaint({.delimiter = ';', .quote = {}, .escape = '\\', .comment = '#'}) == "");
  CHECK(complaint({.delimiter = ' ', .trim = csv::trim::blanks}) == "");
  CHECK(complaint({.delimiter = '\x1F', .quote = '\x1E'}) == "");
  CHECK(complaint({.max_field_bytes = 1, .max_record_bytes = 2, .max_columns = 1}) == "");
  CHECK(complaint({.max_record_bytes = std::size_t{1} << 30, .buffer_bytes = 64}) == "");
}

TEST_CASE("options that do not, and which one is to blame") {
  CHECK(complaint({.delimiter = '\0'}) == "delimiter");
  CHECK(complaint({.delimiter = '\n'}) == "delimiter");
  CHECK(complaint({.delimiter = '\xE9'}) == "delimiter");
  CHECK(complaint({.quote = '\r'}) == "quote");
  CHECK(complaint({.quote = ','}) == "quote");
  CHECK(complaint({.escape = '"'}) == "escape");
  CHECK(complaint({.escape = ','}) == "escape");
  CHECK(complaint({.comment = '"'}) == "comment");
  CHECK(complaint({.escape = '#', .comment = '#'}) == "comment");
  CHECK(complaint({.quote = ' ', .trim = csv::trim::blanks}) == "trim");
  CHECK(complaint({.max_field_bytes = 0}) == "max_field_bytes");
  CHECK(complaint({.max_record_bytes = 0}) == "max_record_bytes");
  CHECK(complaint({.max_record_bytes = (std::size_t{1} << 30) + 1}) == "max_record_bytes");
  CHECK(complaint({.max_columns = 0}) == "max_columns");
  CHECK(complaint({.max_columns = (std::size_t{1} << 30) + 1}) == "max_columns");
  CHECK(complaint({.buffer_bytes = 63}) == "buffer_bytes");
  CHECK(complaint({.buffer_bytes = (std::size_t{1} << 30) + 1}) == "buffer_bytes");
}

TEST_CASE("whoever escapes a quote by a quote is told that this needs no option") {
  const auto r = csv::check({.escape = '"'});
  REQUIRE_FALSE(r);
  CHECK(r.error().message().find("leave escape out") != std::string::npos);
}
