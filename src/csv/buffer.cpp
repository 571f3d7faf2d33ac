// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/buffer.hpp>

#include <algorithm>

namespace scalekit::inline v0::csv {

void buffer::grow(std::size_t n) {
  constexpr std::size_t smallest = 4096 - slack;
  const std::size_t used = size();
  const std::size_t room = std::max({smallest, 2 * capacity(), used + n + 1});
  auto larger = std::make_unique_for_overwrite<char[]>(room + slack);
  if (used != 0) std::memcpy(larger.get(), memory_.get(), used);
  memory_ = std::move(larger);
  end_ = memory_.get() + used;
  limit_ = memory_.get() + room;
}

}  // namespace scalekit::inline v0::csv
