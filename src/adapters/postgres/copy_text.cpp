// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/copy_text.hpp"

#include <scalekit/encoding.hpp>
#include <scalekit/timestamp.hpp>

#include <charconv>
#include <cmath>

namespace scalekit::inline v0::postgres {

namespace {

void append_double(std::string& out, double d) {
  if (std::isnan(d)) {
    out += "NaN";
  } else if (std::isinf(d)) {
    out += d < 0 ? "-Infinity" : "Infinity";
  } else {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, d).ptr);
  }
}

// What must not appear as it is; a lone carriage return would count as a line end.
char escape_of(char c) noexcept {
  switch (c) {
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

result<void> copy_text::add_row(std::span<const Oid> types, sql::parameters row) {
  if (auto filled = block_.fill(types, row); !filled) return filled;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) text_ += '\t';
    if (auto added = add(i, row[i]); !added) {
      return std::move(added).error().with_context("parameter $" + std::to_string(i + 1));
    }
  }
  text_ += '\n';
  return {};
}

result<void> copy_text::add(std::size_t column, sql::value_view v) {
  const char* data = block_.values()[column];
  const bool binary = block_.formats()[column] == 1;
  if (data == nullptr) {
    text_ += "\\N";
  } else if (binary && v.kind() == sql::value_kind::float64) {
    append_double(text_, v.as_double());
  } else if (binary && v.kind() == sql::value_kind::blob) {
    text_.append("\\\\x").append(to_hex(v.as_blob()));
  } else if (binary && v.kind() == sql::value_kind::timestamp) {
    const int year = to_civil(v.as_timestamp()).year;
    if (year < 1 || year > 9999) {
      return error(errc::invalid_argument, "COPY takes timestamps of the years 1 to 9999");
    }
    char text[rfc3339_max];
    text_.append(text, write_rfc3339(text, v.as_timestamp(), second_fraction::microseconds));
  } else {
    add_escaped({data, static_cast<std::size_t>(block_.lengths()[column])});
  }
  return {};
}

void copy_text::add_escaped(std::string_view data) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const char escape = escape_of(data[i]);
    if (escape == 0) continue;
    text_.append(data, from, i - from).append({'\\', escape});
    from = i + 1;
  }
  text_.append(data, from);
}

}  // namespace scalekit::inline v0::postgres
