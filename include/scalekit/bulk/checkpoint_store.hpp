// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_CHECKPOINT_STORE_HPP
#define SCALEKIT_BULK_CHECKPOINT_STORE_HPP

#include <scalekit/bulk/checkpoint.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

/// \brief What a finished export came to.
struct export_totals {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string digest_hex = {};  ///< lower-case hex; empty if no digest was kept

  friend bool operator==(const export_totals&, const export_totals&) = default;
};

/// \brief One export, from its first byte to its expiry, across any number of runs.
struct export_record {
  std::string id = {};
  std::string name = {};  ///< which definition it runs, e.g. `"transactions"`
  export_fingerprint fingerprint = {};
  sql::value upper_bound = {};  ///< of the bound column, taken at the start; null: none
  system_time created_at{};
  system_time expires_at{};
  std::optional<export_totals> totals = {};  ///< once a run has reached the end
};

/// \brief Keeps exports and their checkpoints, so that another process can go on.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
/// \par Errors of every call: `unavailable` or `busy` from the backend; `data_corrupted` if what
/// is stored does not decode.
class SCALEKIT_EXPORT checkpoint_store {
 public:
  checkpoint_store() = default;
  checkpoint_store(const checkpoint_store&) = delete;
  checkpoint_store& operator=(const checkpoint_store&) = delete;
  virtual ~checkpoint_store();

  /// \par Errors `conflict` if the id is taken.
  [[nodiscard]] virtual result<void> create(const export_record& record) = 0;
  /// \brief The export, or nothing if it is unknown or expired at `now`.
  [[nodiscard]] virtual result<std::optional<export_record>> find(
      std::string_view id, system_time now
  ) = 0;
  /// \brief Adds a checkpoint, for good: adding the same one again changes nothing.
  /// \par Errors `not_found` if the export does not exist (any more); `conflict` if another state
  /// is stored at the same byte, for then two runs made different files.
  [[nodiscard]] virtual result<void> append(std::string_view id, const checkpoint& c) = 0;
  /// \brief The last checkpoint at or before `bytes`.
  [[nodiscard]] virtual result<std::optional<checkpoint>> at_or_before(
      std::string_view id, std::uint64_t bytes
  ) = 0;
  /// \brief The first checkpoint behind `bytes`.
  [[nodiscard]] virtual result<std::optional<checkpoint>> after(
      std::string_view id, std::uint64_t bytes
  ) = 0;
  /// \brief Records that the end was reached.
  [[nodiscard]] virtual result<void> finish(std::string_view id, const export_totals& totals) = 0;
  /// \brief Removes up to `limit` exports that have expired, with their checkpoints; how many.
  [[nodiscard]] virtual result<std::size_t> purge_expired(system_time now, std::size_t limit) = 0;
};

}  // namespace scalekit::inline v0::bulk

#endif
