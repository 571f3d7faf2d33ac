// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_DECODE_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_DECODE_HPP

#include <scalekit/ports/sql_value.hpp>

#include <array>
#include <cstdint>
#include <mysql.h>
#include <string_view>

namespace scalekit::inline v0::mariadb {

/// How a column's values lie in a row of the binary protocol, and what they become.
enum class wire_type : std::uint8_t {
  null,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float32,
  float64,
  decimal,
  text,
  blob,
  bits,    ///< BIT up to 63 bits
  bits64,  ///< BIT(64)
  date,
  time,
  timestamp
};

/// As in a table's definition, e.g. `BIGINT UNSIGNED`; kinds of text and of blob are not told
/// apart.
[[nodiscard]] std::string_view to_string(wire_type type) noexcept;

struct column_decoder {
  wire_type type = wire_type::text;
  unsigned decimals = 0;             ///< of a TIME
  std::array<char, 24> text_room{};  ///< what a DATE or TIME is spelt into
};

[[nodiscard]] column_decoder decoder_of(const MYSQL_FIELD& field) noexcept;

enum class decoded : std::uint8_t {
  ok,
  truncated,     ///< the value does not end within the packet
  no_such_time,  ///< a date that the calendar does not have, as 0000-00-00
};

/// Reads one value that is not NULL at `at` and moves `at` behind it. Text, decimal and blob are
/// views into the packet.
[[nodiscard]] decoded decode(
    column_decoder& column, const unsigned char*& at, const unsigned char* end, sql::value_view& out
) noexcept;

}  // namespace scalekit::inline v0::mariadb

#endif
