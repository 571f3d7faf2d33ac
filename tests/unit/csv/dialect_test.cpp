// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/dialect.hpp>
#include <scalekit/csv/encoder.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace csv = scalekit::csv;
using csv::dialect;
using scalekit::errc;

namespace {

/// The option the refusal names, or "" where the dialect is accepted.
std::string refused_option(const dialect& d) {
  const auto checked = csv::check(d);
  CHECK(csv::encoder::make(d).has_value() == checked.has_value());
  if (checked) return "";
  CHECK(checked.error().code() == errc::invalid_argument);
  const std::string& message = checked.error().message();
  constexpr std::string_view prefix = "csv dialect: ";
  REQUIRE(message.starts_with(prefix));
  return message.substr(prefix.size(), message.find(':', prefix.size()) - prefix.size());
}

}  // namespace

TEST_CASE("the defaults and the usual variants are accepted") {
  CHECK(refused_option({}) == "");
  for (const char c : {';', '\t', '|', ' ', ':', '\x1f'})
    CHECK(refused_option({.delimiter = c}) == "");
  CHECK(refused_option({.quote = '\''}) == "");
  CHECK(refused_option({.decimal_separator = ','}) == "");
  CHECK(refused_option({.null_text = "\\N"}) == "");
  CHECK(refused_option({.null_text = "-"}) == "");
  CHECK(refused_option({.null_text = "NULL", .nan_text = "NULL"}) == "");
  CHECK(refused_option({.quoting = csv::quoting::never, .null_text = "\\N"}) == "");
  CHECK(
      refused_option({.quoting = csv::quoting::never, .empty_text = csv::empty_text::bare}) == ""
  );
  CHECK(
      refused_option(
          {.timestamp_style = csv::timestamp_style::pattern, .timestamp_pattern = "%d.%m.%Y, %H:%M"}
      ) == ""
  );
}

TEST_CASE("structural characters") {
  const std::string bad{
      '\0', '\n', '\r', '0', '9', 'a', 'Z', '+', '-', '.', '/', '=', '\x80', '\xC3'};
  for (const char c : bad) {
    CAPTURE(static_cast<int>(c));
    CHECK(refused_option({.delimiter = c}) == "delimiter");
    CHECK(refused_option({.quote = c}) == "quote");
    CHECK(
        refused_option({.quoting = csv::quoting::never, .escape = c, .null_text = "NULL"}) ==
        "escape"
    );
  }
  CHECK(refused_option({.delimiter = '"'}) == "quote");
  CHECK(
      refused_option({.quoting = csv::quoting::never, .escape = ',', .null_text = "NULL"}) ==
      "escape"
  );
  CHECK(
      refused_option({.quoting = csv::quoting::never, .escape = '"', .null_text = "NULL"}) ==
      "escape"
  );
  // Without quoting::never the escape is not used, so nothing can be wrong with it.
  CHECK(refused_option({.escape = ','}) == "");
}

TEST_CASE("decimal separator") {
  CHECK(refused_option({.decimal_separator = ';'}) == "decimal_separator");
  CHECK(
      refused_option({.quoting = csv::quoting::never, .null_text = "NULL", .decimal_separator = ','}
      ) == "decimal_separator"
  );
}

TEST_CASE("NULL must be told from everything else") {
  for (const char* text : {"a,b", "\"", "\n", "\r\n", "0", "12", "-1", "+1"}) {
    CAPTURE(text);
    CHECK(refused_option({.null_text = text}) == "null_text");
  }
  CHECK(refused_option({.quoting = csv::quoting::never}) == "empty_text");
  CHECK(refused_option({.null_text = std::string(65, 'n')}) == "null_text");
}

TEST_CASE("words") {
  CHECK(refused_option({.true_text = "x", .false_text = "x"}) == "true_text");
  CHECK(refused_option({.null_text = "yes", .true_text = "yes"}) == "true_text");
  CHECK(refused_option({.null_text = "no", .false_text = "no"}) == "false_text");
  CHECK(refused_option({.true_text = ""}) == "true_text");
  CHECK(refused_option({.nan_text = std::string(65, 'n')}) == "nan_text");
  CHECK(refused_option({.infinity_text = std::string(65, 'n')}) == "infinity_text");
}

TEST_CASE("formula guard against a quote that looks like it") {
  CHECK(
      refused_option({.quote = '\'', .formula_guard = csv::formula_guard::on}) == "formula_guard"
  );
  CHECK(
      refused_option({.delimiter = '\'', .formula_guard = csv::formula_guard::strict}) ==
      "formula_guard"
  );
  CHECK(
      refused_option({.null_text = "'", .formula_guard = csv::formula_guard::on}) == "formula_guard"
  );
  CHECK(
      refused_option(
          {.quoting = csv::quoting::never,
           .escape = '\'',
           .null_text = "NULL",
           .formula_guard = csv::formula_guard::on}
      ) == "formula_guard"
  );
  CHECK(refused_option({.quote = '\'', .null_text = "-"}) == "");
}

TEST_CASE("timestamp patterns") {
  const auto pattern = [](std::string p) {
    return dialect{
        .timestamp_style = csv::timestamp_style::pattern, .timestamp_pattern = std::move(p)};
  };
  CHECK(refused_option(pattern("")) == "timestamp_pattern");
  CHECK(refused_option(pattern("%Y-%q")) == "timestamp_pattern");
  CHECK(refused_option(pattern("%Y%")) == "timestamp_pattern");
  CHECK(refused_option(pattern(std::string(65, 'x'))) == "timestamp_pattern");
  CHECK(refused_option(pattern("%Y\"%m")) == "timestamp_style");
  CHECK(csv::check(pattern("%Y-%q")).error().message().find("offset 3") != std::string::npos);
  CHECK(refused_option({.timestamp_pattern = "%Y"}) == "timestamp_pattern");
  CHECK(
      refused_option({.delimiter = ':', .quoting = csv::quoting::never, .null_text = "NULL"}) ==
      "timestamp_style"
  );
  CHECK(
      refused_option({.quoting = csv::quoting::never, .escape = ':', .null_text = "NULL"}) ==
      "timestamp_style"
  );
}
