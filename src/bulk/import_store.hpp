// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_STORE_HPP
#define SCALEKIT_SRC_BULK_IMPORT_STORE_HPP

#include <scalekit/bulk/error_report.hpp>
#include <scalekit/bulk/row_error.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/csv/reader.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// What a job depends on, in parts, so that a refusal to resume can say which part changed.
struct import_fingerprint {
  std::uint64_t schema = 0;
  std::uint64_t target = 0;
  std::uint64_t format = 0;
  std::uint64_t rules = 0;  ///< mode, and what becomes of duplicates

  friend bool operator==(const import_fingerprint&, const import_fingerprint&) = default;
  [[nodiscard]] std::string difference(const import_fingerprint& other) const;
};

enum class import_state { ready, cancelled };

/// What is fixed when a job starts.
struct import_record {
  std::string id = {};
  std::string name = {};
  std::string file_name = {};
  std::string digest = {};  ///< of the file, hex; empty if none is kept
  import_fingerprint fingerprint = {};
  csv::position begin = {};  ///< of the first row
  csv::position end = {};    ///< of the file
  std::uint64_t head_hash = 0;
  std::size_t header_columns = 0;
  system_time created_at{};
  import_state state = import_state::ready;
};

struct import_counts {
  std::uint64_t records = 0;
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t folded = 0;
  std::uint64_t rejected = 0;
  error_counts codes = {};  ///< errors by code; a row may have several

  void add(const import_counts& other);
};

/// A piece of the file and how far it is.
struct import_chunk {
  csv::position begin = {};
  std::uint64_t end = 0;  ///< the offset where the next one begins
  std::uint64_t hash = 0;
  csv::position at = {};
  import_counts counts = {};

  [[nodiscard]] bool done() const noexcept { return at.offset >= end; }
};

/// A row that was refused.
struct import_reject {
  csv::position begin = {};
  std::uint64_t bytes = 0;
  std::vector<row_error> errors = {};
};

/// About how much room its place in the store takes.
[[nodiscard]] std::size_t size_of(const import_reject& r) noexcept;

/// A row whose key another row has.
struct import_duplicate {
  std::uint64_t offset = 0;
  std::uint64_t winner_line = 0;
  std::uint32_t key = 0;  ///< 0: the natural key, else 1 + the unique column
};

/// The job's three tables. Every call is one statement on the caller's connection, so that it joins
/// the caller's transaction; nothing is cached.
class import_store {
 public:
  [[nodiscard]] static result<import_store> make(std::string_view prefix);

  [[nodiscard]] result<void> create_tables(sql::connection& db) const;

  [[nodiscard]] result<void> insert(
      sql::connection& db, const import_record& record, std::span<const import_chunk> chunks
  ) const;
  [[nodiscard]] result<std::optional<import_record>> find(sql::connection& db, std::string_view id)
      const;
  [[nodiscard]] result<std::vector<import_record>> all(sql::connection& db) const;
  [[nodiscard]] result<std::vector<import_chunk>> chunks(sql::connection& db, std::string_view id)
      const;
  [[nodiscard]] result<void> cancel(sql::connection& db, std::string_view id) const;

  /// Moves a chunk from `from` to where `now` is; false if it was not at `from`, or the job has
  /// been cancelled.
  [[nodiscard]] result<bool> advance(
      sql::connection& db,
      std::string_view id,
      std::size_t chunk,
      std::uint64_t from,
      const import_chunk& now
  ) const;
  /// Where a chunk is.
  [[nodiscard]] result<std::uint64_t> position(
      sql::connection& db, std::string_view id, std::size_t chunk
  ) const;

  [[nodiscard]] result<void> add_rejects(
      sql::connection& db, std::string_view id, std::span<const import_reject> rejects
  ) const;
  [[nodiscard]] result<void> add_duplicates(
      sql::connection& db, std::string_view id, std::span<const import_duplicate> duplicates
  ) const;
  /// Of the batch of rejects that follows the one at `after`; empty at the end.
  struct reject_page {
    std::uint64_t key = 0;
    std::vector<import_reject> rejects = {};
  };
  [[nodiscard]] result<reject_page> rejects_after(
      sql::connection& db, std::string_view id, std::optional<std::uint64_t> after
  ) const;
  /// Those of the rows that begin in [begin, end), in order. \pre `begin` and `end` are those of
  /// chunks
  [[nodiscard]] result<std::vector<import_duplicate>> duplicates(
      sql::connection& db, std::string_view id, std::uint64_t begin, std::uint64_t end
  ) const;

  [[nodiscard]] result<void> forget(sql::connection& db, std::string_view id) const;

 private:
  explicit import_store(std::string_view prefix);
  [[nodiscard]] result<void> add_note(
      sql::connection& db,
      std::string_view id,
      std::string_view kind,
      std::uint64_t at,
      std::string_view body
  ) const;

  std::string imports_;
  std::string chunks_;
  std::string notes_;
};

}  // namespace scalekit::inline v0::bulk

#endif
