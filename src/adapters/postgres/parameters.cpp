// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/parameters.hpp"

#include "adapters/postgres/decoder.hpp"
#include "adapters/postgres/numeric.hpp"
#include "adapters/postgres/wire.hpp"

#include <scalekit/timestamp.hpp>

#include <bit>
#include <charconv>
#include <climits>
#include <cmath>

namespace scalekit::inline v0::postgres {

namespace {

constexpr std::size_t scalar_room = 48;

bool is_integer(Oid type) noexcept {
  return type == oid::int2 || type == oid::int4 || type == oid::int8 || type == oid::object_id;
}

// Types whose binary format is the text itself, so that it need not be copied.
bool is_plain_text(Oid type) noexcept {
  return type == oid::text || type == oid::varchar || type == oid::bpchar || type == oid::json ||
         type == oid::unknown;
}

error refused(std::string why) { return {errc::invalid_argument, std::move(why)}; }

// Whether floating-point T holds n, or the integer an uint64 `v` is.
template <class T>
bool holds(sql::value_view v) noexcept {
  if (v.kind() == sql::value_kind::uint64) {
    const auto as = static_cast<T>(v.as_uint64());
    return as < static_cast<T>(18446744073709551616.0) &&
           static_cast<std::uint64_t>(as) == v.as_uint64();
  }
  const auto as = static_cast<T>(v.as_int64());
  return as < static_cast<T>(9223372036854775808.0) &&
         static_cast<std::int64_t>(as) == v.as_int64();
}

}  // namespace

Oid natural_type(sql::value_kind kind) noexcept {
  switch (kind) {
    case sql::value_kind::int64:
      return oid::int8;
    case sql::value_kind::uint64:
    case sql::value_kind::decimal:
      return oid::numeric;
    case sql::value_kind::float64:
      return oid::float8;
    case sql::value_kind::blob:
      return oid::bytea;
    case sql::value_kind::timestamp:
      return oid::timestamptz;
    case sql::value_kind::null:
    case sql::value_kind::text:
      break;
  }
  return 0;
}

bool wants_natural_type(Oid type, sql::value_view v) noexcept {
  if (natural_type(v.kind()) == 0) return false;
  if (type == oid::text) return true;
  if (v.kind() != sql::value_kind::int64) return false;
  const std::int64_t n = v.as_int64();
  return (type == oid::int4 && (n < INT32_MIN || n > INT32_MAX)) ||
         (type == oid::int2 && (n < INT16_MIN || n > INT16_MAX));
}

result<void> parameter_block::fill(std::span<const Oid> types, sql::parameters params) {
  values_.clear();
  lengths_.clear();
  formats_.clear();
  scratch_.clear();
  std::size_t room = 0;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const bool copied = params[i].has_bytes() && params[i].kind() != sql::value_kind::blob &&
                        !is_plain_text(types[i]);
    room += scalar_room + (copied ? params[i].as_text().size() : 0);
  }
  scratch_.reserve(room);
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (auto added = add(types[i], params[i]); !added) {
      return std::move(added).error().with_context("parameter $" + std::to_string(i + 1));
    }
  }
  return {};
}

result<void> parameter_block::add(Oid type, sql::value_view v) {
  if (v.has_bytes() && v.as_text().size() > INT_MAX) {
    return error(errc::limit_exceeded, "it has more than 2 GB; PostgreSQL takes 1 GB at most");
  }
  switch (v.kind()) {
    case sql::value_kind::null:
      values_.push_back(nullptr);
      lengths_.push_back(0);
      formats_.push_back(0);
      return {};
    case sql::value_kind::int64:
    case sql::value_kind::uint64:
      return add_integer(type, v);
    case sql::value_kind::float64:
      return add_double(type, v.as_double());
    case sql::value_kind::timestamp:
      return add_timestamp(type, v.as_timestamp());
    case sql::value_kind::blob:
      if (type != oid::bytea) return refused("a blob is for bytea; give text, or cast: $1::bytea");
      add_binary(v.as_text());
      return {};
    case sql::value_kind::decimal:
    case sql::value_kind::text:
      break;
  }
  if (v.as_text().find('\0') != std::string_view::npos) {
    return refused("it holds a NUL, which PostgreSQL's text cannot; store it as bytea");
  }
  if (v.kind() == sql::value_kind::decimal) return add_decimal(type, v.as_text());
  if (is_plain_text(type)) {
    add_binary(v.as_text());
  } else {
    add_text(v.as_text());
  }
  return {};
}

