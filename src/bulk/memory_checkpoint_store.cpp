// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/memory_checkpoint_store.hpp>

#include <iterator>

namespace scalekit::inline v0::bulk {

checkpoint_store::~checkpoint_store() = default;

namespace {

error unknown_export(std::string_view id) {
  return {errc::not_found, "checkpoint store: no export with the id " + std::string(id)};
}

error other_state(std::string_view id, std::uint64_t position) {
  return {
      errc::conflict,
      "checkpoint store: export " + std::string(id) + " has another state at byte " +
          std::to_string(position)};
}

}  // namespace

result<void> memory_checkpoint_store::create(const export_record& record) {
  const std::lock_guard lock(mutex_);
  if (!exports_.try_emplace(record.id, entry{record, {}}).second) {
    return error(errc::conflict, "checkpoint store: the export id is taken: " + record.id);
  }
  return {};
}

result<std::optional<export_record>> memory_checkpoint_store::find(
    std::string_view id, system_time now
) {
  const std::lock_guard lock(mutex_);
  const auto found = exports_.find(id);
  if (found == exports_.end() || found->second.record.expires_at <= now) {
    return std::optional<export_record>();
  }
  return std::optional(found->second.record);
}

result<void> memory_checkpoint_store::append(std::string_view id, const checkpoint& c) {
  const std::lock_guard lock(mutex_);
  const auto found = exports_.find(id);
  if (found == exports_.end()) return unknown_export(id);
  const auto [stored, added] = found->second.checkpoints.try_emplace(c.bytes, c);
  if (!added && to_bytes(stored->second) != to_bytes(c)) return other_state(id, c.bytes);
  return {};
}

result<std::optional<checkpoint>> memory_checkpoint_store::at_or_before(
    std::string_view id, std::uint64_t bytes
) {
  const std::lock_guard lock(mutex_);
  const auto found = exports_.find(id);
  if (found == exports_.end()) return std::optional<checkpoint>();
  const auto& all = found->second.checkpoints;
  const auto behind = all.upper_bound(bytes);
  if (behind == all.begin()) return std::optional<checkpoint>();
  return std::optional(std::prev(behind)->second);
}

result<std::optional<checkpoint>> memory_checkpoint_store::after(
    std::string_view id, std::uint64_t bytes
) {
  const std::lock_guard lock(mutex_);
  const auto found = exports_.find(id);
  if (found == exports_.end()) return std::optional<checkpoint>();
  const auto& all = found->second.checkpoints;
  const auto behind = all.upper_bound(bytes);
  if (behind == all.end()) return std::optional<checkpoint>();
  return std::optional(behind->second);
}

result<void> memory_checkpoint_store::finish(std::string_view id, const export_totals& totals) {
  const std::lock_guard lock(mutex_);
  const auto found = exports_.find(id);
  if (found == exports_.end()) return unknown_export(id);
  found->second.record.totals = totals;
  return {};
}

result<std::size_t> memory_checkpoint_store::purge_expired(system_time now, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::size_t removed = 0;
  for (auto it = exports_.begin(); it != exports_.end() && removed < limit;) {
    if (it->second.record.expires_at <= now) {
      it = exports_.erase(it);
      ++removed;
    } else {
      ++it;
    }
  }
  return removed;
}

}  // namespace scalekit::inline v0::bulk
