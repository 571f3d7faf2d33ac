// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_FEED_HPP
#define SCALEKIT_SRC_BULK_IMPORT_FEED_HPP

#include "bulk/import_batch.hpp"
#include "bulk/import_plan.hpp"
#include "bulk/import_progress.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Reads and checks the rows of one chunk after another.
///
/// \par Thread-safety  One thread at a time, not always the same.
class import_feed {
 public:
  struct piece {
    std::size_t number = 0;
    import_chunk chunk;
  };
  /// Gives the next chunk to read, none if there is none left.
  using claim_fn = std::function<std::optional<piece>()>;

  import_feed(const import_plan& plan, import_state_board& board, claim_fn claim);

  /// The next batch; false if nothing is left. A batch never spans two chunks, and the last of a
  /// chunk may hold no rows.
  [[nodiscard]] result<bool> fill(import_batch& out);

 private:
  [[nodiscard]] result<void> open(piece next);
  [[nodiscard]] result<void> read_rows(import_batch& out);
  [[nodiscard]] result<void> read_record(const csv::record& row, import_batch& out);
  [[nodiscard]] bool full(const import_batch& b) const noexcept;
  [[nodiscard]] row_error duplicate_error(const csv::record& row, const import_duplicate& d) const;
  [[nodiscard]] const import_duplicate* duplicate_at(std::uint64_t offset) noexcept;

  const import_plan& plan_;
  import_state_board& board_;
  claim_fn claim_;
  std::optional<piece> current_;
  csv::position at_;
  std::uint64_t stamp_ = 0;  // of the file before the chunk was verified
  std::unique_ptr<csv::byte_source> source_;
  std::unique_ptr<csv::reader> reader_;
  typed_row row_;
  std::vector<row_error> errors_;
  std::size_t reject_bytes_ = 0;
  std::vector<import_duplicate> duplicates_;
  std::size_t next_duplicate_ = 0;
};

/// An import's fill of the next batch while the current one is written.
///
/// The task owns what it touches, and whoever needs its result first does the work himself if it
/// has not begun: an executor that is late, or busy, or never runs it, costs speed and no more.
class read_ahead {
 public:
  read_ahead(import_feed feed, std::function<void(std::function<void()>)> executor);
  read_ahead(const read_ahead&) = delete;
  read_ahead& operator=(const read_ahead&) = delete;
  /// Waits for a task that has begun.
  ~read_ahead();

  /// Swaps the next batch into `out` and begins with the one behind it.
  [[nodiscard]] result<bool> next(import_batch& out);

 private:
  struct state;
  std::shared_ptr<state> state_;
  std::function<void(std::function<void()>)> executor_;
};

}  // namespace scalekit::inline v0::bulk

#endif
