// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_RANGES_HPP
#define SCALEKIT_KEYSET_RANGES_HPP

#include <scalekit/export.hpp>
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/scan.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace scalekit::inline v0::keyset {

/// \brief The rows behind `after`, up to and including `up_to`; an absent key is an open end.
struct range {
  std::optional<std::vector<sql::value>> after = {};
  std::optional<std::vector<sql::value>> up_to = {};

  /// \brief Options for a \ref scan of this range.
  [[nodiscard]] scan_options options() const { return {.after = after, .up_to = up_to}; }
};

enum class split_method : std::uint8_t {
  /// `sampled` where the unique key is one integer column and enough samples pass the filters, else
  /// `counted`.
  automatic,
  /// Looks up `samples_per_range * ranges` unique keys spread evenly between the smallest and the
  /// greatest, then has the database put those rows in order. Cost: one seek for each in the unique
  /// key's index and one in the table, whatever the table's size. Balance: as even as the
  /// identifiers are dense (a row behind a gap is likelier to be met).
  sampled,
  /// Walks the keys of the whole range once. Cost: one index entry per row (under a microsecond on
  /// SQLite with an index that holds the order); memory: a few thousand keys. Balance: within
  /// `1 / (ranges * samples_per_range)` of the rows.
  counted
};

struct split_options {
  /// How many ranges are wanted, 1 to 1024; fewer come back where there are too few rows.
  std::size_t ranges = 4;
  split_method method = split_method::automatic;
  /// Rows looked at for each range; more even, and dearer, the more there are. 1 to 1024, and never
  /// more than 32,000 in all.
  std::size_t samples_per_range = 32;
};

/// \brief Divides a source into consecutive ranges for workers, each with its own checkpoint.
///
/// Together the ranges cover every possible key exactly once, whatever rows come and go later:
/// only the balance rests on the samples. Their order is the database's own.
///
/// \par Thread-safety  As the connection.
/// \par Errors `invalid_argument` for options out of range or a source that does not compile;
/// `not_supported` if `sampled` was demanded without a single integer key; else the backend's.
[[nodiscard]] SCALEKIT_EXPORT result<std::vector<range>> split_ranges(
    sql::connection& db, const source& what, const order& by, const split_options& options = {}
);

}  // namespace scalekit::inline v0::keyset

#endif
