// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_CALL_TRACE_HPP
#define SCALEKIT_RESILIENCE_CALL_TRACE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/retry.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// The layers of a pipeline, outermost first.
enum class layer : std::uint8_t {
  deadline,
  shedder,
  limiter,
  throttle,
  breaker,
  retry,
  concurrency,
  call  ///< what all the others stand around
};
inline constexpr std::size_t layers = 8;
/// \brief The spelling, e.g. `"breaker"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(layer l) noexcept;

enum class trace_event : std::uint8_t {
  passed,   ///< the layer let the attempt through
  refused,  ///< it did not; `wait` is how long it asked to wait
  queued,   ///< the attempt waits for a place
  ended,    ///< the call came back as `kind`
  decided   ///< `retry` says what comes next, `wait` the delay
};

struct trace_entry {
  steady_time at = {};
  duration wait = {};
  std::uint32_t attempt = 0;  ///< from 1
  layer by = layer::call;
  trace_event what = trace_event::passed;
  outcome_kind kind = outcome_kind::ok;
  retry_verdict retry = retry_verdict::succeeded;
};

/// \brief What each layer decided about one call, in order; of a fixed size, so that filling it
/// allocates nothing.
///
/// \par Thread-safety  One thread at a time.
class SCALEKIT_EXPORT call_trace {
 public:
  void add(const trace_entry& e) noexcept {
    if (e.what == trace_event::ended) attempts_ = e.attempt;
    if (size_ < entries_.size()) {
      entries_[size_++] = e;
    } else {
      ++dropped_;
    }
  }
  /// \brief Another call begins; what is there of earlier ones stays.
  void begin_call() noexcept { attempts_ = 0; }
  void clear() noexcept {
    size_ = dropped_ = 0;
    attempts_ = 0;
  }
  [[nodiscard]] std::span<const trace_entry> entries() const noexcept {
    return {entries_.data(), size_};
  }
  /// \brief Attempts of the latest call that were made and are over, though they found no room.
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }
  /// \brief Entries that found no room.
  [[nodiscard]] std::size_t dropped() const noexcept { return dropped_; }
  /// \brief One line an entry, times from the first: for people.
  [[nodiscard]] std::string describe() const;

 private:
  std::array<trace_entry, 32> entries_{};
  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
  std::uint32_t attempts_ = 0;
};

}  // namespace scalekit::inline v0::resilience

#endif
