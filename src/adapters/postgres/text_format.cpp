// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/text_format.hpp"

#include "adapters/postgres/decoder.hpp"

#include <scalekit/timestamp.hpp>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <limits>

namespace scalekit::inline v0::postgres {

namespace {

// Takes numbers and marks off the front; after the first that is missing, `ok` is false.
struct scanner {
  std::string_view rest;
  bool ok = true;

  int number(std::size_t least_digits = 2) {
    int n = 0;
    const auto [end, why] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (why != std::errc() || digits < least_digits || rest.front() == '-') return fail();
    rest.remove_prefix(digits);
    return n;
  }
  bool accept(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok = accept(c) && ok; }
  int fail() {
    ok = false;
    return 0;
  }
};

int read_microseconds(scanner& in) {
  int digits = 0;
  int us = 0;
  for (; digits < 6 && !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9'; ++digits) {
    us = us * 10 + (in.rest[0] - '0');
    in.rest.remove_prefix(1);
  }
  if (digits == 0) in.fail();
  for (; digits < 6; ++digits) us *= 10;
  return us;
}

std::chrono::seconds read_offset(scanner& in) {
  const bool west = in.rest.starts_with('-');
  if (!west && !in.rest.starts_with('+')) return {};
  in.rest.remove_prefix(1);
  std::chrono::seconds offset = std::chrono::hours(in.number());
  if (in.accept(':')) offset += std::chrono::minutes(in.number());
  if (in.accept(':')) offset += std::chrono::seconds(in.number());
  return west ? -offset : offset;
}

template <class T>
result<sql::value_view> read_number(std::string_view data) {
  T n{};
  const auto [end, why] = std::from_chars(data.data(), data.data() + data.size(), n);
  if (why == std::errc() && end == data.data() + data.size()) return sql::value_view(n);
  if constexpr (std::is_floating_point_v<T>) {
    if (data == "NaN") return sql::value_view(std::numeric_limits<T>::quiet_NaN());
    if (data == "Infinity") return sql::value_view(std::numeric_limits<T>::infinity());
    if (data == "-Infinity") return sql::value_view(-std::numeric_limits<T>::infinity());
    // from_chars refuses what it must round to zero or to a denormal on some libraries.
    if (why == std::errc::result_out_of_range) {
      return sql::value_view(static_cast<T>(std::strtod(std::string(data).c_str(), nullptr)));
    }
  }
  return error(
      errc::data_corrupted, "\"" + std::string(data) + "\" is not the number it should be"
  );
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool append_hex(std::string& out, std::string_view text) {
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
  }
  return true;
}

bool is_octal(std::string_view three) noexcept {
  return three.size() == 3 && three[0] >= '0' && three[0] <= '3' &&
         three.find_first_not_of("01234567") == std::string_view::npos;
}

}  // namespace

error no_such_timestamp() {
  return {
      errc::limit_exceeded,
      "the timestamp is infinity or later than the year 289999; select it as text (::text)"};
}

result<system_time> read_timestamp(std::string_view text) {
  if (text == "infinity" || text == "-infinity") return no_such_timestamp();
  scanner in{text};
  civil_time c;
  c.year = in.number(4);
  in.expect('-');
  c.month = static_cast<unsigned>(in.number());
  in.expect('-');
  c.day = static_cast<unsigned>(in.number());
  in.expect(' ');
  c.hour = static_cast<unsigned>(in.number());
  in.expect(':');
  c.minute = static_cast<unsigned>(in.number());
  in.expect(':');
  c.second = static_cast<unsigned>(in.number());
  if (in.accept('.')) c.microsecond = static_cast<unsigned>(read_microseconds(in));
  const auto offset = read_offset(in);
  if (in.rest == " BC") {
    c.year = 1 - c.year;
    in.rest = {};
  }
  const bool in_range = c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 &&
                        c.hour <= 24 && c.minute <= 59 && c.second <= 60;
  if (!in.ok || !in.rest.empty() || !in_range) {
    return error(
        errc::data_corrupted,
        "\"" + std::string(text) + "\" is no ISO timestamp; is the session's DateStyle ISO?"
    );
  }
  if (c.year > 289999) return no_such_timestamp();
  return from_civil(c) - offset;
}

bool append_bytea(std::string& out, std::string_view text) {
  if (text.starts_with("\\x")) return append_hex(out, text.substr(2));
  while (!text.empty()) {
    if (text.front() != '\\') {
      out += text.front();
      text.remove_prefix(1);
    } else if (text.starts_with("\\\\")) {
      out += '\\';
      text.remove_prefix(2);
    } else if (const std::string_view code = text.substr(1, 3); is_octal(code)) {
      out += static_cast<char>((code[0] - '0') * 64 + (code[1] - '0') * 8 + (code[2] - '0'));
      text.remove_prefix(4);
    } else {
      return false;
    }
  }
  return true;
}

result<sql::value_view> decode_text(codec c, std::string_view data, std::string& scratch) {
  switch (c) {
    case codec::int16:
    case codec::int32:
    case codec::int64:
    case codec::object_id:
      return read_number<std::int64_t>(data);
    case codec::float32:
      return read_number<float>(data);
    case codec::float64:
      return read_number<double>(data);
    case codec::boolean:
      return sql::value_view(data == "t");
    case codec::numeric:
      return sql::value_view::decimal(data);
    case codec::bytea:
      scratch.clear();
      if (!append_bytea(scratch, data)) return error(errc::data_corrupted, "a damaged bytea");
      return sql::value_view(as_bytes(scratch));
    case codec::timestamp: {
      auto t = read_timestamp(data);
      if (!t) return std::move(t).error();
      return sql::value_view(*t);
    }
    case codec::text:
    case codec::jsonb:
    case codec::date:
    case codec::uuid:
    case codec::other:
      break;
  }
  return sql::value_view(data);
}

}  // namespace scalekit::inline v0::postgres
