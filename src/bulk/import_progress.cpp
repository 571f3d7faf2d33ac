// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_progress.hpp"

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::bulk {

void import_counts::add(const import_counts& other) {
  records += other.records;
  inserted += other.inserted;
  updated += other.updated;
  unchanged += other.unchanged;
  folded += other.folded;
  rejected += other.rejected;
  for (const auto& [code, count] : other.codes) codes[code] += count;
}

bool past_limits(const import_counts& n, const import_limits& limits) noexcept {
  if (n.rejected > limits.max_rejected) return true;
  return n.records >= std::max<std::uint64_t>(limits.sample_rows, 1) &&
         static_cast<double>(n.rejected) >
             limits.max_rejected_share * static_cast<double>(n.records);
}

import_state_board::import_state_board(
    std::vector<import_chunk> chunks, const import_options& options
)
    : limits_(options.limits), chunks_(std::move(chunks)) {
  metrics::registry& r =
      options.metrics != nullptr ? *options.metrics : metrics::registry::nowhere();
  rows_ = r.make_counter("scalekit_import_rows_total", "Rows read by committed batches");
  rejected_ = r.make_counter("scalekit_import_rejected_total", "Rows rejected");
  batches_ = r.make_counter("scalekit_import_batches_total", "Batches committed");
  retries = r.make_counter("scalekit_import_retries_total", "Batches and reads tried again");
  for (const import_chunk& c : chunks_) totals_.add(c.counts);
}

void import_state_board::refresh(std::vector<import_chunk> chunks) {
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    chunks_ = std::move(chunks);
    totals_ = {};
    for (const import_chunk& c : chunks_) totals_.add(c.counts);
    enough = past_limits(totals_, limits_);
  }
  if (enough) ask_to_stop(import_stop::limit);
}

import_chunk import_state_board::chunk(std::size_t number) const {
  const std::lock_guard lock(mutex_);
  return chunks_[number];
}

import_counts import_state_board::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

std::uint64_t import_state_board::bytes_done() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const import_chunk& c : chunks_) sum += c.at.offset - c.begin.offset;
  return sum;
}

std::optional<std::size_t> import_state_board::next_open(std::size_t from) const {
  if (stop() != import_stop::none) return {};
  const std::lock_guard lock(mutex_);
  for (std::size_t i = from; i < chunks_.size(); ++i) {
    if (!chunks_[i].done()) return i;
  }
  return {};
}

void import_state_board::committed(std::size_t number, const import_chunk& now) {
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    import_chunk& chunk = chunks_[number];
    const import_counts& before = chunk.counts;
    const import_counts& after = now.counts;
    totals_.records += after.records - before.records;
    totals_.inserted += after.inserted - before.inserted;
    totals_.updated += after.updated - before.updated;
    totals_.unchanged += after.unchanged - before.unchanged;
    totals_.folded += after.folded - before.folded;
    totals_.rejected += after.rejected - before.rejected;
    for (const auto& [code, count] : after.codes) {
      const auto old = before.codes.find(code);
      totals_.codes[code] += count - (old == before.codes.end() ? 0 : old->second);
    }
    rows_.add(after.records - before.records);
    rejected_.add(after.rejected - before.rejected);
    chunk = now;
    enough = past_limits(totals_, limits_);
  }
  batches_.add();
  ++batches;
  if (enough) ask_to_stop(import_stop::limit);
}

void import_state_board::ask_to_stop(import_stop why) noexcept {
  if (why == import_stop::cancel) {
    stop_ = why;
    return;
  }
  import_stop none = import_stop::none;
  stop_.compare_exchange_strong(none, why);
}

void import_state_board::forget_failures() noexcept {
  for (import_stop why : {import_stop::limit, import_stop::failure}) {
    stop_.compare_exchange_strong(why, import_stop::none);
  }
}

import_stop import_state_board::take_pause() noexcept {
  import_stop why = import_stop::pause;
  stop_.compare_exchange_strong(why, import_stop::none);
  return why;
}

}  // namespace scalekit::inline v0::bulk
