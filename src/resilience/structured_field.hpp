// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_RESILIENCE_STRUCTURED_FIELD_HPP
#define SCALEKIT_SRC_RESILIENCE_STRUCTURED_FIELD_HPP

#include <scalekit/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scalekit::inline v0::resilience::structured {

struct token {
  std::string text;
};
struct byte_sequence {
  std::string bytes;
};
/// A type that no field of ours has: a decimal, a date, a display string.
struct other {};

/// A bare item of RFC 9651.
using item = std::variant<std::int64_t, bool, std::string, token, byte_sequence, other>;

struct parameter {
  std::string key;
  item value;
};

/// A member of a list; inner lists are not taken.
struct member {
  item value;
  std::vector<parameter> parameters;

  /// The last parameter of that name, as RFC 9651 says; null if there is none.
  [[nodiscard]] const item* find(std::string_view key) const noexcept;
};

/// A list of items by the algorithms of RFC 9651, 4.2: what they refuse is refused.
[[nodiscard]] result<std::vector<member>> parse_list(std::string_view field);

/// Appends a string in quotes. \pre printable ASCII
void append_string(std::string& out, std::string_view text);
/// Appends bytes as `:base64:`.
void append_bytes(std::string& out, std::string_view bytes);

[[nodiscard]] bool is_printable(std::string_view text) noexcept;

/// The largest integer of RFC 9651.
inline constexpr std::int64_t largest = 999'999'999'999'999;

}  // namespace scalekit::inline v0::resilience::structured

#endif
