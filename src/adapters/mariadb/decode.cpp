// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/decode.hpp"

#include <scalekit/timestamp.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace scalekit::inline v0::mariadb {

namespace {

constexpr unsigned binary_charset = 63;

// Little-endian, as everything in the protocol.
std::uint64_t little_endian(const unsigned char* at, std::size_t size) noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = size; i-- > 0;) n = n << 8U | at[i];
  return n;
}

std::int64_t sign_extended(std::uint64_t n, std::size_t size) noexcept {
  const auto unused = static_cast<unsigned>(64 - 8 * size);
  return static_cast<std::int64_t>(n << unused) >> unused;
}

bool take_length(
    const unsigned char*& at, const unsigned char* end, std::uint64_t& length
) noexcept {
  if (at == end) return false;
  const unsigned first = *at++;
  if (first < 251) {
    length = first;
    return true;
  }
  if (first != 252 && first != 253 && first != 254) return false;
  const std::size_t size = first == 252 ? 2 : first == 253 ? 3 : 8;
  if (static_cast<std::size_t>(end - at) < size) return false;
  length = little_endian(at, size);
  at += size;
  return true;
}

bool take_text(
    const unsigned char*& at, const unsigned char* end, std::string_view& text
) noexcept {
  std::uint64_t length = 0;
  if (!take_length(at, end, length) || static_cast<std::uint64_t>(end - at) < length) return false;
  text = {reinterpret_cast<const char*>(at), static_cast<std::size_t>(length)};
  at += length;
  return true;
}

std::uint64_t big_endian(std::string_view data) noexcept {
  std::uint64_t n = 0;
  for (const char c : data) n = n << 8U | static_cast<unsigned char>(c);
  return n;
}

// The fields of a date, a time or both; those that the server left out are zero.
struct moment {
  bool negative = false;
  std::uint32_t days = 0;
  civil_time civil{.year = 0, .month = 0, .day = 0};
};

void read_clock(const unsigned char* at, std::size_t size, civil_time& out) noexcept {
  if (size < 3) return;
  out.hour = at[0];
  out.minute = at[1];
  out.second = at[2];
  if (size >= 7) out.microsecond = static_cast<unsigned>(little_endian(at + 3, 4));
}

moment read_date(std::string_view data) noexcept {
  moment m;
  if (data.size() < 4) return m;
  const auto* at = reinterpret_cast<const unsigned char*>(data.data());
  m.civil.year = static_cast<int>(little_endian(at, 2));
  m.civil.month = at[2];
  m.civil.day = at[3];
  read_clock(at + 4, data.size() - 4, m.civil);
  return m;
}

moment read_time(std::string_view data) noexcept {
  moment m;
  if (data.size() < 5) return m;
  const auto* at = reinterpret_cast<const unsigned char*>(data.data());
  m.negative = at[0] != 0;
  m.days = static_cast<std::uint32_t>(little_endian(at + 1, 4));
  read_clock(at + 5, data.size() - 5, m.civil);
  return m;
}

char* put_number(char* out, std::uint64_t n, int width) noexcept {
  for (int i = width; i-- > 0; n /= 10) out[i] = static_cast<char>('0' + n % 10);
  return out + width;
}

std::string_view date_text(const civil_time& c, std::array<char, 24>& room) noexcept {
  char* out = put_number(room.data(), static_cast<std::uint64_t>(c.year), 4);
  *out++ = '-';
  out = put_number(out, c.month, 2);
  *out++ = '-';
  out = put_number(out, c.day, 2);
  return {room.data(), out};
}

std::string_view time_text(
    const moment& m, unsigned decimals, std::array<char, 24>& room
) noexcept {
  char* out = room.data();
  if (m.negative) *out++ = '-';
  // 838 hours at most, says the server; what a broken one says must fit the room.
  const std::uint64_t hours = (std::uint64_t{m.days} * 24 + m.civil.hour) % 10'000;
  out = put_number(out, hours, hours > 999 ? 4 : hours > 99 ? 3 : 2);
  *out++ = ':';
  out = put_number(out, m.civil.minute, 2);
  *out++ = ':';
  out = put_number(out, m.civil.second, 2);
  if (decimals > 0 && decimals <= 6) {
    *out++ = '.';
    put_number(out, m.civil.microsecond, 6);
    out += decimals;
  }
  return {room.data(), out};
}

bool is_on_calendar(const civil_time& c) noexcept {
  const std::chrono::year_month_day date(
      std::chrono::year(c.year), std::chrono::month(c.month), std::chrono::day(c.day)
  );
  return date.ok() && c.hour < 24 && c.minute < 60 && c.second < 60 && c.microsecond < 1'000'000;
}

