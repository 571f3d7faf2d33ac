// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_SQLITE_POOL_HPP
#define SCALEKIT_ADAPTERS_SQLITE_POOL_HPP

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace scalekit::inline v0::sql {
class connection_pool;
}

namespace scalekit::inline v0::sqlite {

struct pool_options {
  /// Read-only connections at most, 1 to 1,024; each is opened when it is first needed.
  std::size_t readers = 4;
  /// How long \ref pool::acquire waits for a connection to come back. 0: not at all.
  std::chrono::milliseconds acquire_timeout{5000};
  /// For the writer; readers use the same with `open_mode::read_only`.
  connection_options connection{};
};

/// \brief A picture of a pool at one moment.
struct pool_stats {
  std::size_t readers_in_use = 0;
  std::size_t readers_idle = 0;
  std::size_t writers_in_use = 0;
  std::size_t writers_idle = 0;
  std::uint64_t waited = 0;    ///< acquires that had to wait, since the pool was opened
  std::uint64_t timeouts = 0;  ///< acquires that ended with `busy`
};

/// \brief One writer and several readers of one file.
///
/// SQLite has one writer at a time; handing its connection round in order of asking replaces the
/// busy-wait between threads of a process, which is neither fair nor free. Another process still
/// contends for the file's lock, under the connection's `busy_timeout`.
///
/// Waiters are served first come, first served, for reading and for writing apart. A connection
/// comes back clean: an open transaction is rolled back; where that fails it is closed and a new
/// one opened at need.
///
/// \par Thread-safety  Safe for concurrent calls. Every connection must have been given back, and
/// all its rows destroyed before that, when the pool is destroyed.
/// \par Errors  See \ref acquire and \ref open.
class SCALEKIT_EXPORT pool final : public sql::pool {
 public:
  /// \brief Opens the writer; with `open_mode::read_only` there is none.
  ///
  /// \par Errors `invalid_argument` for an option out of range, and for an in-memory or temporary
  /// database, of which each connection would have its own (shared-cache mode is not offered);
  /// else as \ref connection::open.
  [[nodiscard]] static result<std::unique_ptr<pool>> open(
      std::string path, pool_options options = {}
  );
  ~pool() override;

  /// \par Errors `busy` if none came free in time; `invalid_argument` for a writer of a read-only
  /// pool; a reader that cannot be opened: as \ref connection::open.
  [[nodiscard]] result<sql::pooled_connection> acquire(sql::access kind) override;
  /// \par Errors as \ref acquire; `busy` at once where that would wait.
  [[nodiscard]] result<sql::pooled_connection> try_acquire(sql::access kind) override;

  [[nodiscard]] pool_stats stats() const;

 private:
  struct state;
  explicit pool(std::unique_ptr<state> s) noexcept;
  void give_back(sql::connection* c, sql::access kind) noexcept override;
  [[nodiscard]] result<sql::connection_pool*> lane(sql::access kind) const;

  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::sqlite

#endif
