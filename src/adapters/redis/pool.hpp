// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_REDIS_POOL_HPP
#define SCALEKIT_SRC_ADAPTERS_REDIS_POOL_HPP

#include "adapters/redis/connection.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace scalekit::inline v0::redis {

/// The connections of a client; the one used last is lent first, so that the others grow old.
///
/// Safe for concurrent calls. `settings` must outlive it.
class pool {
 public:
  explicit pool(const settings& s);

  struct loan {
    std::unique_ptr<redis::connection> connection;
    bool fresh = false;  ///< made for this loan
  };

  /// \par Errors as `client` says.
  [[nodiscard]] result<loan> acquire();
  void give_back(std::unique_ptr<connection> c) noexcept;
  /// Closes it. `why` is what it broke of, or empty if it is sound but no longer wanted.
  void drop(std::unique_ptr<connection> c, std::string_view why);

  /// Fills in what the pool counts.
  void count(client_stats& out) const;

 private:
  using idle_list = std::vector<std::unique_ptr<connection>>;

  // Those that want the mutex held have `lock` as a witness.
  using witness = std::unique_lock<std::mutex>;
  // All it takes count as in use until they are given back or dropped, the expired ones too.
  [[nodiscard]] std::unique_ptr<connection> take_idle(const witness& lock, idle_list& expired);
  [[nodiscard]] bool is_past(steady_time since, std::chrono::milliseconds limit) const noexcept;
  [[nodiscard]] std::optional<error> still_unreachable(const witness& lock);
  [[nodiscard]] result<loan> open_one(witness& lock);
  [[nodiscard]] error note_failure(const witness& lock, std::uint64_t attempt, error why);
  void log(log_level level, std::string_view text) const;

  const settings* settings_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  idle_list idle_;  // the one used last at the back
  std::size_t in_use_ = 0;

  // Backing off: while `failures_` is not zero, one attempt at a time.
  std::optional<error> last_failure_;  // set while `failures_` is not zero
  unsigned failures_ = 0;
  bool probing_ = false;
  steady_time next_attempt_{};
  std::uint64_t attempts_noted_ = 0;  // failures that began before the last one was noted are one

  std::uint64_t to_replace_ = 0;
  client_stats counted_;
};

}  // namespace scalekit::inline v0::redis

#endif
