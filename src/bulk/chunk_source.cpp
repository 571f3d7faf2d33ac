// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/chunk_source.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::bulk {

chunk_source::~chunk_source() = default;

void canceller::cancel() noexcept {
  cancelled_.store(true, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  for (sql::interrupt_handle* handle : watched_) handle->interrupt();
}

canceller::watch::watch(canceller& owner, std::shared_ptr<sql::interrupt_handle> handle)
    : owner_(owner), handle_(std::move(handle)) {
  const std::lock_guard lock(owner_.mutex_);
  owner_.watched_.push_back(handle_.get());
}

canceller::watch::~watch() {
  const std::lock_guard lock(owner_.mutex_);
  const auto mine = std::ranges::find(owner_.watched_, handle_.get());
  owner_.watched_.erase(mine);
}

}  // namespace scalekit::inline v0::bulk
