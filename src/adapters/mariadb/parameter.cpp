// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/statement.hpp"

#include <scalekit/timestamp.hpp>

#include <algorithm>
#include <cmath>

namespace scalekit::inline v0::mariadb {

namespace {

error refused(std::string_view why) { return {errc::invalid_argument, std::string(why)}; }

std::size_t count_digits(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::find_if_not(text, [](char c) { return c >= '0' && c <= '9'; }) - text.begin()
  );
}

// The server reads what is no number as 0, and rounds a fraction that is too long.
result<void> check_decimal(std::string_view text) {
  constexpr std::size_t most_digits = 65;
  constexpr std::size_t most_fraction = 30;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = count_digits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    fraction = count_digits(text.substr(1));
    text.remove_prefix(1 + fraction);
  }
  if (!text.empty() || whole + fraction == 0) return refused("not a decimal number");
  if (whole + fraction > most_digits || fraction > most_fraction) {
    return refused("a decimal holds 65 digits at most, 30 of them after the point");
  }
  return {};
}

void bind_bytes(MYSQL_BIND& b, enum_field_types type, std::string_view data) noexcept {
  b.buffer_type = type;
  // libmariadb only reads from it; and an empty view may hold a null pointer.
  b.buffer = const_cast<char*>(data.empty() ? "" : data.data());
  b.buffer_length = data.size();
}

result<void> to_server_time(system_time t, MYSQL_TIME& out) {
  const civil_time c = to_civil(t);
  if (c.year < 1 || c.year > 9999) return refused("a DATETIME holds the years 1 to 9999");
  out = {};
  out.year = static_cast<unsigned>(c.year);
  out.month = c.month;
  out.day = c.day;
  out.hour = c.hour;
  out.minute = c.minute;
  out.second = c.second;
  out.second_part = c.microsecond;
  out.time_type = MYSQL_TIMESTAMP_DATETIME;
  return {};
}

}  // namespace

result<void> parameter_block::bind(MYSQL_BIND& b, number& room, sql::value_view v) {
  b = {};
  switch (v.kind()) {
    case sql::value_kind::null:
      b.buffer_type = MYSQL_TYPE_NULL;
      break;
    case sql::value_kind::int64:
    case sql::value_kind::uint64:
      room.bits = v.as_uint64();
      b.buffer_type = MYSQL_TYPE_LONGLONG;
      b.buffer = &room.bits;
      b.is_unsigned = v.kind() == sql::value_kind::uint64 ? 1 : 0;
      break;
    case sql::value_kind::float64:
      if (!std::isfinite(v.as_double())) {
        return refused("MariaDB has no NaN and no infinity; bind nullptr if you mean NULL");
      }
      room.real = v.as_double();
      b.buffer_type = MYSQL_TYPE_DOUBLE;
      b.buffer = &room.real;
      break;
    case sql::value_kind::decimal:
      if (auto ok = check_decimal(v.as_text()); !ok) return ok;
      bind_bytes(b, MYSQL_TYPE_NEWDECIMAL, v.as_text());
      break;
    case sql::value_kind::text:
      bind_bytes(b, MYSQL_TYPE_STRING, v.as_text());
      break;
    case sql::value_kind::blob:
      bind_bytes(b, MYSQL_TYPE_LONG_BLOB, v.as_text());
      break;
    case sql::value_kind::timestamp:
      if (auto ok = to_server_time(v.as_timestamp(), room.time); !ok) return ok;
      b.buffer_type = MYSQL_TYPE_DATETIME;
      b.buffer = &room.time;
      break;
  }
  // A type, a null bit and either 12 bytes at most or a length and the content.
  constexpr std::size_t most_overhead = 16;
  size_ += most_overhead + v.as_text().size();
  return {};
}

result<void> parameter_block::fill(std::string_view sql, sql::parameters params) {
  binds_.resize(params.size());
  numbers_.resize(params.size());
  size_ = 0;
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (auto bound = bind(binds_[i], numbers_[i], params[i]); !bound) {
      return std::move(bound).error().with_context(
          "parameter " + std::to_string(i + 1) + " of " + excerpt(sql)
      );
    }
  }
  return {};
}

parameter_block::value_class parameter_block::class_of(sql::value_kind kind) noexcept {
  switch (kind) {
    case sql::value_kind::null:
      return value_class::none;
    case sql::value_kind::int64:
    case sql::value_kind::uint64:
    case sql::value_kind::float64:
    case sql::value_kind::decimal:
      return value_class::number;
    case sql::value_kind::text:
      return value_class::text;
    case sql::value_kind::blob:
      return value_class::bytes;
    case sql::value_kind::timestamp:
      return value_class::time;
  }
  return value_class::none;
}

bool parameter_block::has_other_class(sql::parameters params) {
  classes_.resize(params.size());
  const auto differs = [&](std::size_t i) {
    const value_class was = classes_[i];
    const value_class is = class_of(params[i].kind());
    // Even NULL is compared as a timestamp where there was one.
    return was != value_class::none && is != was &&
           (is != value_class::none || was == value_class::time);
  };
  bool any = false;
  for (std::size_t i = 0; i < params.size(); ++i) any = any || differs(i);
  for (std::size_t i = 0; i < params.size(); ++i) {
    const value_class is = class_of(params[i].kind());
    if (any || is != value_class::none) classes_[i] = is;
  }
  return any;
}

}  // namespace scalekit::inline v0::mariadb
