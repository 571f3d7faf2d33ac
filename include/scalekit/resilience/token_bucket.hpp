// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_TOKEN_BUCKET_HPP
#define SCALEKIT_RESILIENCE_TOKEN_BUCKET_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace scalekit::inline v0::resilience {

/// \brief How a bucket that has been idle begins again; every member has a use only if `over` is
/// not zero.
struct warm_up {
  /// The time over which the cost of a token falls from `factor` times to once, in a straight line,
  /// up to a year. 0: no warm-up.
  duration over{};
  /// What a token costs at first, 1 to 64: with 3 (the default, as Guava's) a cold caller gets a
  /// third of the rate and of the burst.
  std::int64_t factor = 3;
  /// How long the bucket must have been full to count as cold, up to a year. 0: as long as `over`.
  duration cold_after{};
};

/// \brief A token bucket for the threads of one process: one word, changed by one compare-and-swap.
///
/// The algorithm is GCRA (the virtual scheduling form of ITU-T I.371): the bucket is the instant at
/// which it will be full again. Time comes from the caller, floored to microseconds.
///
/// Guarantees, for calls of any threads in any order:
/// - In every window of w microseconds no more than `burst + w * tokens / period` are admitted. A
///   `now` that lies before another call's only admits less.
/// - Limits with `parts()` up to 4,096 (up to 4,096 tokens a period, and every rounder one) decide
///   exactly as rational arithmetic does. For others the clock is read to half a nanosecond, which
///   does not add up.
/// - Nothing overflows: a bucket serves for 2^48 microseconds (nine years) from its first instant;
///   an earlier or later `now` is taken as that end.
///
/// \par Thread-safety  Safe for concurrent calls; all but \ref set_limit are lock-free, and none
/// allocates.
class SCALEKIT_EXPORT token_bucket {
 public:
  /// A full bucket; `start` is its first instant.
  token_bucket(const rate& r, steady_time start) noexcept;
  /// \brief The same with a warm-up, brought into range where \ref check refuses it; begins cold.
  token_bucket(const rate& r, steady_time start, const warm_up& w) noexcept;
  token_bucket(const token_bucket&) = delete;
  token_bucket& operator=(const token_bucket&) = delete;

  /// \brief Whether a warm-up is in range.
  /// \par Errors `invalid_argument`, naming the option.
  [[nodiscard]] static result<void> check(const warm_up& w);

  /// \brief Takes `cost` tokens if they are there. The cheapest call: a yes or no.
  [[nodiscard]] bool try_take(steady_time now, std::int64_t cost = 1) noexcept;

  /// \brief Takes `cost` tokens if they are there. A cost that is negative or above the burst is
  /// refused with `retry_after == never`; 0 is allowed unless the bucket is cooling down.
  [[nodiscard]] decision take(steady_time now, std::int64_t cost = 1) noexcept;

  /// \brief Takes `cost` tokens now if they are there within `max_wait`; `retry_after` is how long
  /// to wait before acting. Who comes later waits longer, so reservations are served in order.
  [[nodiscard]] decision reserve(steady_time now, std::int64_t cost, duration max_wait) noexcept;

  /// \brief What \ref take would say, taking nothing.
  [[nodiscard]] decision peek(steady_time now, std::int64_t cost = 1) const noexcept;

  /// \brief Takes `cost` tokens whether they are there or not, for work that is done already. The
  /// debt is kept up to the size of the burst.
  void debit(steady_time now, std::int64_t cost) noexcept;

  /// \brief Gives back up to `cost` tokens of a call that was allowed and did not act.
  ///
  /// What time has given back since is not given again, lest the guarantee break: `n` tokens are
  /// worth `n` intervals, less the time since the call. Give back at once, and only once.
  void refund(steady_time now, const decision& d, std::int64_t cost = 1) noexcept;

  /// \brief Admits nothing for `wait` (a Retry-After, up to two years), and then begins as an empty
  /// bucket does, token by token. A shorter one does not end a longer one. Receipts given before
  /// its end are worth nothing from then on.
  void cool_down(steady_time now, duration wait) noexcept;

  /// \brief What is left of a \ref cool_down; 0: nothing.
  [[nodiscard]] duration cooling(steady_time now) const noexcept;

  /// \brief Changes the limit without forgetting what was taken: the instant at which the bucket
  /// will be full stays. Receipts given before are worth nothing from then on.
  void set_limit(steady_time now, const rate& r) noexcept;

  /// \brief The limit as last set.
  [[nodiscard]] rate limit() const;

 private:
  // A limit in the bucket's own unit of time, chosen so that a token is a whole number of them.
  struct form {
    std::uint64_t speed = 0;    // units in a microsecond; 48 bits are behind the point
    std::int64_t token = 1;     // units
    std::int64_t capacity = 1;  // units
    std::int64_t burst = 1;     // tokens
    double per_token = 1;       // reciprocals, for a division is half the cost of a call
    double per_unit = 1;
    std::uint64_t generation = 0;
  };
  // A form that may be read while it is written; the word says which of the slots is valid.
  struct slot {
    std::atomic<std::uint64_t> speed{0};
    std::atomic<std::int64_t> token{1}, capacity{1}, burst{1};
    std::atomic<double> per_token{1}, per_unit{1};
    std::atomic<std::uint64_t> generation{0};
  };
  struct attempt;

  [[nodiscard]] static form make_form(const rate& r, std::uint64_t generation) noexcept;
  void publish(std::size_t index, const form& f) noexcept;
  [[nodiscard]] form read(std::uint64_t word) const noexcept;
  [[nodiscard]] std::int64_t since_start(steady_time now) const noexcept;
  void note_time(std::int64_t t) noexcept;
  [[nodiscard]] std::int64_t charge(const attempt& a, std::int64_t cost) const noexcept;
  [[nodiscard]] bool consider(attempt& a, std::int64_t cost, std::int64_t wait) const noexcept;
  [[nodiscard]] attempt run(steady_time now, std::int64_t cost, duration wait) noexcept;
  [[nodiscard]] decision describe(const attempt& a) const noexcept;

  static constexpr std::size_t slots = 4;

  // The instant at which it is full again, in the units of slot `word % slots`, times `slots`.
  alignas(64) std::atomic<std::uint64_t> word_{0};
  std::atomic<std::size_t> current_{0};  // that slot, as a guess
  // Microseconds since the start, as all below.
  std::atomic<std::int64_t> latest_{0};  // that anything was taken at
  std::atomic<std::int64_t> paused_until_{0};
  std::atomic<std::int64_t> warm_since_{0};
  std::int64_t start_us_;
  std::int64_t warm_over_ = 0;
  std::int64_t warm_factor_ = 1;
  std::int64_t cold_after_ = 0;
  std::array<slot, slots> slots_;
  mutable std::mutex changing_;
  rate rate_;
};

}  // namespace scalekit::inline v0::resilience

#endif
