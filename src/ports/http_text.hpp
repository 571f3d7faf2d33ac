// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_PORTS_HTTP_TEXT_HPP
#define SCALEKIT_SRC_PORTS_HTTP_TEXT_HPP

#include <algorithm>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::http {

// The <cctype> functions follow the locale; the protocol does not.
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(char c) noexcept {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}
constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
/// RFC 9110 section 5.6.2.
constexpr bool is_token_char(char c) noexcept {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return to_lower(x) == to_lower(y);
  });
}

constexpr std::string_view trim(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

/// Cuts `s` at the first `separator`; the second part is empty if there is none.
constexpr std::pair<std::string_view, std::string_view> cut(
    std::string_view s, char separator
) noexcept {
  const auto at = s.find(separator);
  if (at == std::string_view::npos) return {s, {}};
  return {s.substr(0, at), s.substr(at + 1)};
}

/// Whether a body in chunks may be empty and not all there: `0`, CRLF, CRLF. Beast asserts that it
/// is given the five bytes together.
constexpr bool is_part_of_last_chunk(std::string_view body) noexcept {
  return body.size() < 5 && body.starts_with('0');
}

/// Calls `f` with each trimmed, non-empty part of a comma-separated list.
template <class F>
constexpr void for_each_item(std::string_view list, F f) {
  while (!list.empty()) {
    const auto [item, rest] = cut(list, ',');
    if (const auto trimmed = trim(item); !trimmed.empty()) f(trimmed);
    list = rest;
  }
}

}  // namespace scalekit::inline v0::http

#endif
