// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_IMPL_HPP
#define SCALEKIT_SRC_BULK_IMPORT_IMPL_HPP

#include "bulk/import_plan.hpp"
#include "bulk/import_progress.hpp"

#include <scalekit/bulk/import_job.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace scalekit::inline v0::bulk {

/// A job as its tables have it.
struct stored_job {
  import_record record;
  std::vector<import_chunk> chunks;
};

struct import_job::impl {
  impl(std::unique_ptr<import_plan> p, std::vector<import_chunk> chunks)
      : plan(std::move(p)), board(std::move(chunks), plan->options) {}

  [[nodiscard]] const clock& time() const noexcept {
    return plan->options.time != nullptr ? *plan->options.time : clock::system();
  }
  [[nodiscard]] duration elapsed() const {
    const std::lock_guard lock(mutex);
    return began ? ended.value_or(time().steady_now()) - *began : duration::zero();
  }
  [[nodiscard]] std::uint64_t records_at_start() const {
    const std::lock_guard lock(mutex);
    return records_before;
  }
  void run_begins() {
    const std::lock_guard lock(mutex);
    began = time().steady_now();
    ended.reset();
    bytes_before = board.bytes_done();
    records_before = board.totals().records;
  }
  void run_ends() {
    const std::lock_guard lock(mutex);
    ended = time().steady_now();
  }

  [[nodiscard]] result<stored_job> load();
  [[nodiscard]] result<void> refresh();
  [[nodiscard]] result<import_summary> run(std::optional<std::size_t> only);
  [[nodiscard]] result<import_summary> summary(import_outcome otherwise);

  const std::unique_ptr<import_plan> plan;
  import_state_board board;

  mutable std::mutex mutex;
  std::optional<steady_time> began;
  std::optional<steady_time> ended;
  std::uint64_t bytes_before = 0;
  std::uint64_t records_before = 0;
};

}  // namespace scalekit::inline v0::bulk

#endif
