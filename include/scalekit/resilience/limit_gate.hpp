// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_LIMIT_GATE_HPP
#define SCALEKIT_RESILIENCE_LIMIT_GATE_HPP

#include <scalekit/clock.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace scalekit::inline v0::resilience {

/// \brief What a rate limiter says.
struct limit_decision {
  bool allowed = true;
  /// \brief Refused: when to ask again; 0: not known. Allowed by `reserve`: how long to wait before
  /// acting.
  duration retry_after = {};
};

namespace detail {

template <class L>
decltype(auto) ask_limiter(L& l, steady_time now, std::uint32_t cost)
  requires requires { l.take(now, cost).allowed; } || requires { l.try_take(now, cost).allowed; } ||
           requires { l(now, cost).allowed; }
{
  if constexpr (requires { l.take(now, cost).allowed; }) {
    return l.take(now, cost);
  } else if constexpr (requires { l.try_take(now, cost).allowed; }) {
    return l.try_take(now, cost);
  } else {
    return l(now, cost);
  }
}

template <class L>
using limiter_answer = std::remove_cvref_t<
    decltype(ask_limiter(std::declval<L&>(), steady_time(), std::uint32_t()))>;

}  // namespace detail

/// \brief Anything that can be asked for `cost` permits: by `take` or `try_take`, or by calling it.
/// The answer has the members `allowed` and `retry_after`.
template <class L>
concept rate_limiter = requires { typename detail::limiter_answer<L>; };

/// \brief A rate limiter by reference, whatever its type; nothing is allocated.
///
/// A default one lets everything through. To ask several limits (tenant, partner, global) give it a
/// \ref limit_group, a callable that asks them in turn, or one limiter that knows them all. Of what
/// else the limiter can do, these members are used where it has them, with `answer` what it gave:
/// - `refund(now, answer, cost)`: permits of an attempt that was not made. The answer is copied as
///   bytes and has at most 192 of them.
/// - `reserve(now, cost, max_wait)`: permits that are there only after a wait.
/// - `cool_down(now, wait)` or `cool_down(wait)`: no permits for so long; what it returns is dropped.
/// - `cooling(now)`: what is left of that, asked when a wait is over.
///
/// What they throw passes through here; a pipeline drops what `refund` and `cool_down` throw.
///
/// \par Thread-safety  As the limiter, which must outlive it.
class limit_gate {
 public:
  /// \brief What was taken, as the limiter knows it.
  struct receipt {
    alignas(std::max_align_t) std::byte bytes[192];
  };

  limit_gate() = default;
  template <class L>
    requires(!std::same_as<L, limit_gate> && rate_limiter<L>)
  limit_gate(L& limiter) noexcept
      : limiter_(const_cast<std::remove_const_t<L>*>(&limiter)), does_(&of<L>) {}

  /// \brief Takes `cost` permits; waits nowhere. `max_wait` above zero is for \ref reserves.
  [[nodiscard]] limit_decision take(
      steady_time now, std::uint32_t cost, receipt& taken, duration max_wait = {}
  ) const {
    return does_ == nullptr ? limit_decision{} : does_->take(limiter_, now, cost, max_wait, taken);
  }
  /// \brief Gives back what was allowed and not used.
  void give_back(steady_time now, std::uint32_t cost, const receipt& taken) const {
    if (does_ != nullptr && does_->give_back != nullptr) {
      does_->give_back(limiter_, now, cost, taken);
    }
  }
  /// \brief Pauses the limiter, if it has a `cool_down`.
  void cool_down(steady_time now, duration wait) const {
    if (cools_down()) does_->cool_down(limiter_, now, wait);
  }

  /// \brief What is left of a pause; 0 where the limiter does not say.
  [[nodiscard]] duration cooling(steady_time now) const {
    return does_ != nullptr && does_->cooling != nullptr ? does_->cooling(limiter_, now)
                                                         : duration::zero();
  }

  explicit operator bool() const noexcept { return does_ != nullptr; }
  [[nodiscard]] bool reserves() const noexcept { return does_ != nullptr && does_->reserves; }
  [[nodiscard]] bool cools_down() const noexcept {
    return does_ != nullptr && does_->cool_down != nullptr;
  }

 private:
  struct operations {
    limit_decision (*take)(void*, steady_time, std::uint32_t, duration max_wait, receipt&);
    void (*give_back)(void*, steady_time, std::uint32_t, const receipt&);
    void (*cool_down)(void*, steady_time, duration);
    duration (*cooling)(void*, steady_time);
    bool reserves;
  };

  template <class L>
  using answer = detail::limiter_answer<L>;
  template <class L>
  static constexpr bool can_reserve = requires(L& l, steady_time now, std::uint32_t cost) {
    { l.reserve(now, cost, duration()) } -> std::same_as<answer<L>>;
  };
  template <class L>
  static constexpr bool can_refund =
      requires(L& l, const answer<L>& a, std::uint32_t cost) { l.refund(steady_time(), a, cost); };
  template <class L>
  static constexpr bool can_cool_down = requires(L& l) { l.cool_down(steady_time(), duration()); } ||
                                        requires(L& l) { l.cool_down(duration()); };

  template <class L>
  static constexpr bool says_cooling = requires(L& l, steady_time now) {
    { l.cooling(now) } -> std::convertible_to<duration>;
  };

  template <class L>
  static limit_decision take_from(
      void* limiter, steady_time now, std::uint32_t cost, duration max_wait, receipt& taken
  ) {
    L& l = *static_cast<L*>(limiter);
    if constexpr (can_reserve<L>) {
      if (max_wait > duration::zero()) return keep<L>(l.reserve(now, cost, max_wait), taken);
    }
    return keep<L>(detail::ask_limiter(l, now, cost), taken);
  }
  template <class L>
  static limit_decision keep(const answer<L>& said, receipt& taken) {
    if constexpr (can_refund<L>) {
      static_assert(std::is_trivially_copyable_v<answer<L>> && sizeof(answer<L>) <= sizeof(receipt));
      new (taken.bytes) answer<L>(said);
    }
    return {static_cast<bool>(said.allowed), duration(said.retry_after)};
  }
  template <class L>
  static void refund_to(void* l, steady_time now, std::uint32_t cost, const receipt& taken) {
    const auto& said = *std::launder(reinterpret_cast<const answer<L>*>(taken.bytes));
    static_cast<L*>(l)->refund(now, said, cost);
  }
  template <class L>
  static void cool(void* limiter, steady_time now, duration wait) {
    L& l = *static_cast<L*>(limiter);
    if constexpr (requires { l.cool_down(now, wait); }) {
      static_cast<void>(l.cool_down(now, wait));
    } else {
      static_cast<void>(l.cool_down(wait));
    }
  }

  template <class L>
  static constexpr auto refund_of() -> decltype(operations::give_back) {
    if constexpr (can_refund<L>) return &refund_to<L>;
    return nullptr;
  }
  template <class L>
  static constexpr auto cool_down_of() -> decltype(operations::cool_down) {
    if constexpr (can_cool_down<L>) return &cool<L>;
    return nullptr;
  }
  template <class L>
  static constexpr auto cooling_of() -> decltype(operations::cooling) {
    if constexpr (says_cooling<L>) {
      return [](void* l, steady_time now) { return duration(static_cast<L*>(l)->cooling(now)); };
    }
    return nullptr;
  }
  template <class L>
  static constexpr operations of{
      &take_from<L>, refund_of<L>(), cool_down_of<L>(), cooling_of<L>(), can_reserve<L>};

  void* limiter_ = nullptr;
  const operations* does_ = nullptr;
};

}  // namespace scalekit::inline v0::resilience

#endif
