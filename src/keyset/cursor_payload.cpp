// SPDX-License-Identifier: BSL-1.0
#include "keyset/cursor_payload.hpp"

#include <algorithm>
#include <bit>

namespace scalekit::inline v0::keyset::detail {

namespace {

using sql::value_kind;
using sql::value_view;

constexpr std::uint8_t format = 1;
constexpr std::size_t count_limit = 255;

std::size_t digits_at_front(std::string_view text) noexcept {
  const auto other = std::ranges::find_if_not(text, [](char c) { return c >= '0' && c <= '9'; });
  return static_cast<std::size_t>(other - text.begin());
}

/// `-12.50`, `1e-7`, and the specials that a numeric column can hold. Anything else would reach
/// the database as a number that is none, and come back as its error instead of ours.
bool is_decimal(std::string_view text) noexcept {
  if (text == "NaN") return true;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == "Infinity") return true;
  std::size_t digits = digits_at_front(text);
  text.remove_prefix(digits);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t decimals = digits_at_front(text);
    text.remove_prefix(decimals);
    digits += decimals;
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && digits_at_front(text) == text.size();
}

void append_value(std::string& out, value_view v) {
  out.push_back(static_cast<char>(v.kind()));
  switch (v.kind()) {
    case value_kind::null:
      break;
    case value_kind::int64:
    case value_kind::uint64:
    case value_kind::timestamp:
      append_u64(out, v.as_uint64());
      break;
    case value_kind::float64:
      append_u64(out, std::bit_cast<std::uint64_t>(v.as_double()));
      break;
    case value_kind::decimal:
    case value_kind::text:
    case value_kind::blob:
      append_framed(out, v.as_text());
      break;
  }
}

error malformed(std::string what) {
  return {errc::invalid_argument, "cursor: malformed token: " + std::move(what)};
}

error too_long(const cursor_limits& limits) {
  return {
      errc::limit_exceeded,
      "cursor: the key needs a token of more than " + std::to_string(limits.token_bytes) +
          " bytes; order by a shorter column or raise cursor_limits"};
}

result<sql::value> read_value(byte_reader& in) {
  const std::uint8_t kind = in.u8();
  switch (static_cast<value_kind>(kind)) {
    case value_kind::null:
      return sql::value();
    case value_kind::int64:
      return sql::value(static_cast<std::int64_t>(in.u64()));
    case value_kind::uint64:
      return sql::value(value_view::uint64(in.u64()));
    case value_kind::float64:
      return sql::value(std::bit_cast<double>(in.u64()));
    case value_kind::timestamp:
      return sql::value(system_time(std::chrono::microseconds(static_cast<std::int64_t>(in.u64())))
      );
    case value_kind::text:
      return sql::value(in.framed());
    case value_kind::blob:
      return sql::value(as_bytes(in.framed()));
    case value_kind::decimal: {
      const std::string_view text = in.framed();
      if (in.ok() && !is_decimal(text)) return malformed("a decimal that is no number");
      return sql::value(value_view::decimal(text));
    }
  }
  return malformed("no value kind " + std::to_string(kind));
}

}  // namespace

result<void> append_payload(
    std::string& out, const cursor& at, system_time issued_at, const cursor_limits& limits
) {
  if (at.key.size() > std::min(limits.key_values, count_limit)) {
    return error(
        errc::limit_exceeded,
        "cursor: the key has " + std::to_string(at.key.size()) + " values, at most " +
            std::to_string(limits.key_values) + " are taken"
    );
  }
  out.push_back(static_cast<char>(format));
  out.push_back(static_cast<char>(at.direction));
  append_u64(out, static_cast<std::uint64_t>(issued_at.time_since_epoch().count()));
  out.push_back(static_cast<char>(static_cast<unsigned char>(at.key.size())));
  for (std::size_t i = 0; i < at.key.size(); ++i) {
    const value_view v = at.key[i].view();
    if (v.kind() == value_kind::decimal && !is_decimal(v.as_text())) {
      return error(
          errc::invalid_argument,
          "cursor: key value " + std::to_string(i + 1) + " is a decimal that is no number"
      );
    }
    // Before the copy: a text of gigabytes must not be doubled only to be refused.
    if (v.as_text().size() > limits.token_bytes) return too_long(limits);
    append_value(out, v);
  }
  return {};
}

result<cursor> read_payload(byte_reader& in, const cursor_limits& limits) {
  const std::uint8_t version = in.u8();
  const std::uint8_t direction = in.u8();
  cursor at;
  at.issued_at = system_time(std::chrono::microseconds(static_cast<std::int64_t>(in.u64())));
  const std::size_t count = in.u8();
  if (!in.ok()) return malformed("cut short");
  if (version != format) return malformed("no format " + std::to_string(version));
  if (direction > static_cast<std::uint8_t>(travel::backward)) return malformed("no direction");
  if (count > limits.key_values) return malformed("too many key values");
  at.direction = static_cast<travel>(direction);
  at.key.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    result<sql::value> v = read_value(in);
    if (!v) return std::move(v).error();
    if (!in.ok()) return malformed("cut short");
    at.key.push_back(std::move(*v));
  }
  return at;
}

result<std::string> within_limit(std::string token, const cursor_limits& limits) {
  if (token.size() > limits.token_bytes) return too_long(limits);
  return token;
}

result<void> check_length(std::string_view token, const cursor_limits& limits) {
  if (token.size() > limits.token_bytes) {
    return malformed(
        std::to_string(token.size()) + " bytes, at most " + std::to_string(limits.token_bytes)
    );
  }
  return {};
}

}  // namespace scalekit::inline v0::keyset::detail
