// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_SQL_LIMITER_STORE_HPP
#define SCALEKIT_RESILIENCE_SQL_LIMITER_STORE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/limiter_store.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace scalekit::inline v0::resilience {

/// \brief Limits shared through a table of SQLite, PostgreSQL, MariaDB or MySQL.
///
/// A call is one statement that commits by itself, and on MySQL, which has no RETURNING, one more
/// that reads the answer from user variables (`@scalekit_now`, `@scalekit_rows`). One that meets
/// contention was undone, and is run again up to three times. Rows are locked in the order of their
/// names, so that calls on several limits do not deadlock. On SQLite a `take` reads, and only if it
/// may be allowed begins a transaction of its own, reads again and writes: a refusal writes nothing
/// and waits for nobody, but for the first one by a newer rate, which is kept. A commit there is as
/// dear as its sync: a limit needs none that is durable, so give it a file with
/// `synchronous::normal`.
///
/// The time is the database's: `clock_timestamp()` after the rows are locked, `UTC_TIMESTAMP(6)` at
/// the start of the statement on MariaDB and MySQL (what is given back there is measured by
/// `SYSDATE(6)` too, so not with `--sysdate-is-now`), and on SQLite, which has no server, SQLite's
/// own `'now'`, in milliseconds. All processes on one file are on one machine, so that is one
/// clock; a token may come a millisecond late there.
///
/// The statements assume READ COMMITTED, PostgreSQL's default; under a stricter default level a
/// contended call may end with `busy`. MariaDB has what is used from 10.5 on, PostgreSQL from 12.
///
/// \par Thread-safety  Safe for concurrent calls. The pool must outlive it.
/// \par Errors  As the port and \ref sql::connection.
class SCALEKIT_EXPORT sql_limiter_store final : public limiter_store {
 public:
  /// \brief Makes the table `<prefix>limiter` if it is missing.
  /// \par Errors `invalid_argument` for a prefix other than letters, digits and `_`.
  [[nodiscard]] static result<std::unique_ptr<sql_limiter_store>> open(
      sql::pool& connections, std::string prefix = "scalekit_"
  );

  [[nodiscard]] result<limit_answer> take(std::span<const limit_claim> claims) override;
  [[nodiscard]] result<void> give_back(
      std::string_view name, const limit_grant& grant, std::int64_t tokens
  ) override;
  [[nodiscard]] result<void> cool_down(const limit_claim& claim, duration wait) override;

  /// \brief Removes the limits whose bucket is full and that nobody has taken from for `idle`; how
  /// many. What it forgets of a limit is the version of its rate.
  [[nodiscard]] result<std::int64_t> purge(duration idle);

 private:
  sql_limiter_store(sql::pool& connections, sql::dialect d, std::string table);
  [[nodiscard]] result<limit_answer> take_once(std::span<const limit_claim> claims);

  sql::pool& pool_;
  sql::dialect dialect_;
  std::string table_;
};

}  // namespace scalekit::inline v0::resilience

#endif
