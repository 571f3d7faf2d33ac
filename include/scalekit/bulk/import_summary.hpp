// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_IMPORT_SUMMARY_HPP
#define SCALEKIT_BULK_IMPORT_SUMMARY_HPP

#include <scalekit/bulk/error_report.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

enum class import_outcome : std::uint8_t {
  unfinished,  ///< still running, or its process died: it can be resumed
  completed,   ///< every row was read, and written or rejected
  too_many_rejected,
  paused,
  cancelled
};
/// \brief The spelling, e.g. `"completed"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(import_outcome outcome) noexcept;

/// \brief What came of an import.
///
/// `read` is `good + rejected`, and `good` is `inserted + updated + unchanged + folded` once all of
/// them are written.
struct import_summary {
  std::string file = {};         ///< its name
  std::string file_sha256 = {};  ///< in hex; empty: not known
  bool dry_run = false;          ///< the counts say what would have been
  import_outcome outcome = import_outcome::unfinished;

  std::uint64_t read = 0;  ///< rows, the header not counted
  std::uint64_t good = 0;
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;  ///< were there already, with the same values
  std::uint64_t folded = 0;     ///< had the key of another row, which was taken
  std::uint64_t rejected = 0;
  std::uint64_t unprocessed = 0;       ///< rows not reached, where their number is known
  error_counts rejected_by_code = {};  ///< errors; a row may have several
  std::uint64_t bytes = 0;             ///< of the file, read so far
  duration elapsed{};                  ///< of this run
  std::uint64_t read_by_run = 0;       ///< rows, by this run

  /// \brief Rows read a second by this run; 0 if no time has passed.
  [[nodiscard]] SCALEKIT_EXPORT double rows_per_second() const noexcept;
  /// \brief One JSON object: the members by name, `elapsed_seconds`, `rows_per_second`;
  /// `file_sha256` is null if it is not known.
  [[nodiscard]] SCALEKIT_EXPORT std::string to_json() const;
};

}  // namespace scalekit::inline v0::bulk

#endif
