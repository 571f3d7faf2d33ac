// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_PROGRESS_HPP
#define SCALEKIT_SRC_BULK_IMPORT_PROGRESS_HPP

#include "bulk/import_batch.hpp"
#include "bulk/import_store.hpp"

#include <scalekit/bulk/import_job.hpp>
#include <scalekit/metrics.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Why no further batch is begun.
enum class import_stop { none, limit, pause, cancel, failure };

/// Whether more rows were rejected than the limits allow.
[[nodiscard]] bool past_limits(const import_counts& n, const import_limits& limits) noexcept;

/// Where the chunks are, what was counted, and whether to go on: what an import's threads share.
///
/// \par Thread-safety  Safe for concurrent calls.
class import_state_board {
 public:
  import_state_board(std::vector<import_chunk> chunks, const import_options& options);

  /// Takes what the database says of the same chunks.
  void refresh(std::vector<import_chunk> chunks);

  [[nodiscard]] std::size_t chunk_count() const noexcept { return chunks_.size(); }
  [[nodiscard]] import_chunk chunk(std::size_t number) const;
  [[nodiscard]] import_counts totals() const;
  [[nodiscard]] std::uint64_t bytes_done() const;

  /// The first chunk from `from` on that is not done; nothing once the import is to stop.
  [[nodiscard]] std::optional<std::size_t> next_open(std::size_t from) const;

  /// A batch was committed: its chunk stands here now. Asks for a stop where a limit is passed.
  void committed(std::size_t number, const import_chunk& now);

  void ask_to_stop(import_stop why) noexcept;  ///< the first reason stays, but for `cancel`
  void forget_failures() noexcept;             ///< and limits: a new run has its own
  /// The reason of the run that ends; a pause is for one run.
  [[nodiscard]] import_stop take_pause() noexcept;
  [[nodiscard]] import_stop stop() const noexcept { return stop_.load(); }

  metrics::counter retries;
  std::atomic<std::uint64_t> batches = 0;
  std::atomic<std::uint64_t> contended = 0;
  std::atomic<std::uint64_t> outages = 0;
  std::atomic<std::uint64_t> in_doubt = 0;
  std::atomic<std::uint64_t> given_up = 0;
  std::atomic<std::uint64_t> bisected = 0;

 private:
  import_limits limits_;
  metrics::counter rows_, rejected_, batches_;
  mutable std::mutex mutex_;
  std::vector<import_chunk> chunks_;
  import_counts totals_;
  std::atomic<import_stop> stop_ = import_stop::none;
};

}  // namespace scalekit::inline v0::bulk

#endif
