// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_TEXT_FORMAT_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_TEXT_FORMAT_HPP

#include <scalekit/clock.hpp>
#include <scalekit/result.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::postgres {

/// Reads `2024-05-06 07:08:09.123456+02`, with an offset or without (then UTC), up to year 289999,
/// before Christ too: a timestamp in PostgreSQL's DateStyle ISO.
/// \par Errors `limit_exceeded` for infinity and later years, `data_corrupted` for another shape.
[[nodiscard]] result<system_time> read_timestamp(std::string_view text);

/// Appends the bytes of a `bytea` in either of its text formats; false if it is in neither.
[[nodiscard]] bool append_bytea(std::string& out, std::string_view text);

[[nodiscard]] error no_such_timestamp();

}  // namespace scalekit::inline v0::postgres

#endif
