// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_POSITION_QUEUE_HPP
#define SCALEKIT_SRC_CSV_POSITION_QUEUE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace scalekit::inline v0::csv {

/// \brief Stretches of a text in ascending order, taken from the front: so few that most of the
/// time goes into asking whether the first of them has been reached.
class position_queue {
 public:
  /// Where the first stretch begins; behind every place if there is none.
  [[nodiscard]] std::uint32_t front() const noexcept { return all_[next_].first; }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size() - 1 - next_; }

  /// `last` belongs to it.
  void push(std::uint32_t first, std::uint32_t last) {
    all_.back() = {first, last};
    all_.push_back(nothing);
  }
  /// Drops the stretches that are over before `end`; returns how many there were.
  std::uint64_t drop_before(std::uint32_t end) noexcept {
    const std::size_t from = next_;
    while (all_[next_].last < end) ++next_;
    return next_ - from;
  }

  void clear() noexcept {
    all_.front() = nothing;
    all_.resize(1);
    next_ = 0;
  }
  /// All places have become less by so much. The first stretch may have begun before what is left.
  void move(std::uint32_t by) noexcept {
    for (std::size_t i = next_; i + 1 < all_.size(); ++i) {
      all_[i].first -= std::min(by, all_[i].first);
      all_[i].last -= by;
    }
  }
  /// Gives the room of what has been dropped to what will come.
  void compact() noexcept {
    all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }

 private:
  struct stretch {
    std::uint32_t first;
    std::uint32_t last;
  };
  static constexpr stretch nothing{
      std::numeric_limits<std::uint32_t>::max(), std::numeric_limits<std::uint32_t>::max()};

  std::vector<stretch> all_{nothing};
  std::size_t next_ = 0;
};

}  // namespace scalekit::inline v0::csv

#endif
