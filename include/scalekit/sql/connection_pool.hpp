// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SQL_CONNECTION_POOL_HPP
#define SCALEKIT_SQL_CONNECTION_POOL_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace scalekit::inline v0::sql {

struct pool_options {
  /// Connections at most, 1 to 10,000; each is opened when it is first needed.
  std::size_t max_connections = 10;
  /// How long \ref connection_pool::acquire waits for a connection to come back. 0: not at all.
  std::chrono::milliseconds acquire_timeout{5000};
  /// A connection that has lain idle for longer is asked `SELECT 1` before it is lent; one that
  /// fails is replaced in silence. 0: always.
  std::chrono::milliseconds check_after{30'000};
  /// An older connection is closed rather than lent again, so that a failover, a new DNS entry or a
  /// changed server setting reaches every connection. Each gets up to a tenth less, at random, lest
  /// all close at once. 0: never.
  std::chrono::milliseconds max_lifetime{1'800'000};
  /// Open the first connection at once, so that what is wrong shows early.
  bool open_first = true;
  const scalekit::clock* clock = nullptr;  ///< null: the machine's
  random_source* random = nullptr;         ///< null: the kernel's
};

/// \brief A picture of a pool at one moment, and what it has counted since it was made.
struct pool_stats {
  std::size_t in_use = 0;  ///< lent, or being opened
  std::size_t idle = 0;
  std::uint64_t opened = 0;    ///< connections opened
  std::uint64_t broken = 0;    ///< dropped because they were lost or failed their check
  std::uint64_t expired = 0;   ///< closed for their age
  std::uint64_t waited = 0;    ///< acquires that had to wait
  std::uint64_t timeouts = 0;  ///< acquires that ended with `busy`
};

/// \brief Lends connections that a function opens; what the pools of the adapters are.
///
/// Waiters are served first come, first served. The connection used last is lent first, so that a
/// quiet pool lets the others grow old. A connection comes back clean: an open transaction is
/// rolled back; one that is broken or cannot be rolled back is closed. Nothing else of a session is
/// reset: whoever issues `SET` without `LOCAL`, creates temporary tables or takes session locks
/// undoes it himself, which is also what a transaction pooler asks.
///
/// \par Thread-safety  Safe for concurrent calls. Every connection must have been given back, and
/// all its rows destroyed before that, when the pool is destroyed.
class SCALEKIT_EXPORT connection_pool final : public pool {
 public:
  /// Opens one connection; called from the thread that acquires, several at a time.
  using connector = std::function<result<std::unique_ptr<connection>>()>;

  /// \par Errors `invalid_argument` for an option out of range; else what `connect` gives.
  [[nodiscard]] static result<std::unique_ptr<connection_pool>> open(
      connector connect, pool_options options = {}
  );
  ~connection_pool() override;

  /// \par Errors `busy` if none came free in time; else what the connector gives.
  [[nodiscard]] result<pooled_connection> acquire(access kind) override;
  /// \par Errors as \ref acquire; `busy` at once where that would wait.
  [[nodiscard]] result<pooled_connection> try_acquire(access kind) override;

  [[nodiscard]] pool_stats stats() const;

 private:
  struct state;
  explicit connection_pool(std::unique_ptr<state> s) noexcept;
  void give_back(connection* c, access kind) noexcept override;

  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::sql

#endif
