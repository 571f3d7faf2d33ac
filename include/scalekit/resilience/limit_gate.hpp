// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_LIMIT_GATE_HPP
#define SCALEKIT_RESILIENCE_LIMIT_GATE_HPP

#include <scalekit/clock.hpp>

#include <concepts>
#include <cstdint>

namespace scalekit::inline v0::resilience {

/// \brief What a rate limiter says.
struct limit_decision {
  bool allowed = true;
  duration retry_after = {};  ///< if not: when to ask again; 0: not known
};

/// \brief Anything that can be asked for `cost` permits: by `take` or `try_take`, or by calling it.
/// The answer has the members `allowed` and `retry_after`.
template <class L>
concept rate_limiter = requires(L& l, steady_time now, std::uint32_t cost) {
  requires requires { l.take(now, cost).allowed; } || requires { l.try_take(now, cost).allowed; } ||
               requires { l(now, cost).allowed; };
};

/// \brief A rate limiter by reference, whatever its type; nothing is allocated.
///
/// A default one lets everything through. To ask several limits (tenant, partner, global) give it a
/// callable that asks them in turn, or one limiter that knows them all.
///
/// \par Thread-safety  As the limiter, which must outlive it.
class limit_gate {
 public:
  limit_gate() = default;
  template <class L>
    requires(!std::same_as<L, limit_gate> && rate_limiter<L>)
  limit_gate(L& limiter) noexcept
      : limiter_(&limiter), take_([](void* l, steady_time now, std::uint32_t cost) {
          return ask(*static_cast<L*>(l), now, cost);
        }) {}

  [[nodiscard]] limit_decision take(steady_time now, std::uint32_t cost) const {
    return take_ == nullptr ? limit_decision{} : take_(limiter_, now, cost);
  }
  explicit operator bool() const noexcept { return take_ != nullptr; }

 private:
  template <class L>
  static limit_decision ask(L& l, steady_time now, std::uint32_t cost) {
    const auto said = [&] {
      if constexpr (requires { l.take(now, cost).allowed; }) {
        return l.take(now, cost);
      } else if constexpr (requires { l.try_take(now, cost).allowed; }) {
        return l.try_take(now, cost);
      } else {
        return l(now, cost);
      }
    }();
    return {static_cast<bool>(said.allowed), duration(said.retry_after)};
  }

  void* limiter_ = nullptr;
  limit_decision (*take_)(void*, steady_time, std::uint32_t) = nullptr;
};

}  // namespace scalekit::inline v0::resilience

#endif
