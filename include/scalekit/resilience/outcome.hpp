// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_OUTCOME_HPP
#define SCALEKIT_RESILIENCE_OUTCOME_HPP

/// \file
/// What became of an attempt, decided once. The limiter, breaker, retry and concurrency rules act on
/// this and never on the error itself, so they cannot disagree about what a 429 is.

#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace scalekit::inline v0::http {
struct response;
}

namespace scalekit::inline v0::resilience {

enum class outcome_kind : std::uint8_t {
  ok,
  /// \brief The callee is well and says "not now" (429, a full quota): slows the caller down, is no
  /// failure of the callee, and never opens a breaker.
  throttled,
  transient,  ///< The callee is failing or unreachable: counts against it, may be tried again.
  permanent,  ///< The call itself is wrong: trying again gives the same; says nothing of the callee.
  cancelled   ///< The caller gave up: says nothing of the callee.
};
/// \brief The spelling, e.g. `"throttled"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(outcome_kind kind) noexcept;

/// Whether an attempt that did not succeed may have taken effect all the same.
enum class effect : std::uint8_t {
  none,    ///< it did not: any call can be repeated
  unknown  ///< it may have (sent, and no answer came): only an idempotent call is repeated
};

/// \brief One attempt's end.
struct outcome {
  outcome_kind kind = outcome_kind::ok;
  resilience::effect effect = effect::none;
  /// \brief The wait that the callee asked for, if it did.
  std::optional<duration> retry_after = {};

  [[nodiscard]] bool is_ok() const noexcept { return kind == outcome_kind::ok; }
  friend bool operator==(const outcome&, const outcome&) = default;
};

/// \brief The outcome that an error stands for: `limit_exceeded` is throttled; `busy`, `unavailable`
/// and `timed_out` are transient; `outcome_unknown` is transient with an unknown effect; `cancelled`
/// is cancelled; all else is permanent. \ref error::retry_after is taken over.
[[nodiscard]] SCALEKIT_EXPORT outcome classify(const error& e) noexcept;

/// \brief The outcome of a call that returned.
template <class T>
[[nodiscard]] outcome classify(const result<T>& r) noexcept {
  return r ? outcome{} : classify(r.error());
}

/// \brief Of an HTTP call: that an answer came does not make it ok. See
/// `resilience/http_outcome.hpp`.
template <>
[[nodiscard]] SCALEKIT_EXPORT outcome classify(const result<http::response>& r) noexcept;

}  // namespace scalekit::inline v0::resilience

#endif