result<void> parameter_block::add_integer(Oid type, sql::value_view v) {
  const bool is_unsigned = v.kind() == sql::value_kind::uint64;
  if (type == oid::boolean) {
    if (v.as_uint64() > 1) return refused("a boolean takes 0 or 1");
    add_text(v.as_uint64() == 1 ? "t" : "f");
    return {};
  }
  if ((type == oid::float8 && !holds<double>(v)) || (type == oid::float4 && !holds<float>(v))) {
    return refused(
        "PostgreSQL would round it, for no such number is in " + std::string(type_name(type))
    );
  }
  char text[24];
  const auto end = is_unsigned ? std::to_chars(text, text + sizeof text, v.as_uint64())
                               : std::to_chars(text, text + sizeof text, v.as_int64());
  add_text({text, static_cast<std::size_t>(end.ptr - text)});
  return {};
}

result<void> parameter_block::add_double(Oid type, double d) {
  if (type == oid::float8) {
    add_big_endian(std::bit_cast<std::uint64_t>(d));
    return {};
  }
  if (std::isnan(d) || std::isinf(d)) {
    add_text(std::isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity");
    return {};
  }
  char text[32];
  std::to_chars_result end{};
  if (is_integer(type)) {
    if (d != std::trunc(d) || std::abs(d) >= 9223372036854775808.0) {
      return refused(
          "it has a fraction or is too large, and stands for an integer; to compare "
          "with one cast it: $1::float8"
      );
    }
    end = std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(d));
  } else {
    end = std::to_chars(text, text + sizeof text, d);
  }
  add_text({text, static_cast<std::size_t>(end.ptr - text)});
  return {};
}

result<void> parameter_block::add_decimal(Oid type, std::string_view text) {
  const auto point = text.find('.');
  if (is_integer(type) && point != std::string_view::npos) {
    if (text.find_first_not_of('0', point + 1) != std::string_view::npos) {
      return refused(
          "it has a fraction and stands for an integer; to compare with one cast it: "
          "$1::numeric"
      );
    }
    text = text.substr(0, point);
  }
  add_text(text);
  return {};
}

result<void> parameter_block::add_timestamp(Oid type, system_time t) {
  const std::int64_t us = t.time_since_epoch().count();
  if (type == oid::timestamptz || type == oid::timestamp) {
    // The smallest number of all is -infinity.
    if (us <= INT64_MIN + epoch_us) return refused("a timestamp before 4714 BC");
    add_big_endian(static_cast<std::uint64_t>(us - epoch_us));
    return {};
  }
  if (type == oid::int8) return add_integer(type, us);
  const civil_time c = to_civil(t);
  if (type == oid::date) {
    const auto day = std::chrono::floor<std::chrono::days>(t);
    if (day != t) return refused("it has a time of day and stands for a date");
    std::string text;
    append_date(text, static_cast<std::int32_t>(day.time_since_epoch().count() - 10957));
    add_text(text);
    return {};
  }
  if (c.year < 0 || c.year > 9999) return refused("a timestamp outside the years 0000 to 9999");
  char text[rfc3339_max];
  add_text({text, write_rfc3339(text, t, second_fraction::microseconds)});
  return {};
}

void parameter_block::add_text(std::string_view text) {
  values_.push_back(scratch_.data() + scratch_.size());
  lengths_.push_back(static_cast<int>(text.size()));
  formats_.push_back(0);
  scratch_.append(text).push_back('\0');
}

void parameter_block::add_binary(std::string_view data) {
  // A null pointer would be NULL, and an empty view may hold one.
  values_.push_back(data.empty() ? "" : data.data());
  lengths_.push_back(static_cast<int>(data.size()));
  formats_.push_back(1);
}

void parameter_block::add_big_endian(std::uint64_t n) {
  values_.push_back(scratch_.data() + scratch_.size());
  lengths_.push_back(8);
  formats_.push_back(1);
  for (int shift = 56; shift >= 0; shift -= 8) {
    scratch_.push_back(static_cast<char>(n >> static_cast<unsigned>(shift) & 0xFFU));
  }
}

}  // namespace scalekit::inline v0::postgres