std::size_t fixed_size(wire_type type) noexcept {
  switch (type) {
    case wire_type::int8:
    case wire_type::uint8:
      return 1;
    case wire_type::int16:
    case wire_type::uint16:
      return 2;
    case wire_type::int32:
    case wire_type::uint32:
    case wire_type::float32:
      return 4;
    case wire_type::int64:
    case wire_type::uint64:
    case wire_type::float64:
      return 8;
    default:
      return 0;
  }
}

sql::value_view fixed_value(wire_type type, std::uint64_t bits, std::size_t size) noexcept {
  switch (type) {
    case wire_type::int8:
    case wire_type::int16:
    case wire_type::int32:
    case wire_type::int64:
      return sign_extended(bits, size);
    case wire_type::uint64:
      return sql::value_view::uint64(bits);
    case wire_type::float32:
      return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    case wire_type::float64:
      return std::bit_cast<double>(bits);
    default:
      return static_cast<std::int64_t>(bits);
  }
}

decoded text_value(column_decoder& column, std::string_view data, sql::value_view& out) noexcept {
  switch (column.type) {
    case wire_type::decimal:
      out = sql::value_view::decimal(data);
      return decoded::ok;
    case wire_type::blob:
      out = as_bytes(data);
      return decoded::ok;
    case wire_type::bits:
      out = static_cast<std::int64_t>(big_endian(data));
      return decoded::ok;
    case wire_type::bits64:
      out = sql::value_view::uint64(big_endian(data));
      return decoded::ok;
    case wire_type::date:
      out = date_text(read_date(data).civil, column.text_room);
      return decoded::ok;
    case wire_type::time:
      out = time_text(read_time(data), column.decimals, column.text_room);
      return decoded::ok;
    case wire_type::timestamp: {
      const civil_time c = read_date(data).civil;
      if (!is_on_calendar(c)) return decoded::no_such_time;
      out = from_civil(c);
      return decoded::ok;
    }
    default:
      out = data;
      return decoded::ok;
  }
}

wire_type integer_type(enum_field_types type, bool is_unsigned) noexcept {
  switch (type) {
    case MYSQL_TYPE_TINY:
      return is_unsigned ? wire_type::uint8 : wire_type::int8;
    case MYSQL_TYPE_SHORT:
      return is_unsigned ? wire_type::uint16 : wire_type::int16;
    case MYSQL_TYPE_LONGLONG:
      return is_unsigned ? wire_type::uint64 : wire_type::int64;
    default:
      return is_unsigned ? wire_type::uint32 : wire_type::int32;
  }
}

wire_type type_of(const MYSQL_FIELD& f) noexcept {
  switch (f.type) {
    case MYSQL_TYPE_NULL:
      return wire_type::null;
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
      return integer_type(f.type, (f.flags & UNSIGNED_FLAG) != 0);
    case MYSQL_TYPE_YEAR:
      return wire_type::uint16;
    case MYSQL_TYPE_FLOAT:
      return wire_type::float32;
    case MYSQL_TYPE_DOUBLE:
      return wire_type::float64;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
      return wire_type::decimal;
    case MYSQL_TYPE_BIT:
      return f.length > 63 ? wire_type::bits64 : wire_type::bits;
    case MYSQL_TYPE_DATE:
      return wire_type::date;
    case MYSQL_TYPE_TIME:
      return wire_type::time;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
      return wire_type::timestamp;
    case MYSQL_TYPE_GEOMETRY:
      return wire_type::blob;
    // MySQL calls its JSON binary.
    case MYSQL_TYPE_JSON:
      return wire_type::text;
    default:
      return f.charsetnr == binary_charset ? wire_type::blob : wire_type::text;
  }
}

}  // namespace

std::string_view to_string(wire_type type) noexcept {
  static constexpr std::array<std::string_view, 19> names = {
      "NULL",
      "TINYINT",
      "TINYINT UNSIGNED",
      "SMALLINT",
      "SMALLINT UNSIGNED",
      "INT",
      "INT UNSIGNED",
      "BIGINT",
      "BIGINT UNSIGNED",
      "FLOAT",
      "DOUBLE",
      "DECIMAL",
      "TEXT",
      "BLOB",
      "BIT",
      "BIT",
      "DATE",
      "TIME",
      "DATETIME"};
  return names[static_cast<std::size_t>(type)];
}

column_decoder decoder_of(const MYSQL_FIELD& field) noexcept {
  return {.type = type_of(field), .decimals = field.decimals};
}

decoded decode(
    column_decoder& column, const unsigned char*& at, const unsigned char* end, sql::value_view& out
) noexcept {
  if (column.type == wire_type::null) {
    out = {};
    return decoded::ok;
  }
  if (const std::size_t size = fixed_size(column.type); size != 0) {
    if (static_cast<std::size_t>(end - at) < size) return decoded::truncated;
    out = fixed_value(column.type, little_endian(at, size), size);
    at += size;
    return decoded::ok;
  }
  std::string_view data;
  if (!take_text(at, end, data)) return decoded::truncated;
  return text_value(column, data, out);
}

}  // namespace scalekit::inline v0::mariadb
