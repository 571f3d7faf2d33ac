// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/encoding.hpp>
#include <scalekit/http/fields.hpp>

#include <charconv>
#include <limits>

namespace scalekit::inline v0::http {

namespace {

/// A q-value in thousandths; nothing if it is malformed.
std::optional<int> weight(std::string_view q) noexcept {
  if (q.empty() || q.size() > 5 || (q[0] != '0' && q[0] != '1')) return std::nullopt;
  if (q.size() > 1 && q[1] != '.') return std::nullopt;
  int value = (q[0] - '0') * 1000;
  int digit = 100;
  for (const char c : q.substr(std::min<std::size_t>(2, q.size()))) {
    if (!is_digit(c)) return std::nullopt;
    value += (c - '0') * digit;
    digit /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

/// The weight among the `;name=value` parameters of a list item: 1000 if none is given.
std::optional<int> weight_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const auto [p, rest] = cut(parameters, ';');
    const auto [name, value] = cut(trim(p), '=');
    if (equal_ignoring_case(trim(name), "q")) return weight(trim(value));
    parameters = rest;
  }
  return 1000;
}

/// A number that saturates: a position beyond 2^64 is beyond any end.
std::optional<std::uint64_t> position(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (failed == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return failed == std::errc{} ? std::optional(value) : std::nullopt;
}

/// Length of the valid UTF-8 sequence `s` starts with, or 0.
std::size_t utf8_length(std::string_view s) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xc2 && lead < 0xe0   ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (n == 0 || s.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
  const bool not_a_character = (lead == 0xed && at(1) > 0x9f) || (lead == 0xf4 && at(1) > 0x8f);
  return overlong || not_a_character ? 0 : n;
}

/// RFC 8187 `attr-char`: what needs no escape.
bool is_attr_char(char c) noexcept {
  return is_alnum(c) || std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
}

/// The name without what a file system or a header could take for something else; valid UTF-8.
std::string safe_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto n = utf8_length(name);
    const char c = name.front();
    if (n == 0 || is_control(c) || c == '/' || c == '\\') {
      out.push_back('_');
    } else {
      out.append(name.substr(0, n));
    }
    name.remove_prefix(std::max<std::size_t>(n, 1));
  }
  if (out.empty() || out.find_first_not_of('.') == std::string::npos) return "download";
  return out;
}

}  // namespace

accepted_codings accept_encoding(std::optional<std::string_view> value) noexcept {
  if (!value) return {};
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;
  for_each_item(*value, [&](std::string_view item) {
    const auto [raw_name, parameters] = cut(item, ';');
    const auto name = trim(raw_name);
    const auto q = weight_of(parameters);
    if (!q) return;
    if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) gzip = q;
    if (equal_ignoring_case(name, "identity")) identity = q;
    if (name == "*") any = q;
  });
  const int gzip_weight = gzip.value_or(any.value_or(0));
  accepted_codings out;
  out.gzip = gzip_weight > 0;
  out.identity = identity.value_or(any.value_or(1)) > 0;
  // An identity that is not named is allowed, but only as the last resort.
  const int identity_weight = identity.value_or(any.value_or(0));
  out.prefers_gzip = out.gzip && gzip_weight >= identity_weight;
  return out;
}

std::optional<byte_range> parse_range(std::string_view value) noexcept {
  const auto [unit, set] = cut(value, '=');
  if (!equal_ignoring_case(trim(unit), "bytes")) return std::nullopt;
  const auto text = trim(set);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first_text = text.substr(0, dash);
  const auto last_text = text.substr(dash + 1);
  byte_range out{position(first_text), position(last_text)};
  if (!out.first && !first_text.empty()) return std::nullopt;
  if (!out.last && !last_text.empty()) return std::nullopt;
  if (!out.first && !out.last) return std::nullopt;
  if (out.first && out.last && *out.last < *out.first) return std::nullopt;
  return out;
}

std::optional<std::string_view> strong_tag(std::string_view value) noexcept {
  value = trim(value);
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  if (value.find('"') != std::string_view::npos) return std::nullopt;
  return value;
}

std::string attachment(std::string_view file_name) {
  const std::string name = safe_name(file_name);
  std::string ascii;
  std::string extended;
  for (const char c : name) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    const bool plain = static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '%';
    if (!continues) ascii.push_back(plain ? c : '_');
    if (is_attr_char(c)) {
      extended.push_back(c);
    } else {
      constexpr std::string_view hex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      extended.push_back('%');
      extended.push_back(hex[byte >> 4]);
      extended.push_back(hex[byte & 15]);
    }
  }
  std::string out = "attachment; filename=\"" + ascii + "\"";
  if (ascii != name) out += "; filename*=UTF-8''" + extended;
  return out;
}

std::string digest_field(std::string_view algorithm, std::string_view raw_digest) {
  return std::string(algorithm) + "=:" + to_base64(as_bytes(raw_digest)) + ":";
}

}  // namespace scalekit::inline v0::http
