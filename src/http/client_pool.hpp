// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_POOL_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_POOL_HPP

#include "http/client_connection.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::http {

/// \brief The connections of a client. Of an origin's, the one used last is lent first, so that the
/// others grow old; of all, the one idle the longest makes room.
///
/// Safe for concurrent calls. `settings` must outlive it.
class client_pool {
 public:
  explicit client_pool(const client_settings& s) : settings_(s), names_(s.options.resolver) {}

  /// \brief A connection lent; dropped unless it is given back.
  class loan {
   public:
    loan(client_pool& from, std::string origin) : pool_(&from), origin_(std::move(origin)) {}
    loan(loan&& other) noexcept
        : connection(std::move(other.connection)),
          fresh(other.fresh),
          pool_(std::exchange(other.pool_, nullptr)),
          origin_(std::move(other.origin_)) {}
    loan& operator=(loan&&) = delete;
    ~loan();
    void give_back();

    std::unique_ptr<client_connection> connection;
    bool fresh = true;  ///< made for this loan

   private:
    client_pool* pool_;
    std::string origin_;
  };

  enum class wish { any, fresh };
  /// \par Errors as the client says.
  [[nodiscard]] result<loan> acquire(const url& to, wish w, call& c);
  void close_idle() noexcept;

  struct counts {
    std::size_t open = 0;
    std::size_t idle = 0;
    std::uint64_t connects = 0;
    std::uint64_t reuses = 0;
  };
  [[nodiscard]] counts count() const;

 private:
  struct idle_connection {
    std::string origin;
    std::unique_ptr<client_connection> connection;
  };
  using idle_list = std::list<idle_connection>;
  struct origin_state {
    std::size_t open = 0;                   // idle ones too
    std::vector<idle_list::iterator> idle;  // the one used last at the back
  };
  using witness = std::unique_lock<std::mutex>;  // those that take one want the mutex held

  [[nodiscard]] bool is_past(steady_time since, std::chrono::milliseconds limit) const noexcept;
  // Each moves what is to be closed to `closing`, for closing is not done with the mutex held.
  void expire(const witness&, idle_list& closing);
  void remove(const witness&, idle_list::iterator which, idle_list& closing);
  [[nodiscard]] std::unique_ptr<client_connection> take_idle(
      const witness&, const std::string& origin, idle_list& closing
  );
  [[nodiscard]] std::optional<loan> take_quiet(
      witness&, const std::string& origin, idle_list& closing
  );
  [[nodiscard]] bool make_room(const witness&, const std::string& origin, idle_list& closing);
  void forget(const witness&, const std::string& origin);
  void give_back(const std::string& origin, std::unique_ptr<client_connection> c);
  void drop(const std::string& origin) noexcept;

  const client_settings& settings_;
  lookups names_;
  mutable std::mutex mutex_;
  std::condition_variable_any freed_;
  std::map<std::string, origin_state, std::less<>> origins_;
  idle_list idle_;  // the one idle the longest at the front
  std::size_t open_ = 0;
  std::uint64_t freed_count_ = 0;
  std::atomic<std::uint64_t> connects_{0};
  std::atomic<std::uint64_t> reuses_{0};
};

}  // namespace scalekit::inline v0::http

#endif
