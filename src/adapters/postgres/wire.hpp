// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_WIRE_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_WIRE_HPP

/// \file
/// Numbers in PostgreSQL's binary format, and the types this adapter knows.

#include <cstdint>
#include <libpq-fe.h>

namespace scalekit::inline v0::postgres {

// From the server's pg_type.dat; these never change.
namespace oid {
inline constexpr Oid boolean = 16, bytea = 17, single_char = 18, name = 19, int8 = 20, int2 = 21,
                     int4 = 23, text = 25, object_id = 26, json = 114, xml = 142, float4 = 700,
                     float8 = 701, unknown = 705, bpchar = 1042, varchar = 1043, date = 1082,
                     timestamp = 1114, timestamptz = 1184, numeric = 1700, uuid = 2950,
                     jsonb = 3802;
}  // namespace oid

/// Microseconds from 1970, where scalekit counts from, to 2000, where PostgreSQL does.
inline constexpr std::int64_t epoch_us = 946'684'800'000'000;

[[nodiscard]] inline std::uint64_t load_big_endian(const char* p, int size) noexcept {
  std::uint64_t n = 0;
  for (int i = 0; i < size; ++i) n = n << 8U | static_cast<unsigned char>(p[i]);
  return n;
}
[[nodiscard]] inline std::int16_t load_i16(const char* p) noexcept {
  return static_cast<std::int16_t>(load_big_endian(p, 2));
}
[[nodiscard]] inline std::int32_t load_i32(const char* p) noexcept {
  return static_cast<std::int32_t>(load_big_endian(p, 4));
}
[[nodiscard]] inline std::uint32_t load_u32(const char* p) noexcept {
  return static_cast<std::uint32_t>(load_big_endian(p, 4));
}
[[nodiscard]] inline std::int64_t load_i64(const char* p) noexcept {
  return static_cast<std::int64_t>(load_big_endian(p, 8));
}

}  // namespace scalekit::inline v0::postgres

#endif
