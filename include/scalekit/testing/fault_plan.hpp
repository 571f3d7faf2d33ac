// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_FAULT_PLAN_HPP
#define SCALEKIT_TESTING_FAULT_PLAN_HPP

#include <cstdint>
#include <utility>
#include <vector>

namespace scalekit::inline v0::testing {

/// \brief Faults that are to come, each for itself: `Fault` has `skip`, how many matching calls go
/// well first, and `times`, how many fail then.
///
/// \par Thread-safety  One thread at a time.
template <class Fault>
class fault_plan {
 public:
  void add(Fault fault) { armed_.push_back({std::move(fault)}); }
  void clear() noexcept { armed_.clear(); }
  /// \brief How many have struck.
  [[nodiscard]] std::uint64_t struck() const noexcept { return struck_; }

  /// \brief The fault that is due at a call, or null; `matches(fault)` says which are about it. Of
  /// several the one added first strikes, and the call counts for all.
  template <class Matches>
  [[nodiscard]] const Fault* due(const Matches& matches) {
    const Fault* first = nullptr;
    for (armed& a : armed_) {
      if (!matches(a.fault)) continue;
      const std::uint64_t number = a.seen++;
      const bool now = number >= a.fault.skip && number - a.fault.skip < a.fault.times;
      if (first == nullptr && now) first = &a.fault;
    }
    if (first != nullptr) ++struck_;
    return first;
  }

 private:
  struct armed {
    Fault fault;
    std::uint64_t seen = 0;
  };
  std::vector<armed> armed_;
  std::uint64_t struck_ = 0;
};

}  // namespace scalekit::inline v0::testing

#endif
