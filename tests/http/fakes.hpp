// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_FAKES_HPP
#define SCALEKIT_TESTS_HTTP_FAKES_HPP

#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/sql.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::test {

inline constexpr std::chrono::seconds patience(30);

/// A number that can be waited for.
class tally {
 public:
  void add(double n = 1) {
    const std::lock_guard lock(mutex_);
    value_ += n;
    changed_.notify_all();
  }
  [[nodiscard]] double value() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  /// False if it does not come to that within \ref patience.
  [[nodiscard]] bool reaches(double n) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return value_ >= n; });
  }
  [[nodiscard]] bool becomes(double n) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return value_ == n; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  double value_ = 0;
};

/// Metrics that a test can wait for.
class watched_metrics final : public metrics::registry {
 public:
  metrics::counter make_counter(std::string_view name, std::string_view) override;
  metrics::gauge make_gauge(std::string_view name, std::string_view) override;
  /// Counts the observations.
  metrics::histogram
  make_histogram(std::string_view name, std::string_view, std::span<const double>) override;
  [[nodiscard]] tally& operator[](std::string_view name);

 private:
  struct adder;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<tally>, std::less<>> all_;
};

/// Lends one connection that does nothing, over and over, and counts.
class fake_pool final : public sql::pool {
 public:
  fake_pool();
  ~fake_pool() override;
  result<sql::pooled_connection> acquire(sql::access kind) override;

  tally lent;
  tally out;  // now
  tally interrupts;
  std::atomic<bool> refuse{false};

 private:
  void give_back(sql::connection* c, sql::access kind) noexcept override;
  struct fake_connection;
  std::unique_ptr<fake_connection> connection_;
};

/// How a fake export goes; shared with the test.
struct script {
  std::size_t chunks = 3;
  std::size_t chunk_bytes = 1000;
  std::optional<std::size_t> fail_at;   // the chunk that fails instead, from 0
  std::optional<std::size_t> block_at;  // the chunk that comes only after `release` or a cancel
  std::optional<std::size_t> throw_at;
  errc failure = errc::data_corrupted;
  bool says_at_end = true;  // with the last chunk; else by an empty one behind it

  tally made;       // chunks asked for
  tally blocked;    // calls that wait, ever
  tally cancelled;  // calls that ended by a cancel
  tally alive;      // sources that exist

  /// Blocked calls go on, and none blocks from now on.
  void release();
  /// Waits for \ref release or a wake-up of its own.
  void wait(const std::shared_ptr<tally>& woken);

  [[nodiscard]] std::string chunk(std::size_t index) const;
  [[nodiscard]] std::string whole() const;

 private:
  std::mutex mutex_;
  bool released_ = false;
  std::vector<std::shared_ptr<tally>> waiting_;
};

[[nodiscard]] std::unique_ptr<bulk::chunk_source> play(std::shared_ptr<script> s);

}  // namespace scalekit::test

#endif
