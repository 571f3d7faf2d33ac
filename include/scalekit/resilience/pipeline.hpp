// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_PIPELINE_HPP
#define SCALEKIT_RESILIENCE_PIPELINE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/export.hpp>
#include <scalekit/random.hpp>
#include <scalekit/resilience/call_trace.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/pipeline_call.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace scalekit::inline v0::resilience {

struct pipeline_stats {
  std::array<std::uint64_t, 5> ended{};         ///< calls, by \ref outcome_kind of the last attempt
  std::array<std::uint64_t, layers> refused{};  ///< attempts not made, by \ref layer
  std::uint64_t retries = 0;
  [[nodiscard]] std::uint64_t of(outcome_kind k) const noexcept {
    return ended[static_cast<std::size_t>(k)];
  }
  [[nodiscard]] std::uint64_t by(layer l) const noexcept {
    return refused[static_cast<std::size_t>(l)];
  }
};

namespace detail {

template <class F>
decltype(auto) call_attempt(F& f, const attempt& a) {
  if constexpr (std::invocable<F&, const attempt&>) {
    return f(a);
  } else {
    return f();
  }
}

template <class T>
struct answer_of {
  using type = result<T>;
};
template <class T>
struct answer_of<result<T>> {
  using type = result<T>;
};

/// What a pipeline makes of `F`'s answer.
template <class F>
using answer = typename answer_of<std::remove_cvref_t<
    decltype(detail::call_attempt(std::declval<F&>(), std::declval<const attempt&>()))>>::type;

/// Ends the call if an exception leaves it.
struct exit_guard {
  pipeline_call* call;
  outcome_kind as;
  const clock& time;
  ~exit_guard() {
    if (call != nullptr) call->abandon(as, time.steady_now());
  }
};

template <class R, class F>
R invoke_attempt(F& f, pipeline_call& c, outcome_kind as, const clock& time) {
  exit_guard guard{&c, as, time};
  using T = decltype(detail::call_attempt(f, c.current()));
  if constexpr (std::is_void_v<T>) {
    detail::call_attempt(f, c.current());
    guard.call = nullptr;
    return R();
  } else {
    R r = detail::call_attempt(f, c.current());
    guard.call = nullptr;
    return r;
  }
}

}  // namespace detail

/// \brief Every rule around a call in the one order that is right: deadline, shedder, limiter,
/// throttle, breaker, retry with budget, concurrency, call.
///
/// Each attempt passes all layers (the shedder: the first one only), and its outcome is classified
/// once and told to all that let it through. An attempt that a layer refuses ends the call: with
/// that layer's error, or with the failure of the attempt before it if there was one. Errors made
/// here have the cause `{"resilience", layer}` and a message short enough to allocate nothing:
/// `timed_out` deadline, `busy` shed or no place, `limit_exceeded` limiter and throttle,
/// `unavailable` breaker; with `retry_after` where it is known.
///
/// \code
/// auto answer = partner.call([&](const attempt& a) { return http.post(body, a.deadline); },
///                            {.repeat = repeatable::always});
/// \endcode
///
/// \par Thread-safety  Safe for concurrent calls. Its layers must outlive it.
class SCALEKIT_EXPORT pipeline {
 public:
  /// \par Errors `invalid_argument`: a retry without a budget, two breakers, two concurrency
  /// limits, a negative time, a wait or a cool-down that the limiter does not know.
  [[nodiscard]] static result<std::unique_ptr<pipeline>> make(pipeline_options options);

  /// \brief Calls `f` on this thread as often as the layers allow; blocks while it waits.
  ///
  /// `f` is `T f()` or `T f(const attempt&)`; the answer is a `result<T>`, or `T` itself if that is
  /// a result. `classify(const answer&) -> outcome` says what an answer means. An exception passes
  /// through; its permits are given back and it counts as `on_exception`.
  /// \par Errors what `f` gives, or a layer's.
  template <class F, class Classify>
  auto call(F&& f, const call_options& options, Classify&& classify) {
    using R = detail::answer<F>;
    const auto hand_on = [](error&& why) { return R(std::move(why)); };
    return run<R>(f, options, classify, hand_on);
  }
  template <class F>
  auto call(F&& f, const call_options& options = {}) {
    using R = detail::answer<F>;
    return call(f, options, [](const R& r) { return resilience::classify(r); });
  }

  /// \brief The same, but what a layer refuses before the first attempt goes to
  /// `buffer(error&& why) -> answer`: a host's queue that keeps it for later, a cached answer.
  template <class F, class Buffer>
  auto call_or(F&& f, const call_options& options, Buffer&& buffer) {
    using R = detail::answer<F>;
    const auto by_default = [](const R& r) { return resilience::classify(r); };
    return run<R>(f, options, by_default, buffer);
  }

  [[nodiscard]] const pipeline_options& options() const noexcept { return options_; }
  [[nodiscard]] pipeline_stats stats() const noexcept;

 private:
  friend class pipeline_call;
  explicit pipeline(const pipeline_options& options) noexcept;
  template <class R, class F, class Classify, class Buffer>
  R run(F& f, const call_options& options, Classify& classify, Buffer& buffer) {
    steady_time now = clock_.steady_now();
    pipeline_call c(*this, options, now);
    for (std::optional<R> last;; now = clock_.steady_now()) {
      auto entry = c.enter(now);
      while (entry == pipeline_call::entry::wait) {
        wait_.sleep_for(c.pause());
        entry = c.enter(clock_.steady_now());
      }
      if (entry == pipeline_call::entry::queue) entry = c.wait_for_place();
      if (entry == pipeline_call::entry::refused) {
        return last ? *std::move(last) : R(buffer(c.refusal()));
      }
      R r = detail::invoke_attempt<R>(f, c, options_.on_exception.kind, clock_);
      const retry_step next = c.leave(classify(r), clock_.steady_now());
      if (!next) return r;
      last.emplace(std::move(r));
      wait_.sleep_for(next.delay);
    }
  }

  pipeline_options options_;
  const scalekit::clock& clock_;
  sleeper& wait_;
  random_source& random_;
  // Written by every call, so apart from what every call reads.
  alignas(64) std::array<std::atomic<std::uint64_t>, 5> ended_{};
  std::array<std::atomic<std::uint64_t>, layers> refused_{};
  std::atomic<std::uint64_t> retries_{0};
};

}  // namespace scalekit::inline v0::resilience

#endif
