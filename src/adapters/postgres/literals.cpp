// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/literals.hpp"

#include "adapters/postgres/wire.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/timestamp.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace scalekit::inline v0::postgres {

namespace {

error cannot(std::string why) {
  return {errc::not_supported, "without parameters: " + std::move(why)};
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  return out += '\'';
}

// Where it is left out the literal takes the type of its place, as the parameter did.
std::string_view cast_to(Oid type) noexcept {
  switch (type) {
    case oid::boolean:
      return "::bool";
    case oid::int2:
      return "::int2";
    case oid::int4:
      return "::int4";
    case oid::int8:
      return "::int8";
    case oid::float4:
      return "::float4";
    case oid::float8:
      return "::float8";
    case oid::numeric:
      return "::numeric";
    case oid::text:
      return "::text";
    case oid::varchar:
      return "::varchar";
    case oid::bpchar:
      return "::bpchar";
    case oid::bytea:
      return "::bytea";
    case oid::uuid:
      return "::uuid";
    case oid::date:
      return "::date";
    case oid::timestamp:
      return "::timestamp";
    case oid::timestamptz:
      return "::timestamptz";
    default:
      return "";
  }
}

std::string spell(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, d).ptr};
}

error too_far() { return cannot("a timestamp outside the years 1 to 9999"); }

result<std::string> spell(system_time t) {
  const int year = to_civil(t).year;
  if (year < 1 || year > 9999) return too_far();
  return to_rfc3339(t, second_fraction::microseconds);
}

bool starts_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Copies a statement piece by piece; each `take_` moves past what it is named after.
class binder {
 public:
  binder(std::string_view sql, std::span<const std::string> literals)
      : sql_(sql), literals_(literals) {}

  result<std::string> run() {
    while (at_ < sql_.size()) {
      if (auto taken = take_one(); !taken) return taken.error();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool sees(std::string_view text) const noexcept {
    return sql_.substr(at_).starts_with(text);
  }
  void copy(std::size_t n) {
    out_.append(sql_.substr(at_, n));
    at_ += n;
  }

  result<void> take_one() {
    const char c = sql_[at_];
    if (starts_name(c)) return take_name();
    if (c == '\'' || c == '"') return take_quotes(c);
    if (c == '$') return take_parameter();
    if (c == ';' || c == '\0') return cannot("the statement is not a single one");
    if (sees("--") || sees("/*")) return cannot("the statement has a comment");
    copy(1);
    return {};
  }

  // A `$` inside a name is part of it.
  result<void> take_name() {
    std::size_t n = 1;
    while (at_ + n < sql_.size()) {
      const char c = sql_[at_ + n];
      if (!starts_name(c) && !is_digit(c) && c != '$') break;
      ++n;
    }
    const char first = sql_[at_];
    copy(n);
    if (n == 1 && (first == 'e' || first == 'E') && sees("'")) {
      return cannot("the statement has an E'...' string");
    }
    return {};
  }

  // A doubled quote is the end of one and the beginning of the next.
  result<void> take_quotes(char quote) {
    const std::size_t end = sql_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return cannot("the statement has a quote that does not end");
    copy(end + 1 - at_);
    return {};
  }

  result<void> take_parameter() {
    std::size_t n = 0;
    const auto [end, why] = std::from_chars(sql_.data() + at_ + 1, sql_.data() + sql_.size(), n);
    if (why != std::errc() || n == 0 || n > literals_.size()) {
      return cannot("the statement has a $ that is no parameter of it");
    }
    out_.append(literals_[n - 1]);
    at_ = static_cast<std::size_t>(end - sql_.data());
    return {};
  }

  std::string_view sql_;
  std::span<const std::string> literals_;
  std::string out_;
  std::size_t at_ = 0;
};

}  // namespace

result<std::string> to_literal(Oid type, const char* value, int length, int format) {
  if (value == nullptr) return std::string("NULL");
  const std::string_view data(value, static_cast<std::size_t>(length));
  std::string text(data);
  if (format == 1) {
    if (type == oid::bytea) {
      text = "\\x" + to_hex(as_bytes(data));
    } else if (type == oid::float8) {
      text = spell(std::bit_cast<double>(load_i64(value)));
    } else if (type == oid::timestamp || type == oid::timestamptz) {
      const std::int64_t since_2000 = load_i64(value);
      if (since_2000 > INT64_MAX - epoch_us) return too_far();
      auto spelled = spell(system_time(std::chrono::microseconds(since_2000 + epoch_us)));
      if (!spelled) return spelled;
      text = *std::move(spelled);
    }
  }
  // Parentheses and blanks, so that it cannot run into its neighbours.
  return " (" + quoted(text).append(cast_to(type)) + ") ";
}

result<std::string> bind_literals(std::string_view sql, std::span<const std::string> literals) {
  return binder(sql, literals).run();
}

}  // namespace scalekit::inline v0::postgres
