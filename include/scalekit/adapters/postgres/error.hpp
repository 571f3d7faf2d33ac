// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_POSTGRES_ERROR_HPP
#define SCALEKIT_ADAPTERS_POSTGRES_ERROR_HPP

/// \file
/// What PostgreSQL's SQLSTATEs mean to a caller.
///
/// | SQLSTATE | \ref scalekit::errc |
/// |---|---|
/// | 40001 40P01 40000, 55P03 55006, 72000 | `busy` |
/// | 23xxx, 40002, 27000, 2Bxxx, 44000, P0001 (RAISE), P0003 | `conflict` |
/// | 57014 | `cancelled` if an interrupt did it, else `timed_out`; 25P03 `timed_out` |
/// | 08xxx, 53000 53200 53300, 57xxx, 58xxx, F0xxx, HVxxx | `unavailable` |
/// | 08007, 40003 | `outcome_unknown` |
/// | 53100 (disk full), 53400, 54xxx | `limit_exceeded` |
/// | 28xxx | `unauthenticated` |
/// | 3D000, 57P04, P0002 | `not_found` |
/// | 0Axxx | `not_supported` |
/// | XX001 XX002 | `data_corrupted` |
/// | 08P01 (parameters do not match), 03 09 0B 0F 0L 0P 0Z 20 21 22 24 | `invalid_argument` |
/// | 25 26 2D 2F 34 38 39 3B 3F 42 55 | `invalid_argument` |
/// | P0000 P0004, XX000, 00 01 02 (no errors) and what is unknown | `internal` |

#include <scalekit/error.hpp>
#include <scalekit/export.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::inline v0::postgres {

/// \brief What an SQLSTATE means to a caller; the table above.
[[nodiscard]] SCALEKIT_EXPORT errc to_errc(std::string_view sqlstate) noexcept;

/// \brief The five characters as one number in base 36: what `error::cause().code` holds where
/// `cause().system` is `"postgres"`. 0 for anything but five of 0-9 and A-Z.
[[nodiscard]] SCALEKIT_EXPORT std::int64_t pack_sqlstate(std::string_view sqlstate) noexcept;

/// \brief The SQLSTATE of an error of this adapter, e.g. `"23505"`; empty where it has none.
[[nodiscard]] SCALEKIT_EXPORT std::string sqlstate_of(const error& e);

}  // namespace scalekit::inline v0::postgres

#endif
