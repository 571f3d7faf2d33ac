// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_CHECKPOINT_HPP
#define SCALEKIT_BULK_CHECKPOINT_HPP

#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief What an export's bytes depend on besides the rows, in parts, so that a refusal to resume
/// can say which part changed. FNV-1a (64 bits) of canonical texts: it guards against mistakes, not
/// against forgery.
struct export_fingerprint {
  std::uint64_t schema = 0;   ///< the table, and name and declared type of every column
  std::uint64_t columns = 0;  ///< projection, headers, column formats, version of the transform
  std::uint64_t filters = 0;  ///< filters and fixed columns with their values
  std::uint64_t order = 0;    ///< the sort order
  std::uint64_t format = 0;   ///< the CSV dialect

  friend bool operator==(const export_fingerprint&, const export_fingerprint&) = default;

  /// \brief Which parts differ, e.g. `"filters, order"`; empty if none.
  [[nodiscard]] SCALEKIT_EXPORT std::string difference(const export_fingerprint& other) const;
};

/// \brief A place in an export from which it can go on: always between two rows.
///
/// `bytes` counts the uncompressed output from its first byte, header included; `digest` is the
/// running state of the hash over exactly those bytes.
struct checkpoint {
  std::vector<sql::value> key = {};  ///< of the last row written; empty: none yet
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string digest = {};  ///< \ref scalekit::digest::save; empty if none is kept
  bool at_end = false;

  friend bool operator==(const checkpoint&, const checkpoint&) = default;
};

/// \brief A checkpoint as text for a store; versioned and checked.
[[nodiscard]] SCALEKIT_EXPORT std::string to_bytes(const checkpoint& c);
/// \par Errors `data_corrupted` if the text was cut, changed, or written by a newer version.
[[nodiscard]] SCALEKIT_EXPORT result<checkpoint> checkpoint_from_bytes(std::string_view text);

}  // namespace scalekit::inline v0::bulk

#endif
