// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_MEMORY_CHECKPOINT_STORE_HPP
#define SCALEKIT_BULK_MEMORY_CHECKPOINT_STORE_HPP

#include <scalekit/bulk/checkpoint_store.hpp>
#include <scalekit/export.hpp>

#include <functional>
#include <map>
#include <mutex>

namespace scalekit::inline v0::bulk {

/// \brief Checkpoints for as long as the process lives: resumes a client, not a restart.
///
/// \par Thread-safety  Safe for concurrent calls.
/// \par Complexity     About 200 bytes a checkpoint (one per 256 KiB of output by default).
class SCALEKIT_EXPORT memory_checkpoint_store final : public checkpoint_store {
 public:
  [[nodiscard]] result<void> create(const export_record& record) override;
  [[nodiscard]] result<std::optional<export_record>> find(std::string_view id, system_time now)
      override;
  [[nodiscard]] result<void> append(std::string_view id, const checkpoint& c) override;
  [[nodiscard]] result<std::optional<checkpoint>> at_or_before(
      std::string_view id, std::uint64_t bytes
  ) override;
  [[nodiscard]] result<std::optional<checkpoint>> after(std::string_view id, std::uint64_t bytes)
      override;
  [[nodiscard]] result<void> finish(std::string_view id, const export_totals& totals) override;
  [[nodiscard]] result<std::size_t> purge_expired(system_time now, std::size_t limit) override;

 private:
  struct entry {
    export_record record;
    std::map<std::uint64_t, checkpoint> checkpoints;
  };
  std::mutex mutex_;
  std::map<std::string, entry, std::less<>> exports_;
};

}  // namespace scalekit::inline v0::bulk

#endif
