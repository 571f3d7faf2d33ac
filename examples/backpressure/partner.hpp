// SPDX-License-Identifier: BSL-1.0
#ifndef BACKPRESSURE_PARTNER_HPP
#define BACKPRESSURE_PARTNER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/http/server.hpp>
#include <scalekit/resilience/token_bucket.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace backpressure {

/// \brief A partner whose work is a sleep: it has `parallel` places to work at, so that with more
/// requests at once each takes longer in proportion, and a queue that holds `most_at_once`.
struct partner_model {
  std::int64_t per_second = 100;  ///< its contract: beyond, 429 with a Retry-After
  std::int64_t burst = 40;        ///< but so many at once
  std::uint32_t parallel = 4;
  std::uint32_t most_at_once = 40;  ///< beyond, 503
  scalekit::duration service = std::chrono::milliseconds(20);
  /// A 429 is work too: a connection, a signature and a counter.
  scalekit::duration refusal = std::chrono::milliseconds(5);
  /// During an outage a gateway in front of it gives up after so long, with 504.
  scalekit::duration gateway = std::chrono::milliseconds(300);
};

/// What reached the partner in one tick.
struct partner_tick {
  std::uint32_t arrived = 0;
  std::uint32_t done = 0;       // 200
  std::uint32_t throttled = 0;  // 429
  std::uint32_t failed = 0;     // 503, 504
};
inline constexpr scalekit::duration tick = std::chrono::milliseconds(50);

/// \brief An HTTP server on a loopback port that throttles, slows down and breaks.
/// \par Thread-safety  Safe for concurrent calls; its threads end with it.
class partner {
 public:
  /// \par Errors what the server gives if it cannot listen.
  [[nodiscard]] static scalekit::result<std::unique_ptr<partner>> start(
      const partner_model& model, std::uint32_t most_connections
  );

  [[nodiscard]] std::string url() const;
  /// \brief From when on ticks are counted; it is down from `from` to `until`.
  void begin(scalekit::steady_time origin, scalekit::steady_time from, scalekit::steady_time until);
  [[nodiscard]] std::vector<partner_tick> ticks() const;

 private:
  partner(const partner_model& model, std::uint32_t most_connections, scalekit::resilience::rate r);
  scalekit::http::response charge();
  scalekit::result<void> tell_limits(
      scalekit::http::response& r, const scalekit::resilience::decision& d
  ) const;
  void count(scalekit::steady_time arrived, int status);

  const partner_model model_;
  const scalekit::resilience::rate limit_;
  scalekit::resilience::token_bucket quota_;
  std::atomic<std::uint32_t> at_once_{0};
  mutable std::mutex mutex_;  // guards what follows
  scalekit::steady_time origin_ = scalekit::steady_time::max();
  scalekit::steady_time down_from_ = scalekit::steady_time::max();
  scalekit::steady_time down_until_ = scalekit::steady_time::max();
  std::vector<partner_tick> ticks_;
  scalekit::http::server web_;  // last: its threads use all of the above
};

}  // namespace backpressure

#endif
