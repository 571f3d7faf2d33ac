// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_SQL_CONFORMANCE_HPP
#define SCALEKIT_TESTING_SQL_CONFORMANCE_HPP

/// \file
/// What every implementation of \ref scalekit::sql::connection must do, as cases that any test
/// framework, or none, can run.
///
/// \code
/// struct my_fixture : scalekit::testing::sql_fixture {
///   result<std::unique_ptr<sql::connection>> connect() override { return my_driver::open(url); }
/// };
/// my_fixture fixture;
/// for (const auto& c : scalekit::testing::sql_conformance_cases()) {
///   auto outcome = c.run(fixture);
///   CHECK_MESSAGE(outcome.verdict != scalekit::testing::verdict::failed, outcome.message);
/// }
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>
#include <scalekit/testing/conformance.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::testing {

/// \brief How a dialect spells the types the cases declare columns with.
struct sql_type_names {
  std::string int64 = "BIGINT";
  std::string float64 = "DOUBLE PRECISION";
  std::string text = "TEXT";
  std::string blob;
  std::string decimal = "DECIMAL(38,10)";  ///< must keep 38 digits, 10 of them fraction
  std::string timestamp;                   ///< must keep microseconds, and years 1000 to 9999
};

/// \brief The usual spellings of a dialect.
[[nodiscard]] SCALEKIT_EXPORT sql_type_names default_type_names(sql::dialect d);

/// \brief Gives the cases their connections.
///
/// The cases make and drop tables whose names begin with `sk_conformance_`, in whatever database
/// `connect` leads to.
///
/// \par Thread-safety  Used by one thread at a time.
class SCALEKIT_EXPORT sql_fixture {
 public:
  sql_fixture() = default;
  sql_fixture(const sql_fixture&) = delete;
  sql_fixture& operator=(const sql_fixture&) = delete;
  virtual ~sql_fixture();

  /// \brief A new connection. It must give up on a lock soon, for the cases wait for that.
  [[nodiscard]] virtual result<std::unique_ptr<sql::connection>> connect() = 0;

  /// \brief Whether all connections see one database; if not, cases that need two are skipped.
  [[nodiscard]] virtual bool is_shared() const noexcept { return true; }

  [[nodiscard]] virtual sql_type_names type_names(sql::dialect d) const {
    return default_type_names(d);
  }

  /// \brief A query that runs for hours unless interrupted.
  [[nodiscard]] virtual std::string endless_query(sql::dialect d) const;

  /// \brief How often the case that looks for leaks connects; at least 10.
  [[nodiscard]] virtual std::size_t connect_cycles() const { return 1000; }

  /// \brief Breaks each connection that is open now at its next statement. False if the fixture
  /// cannot: cases that need it are skipped.
  [[nodiscard]] virtual bool cut_next(cut_point) { return false; }

  /// \brief Stops the server and starts it again with its data. False if the fixture cannot.
  [[nodiscard]] virtual bool restart_server() { return false; }
};

struct sql_conformance_case {
  std::string_view name;  ///< e.g. `"transactions/savepoints nest"`
  conformance_outcome (*run)(sql_fixture&);
};

/// \brief All cases; they are independent of each other and leave nothing behind when they pass.
[[nodiscard]] SCALEKIT_EXPORT std::span<const sql_conformance_case> sql_conformance_cases();

/// \brief Runs all cases and tells `report` of each.
SCALEKIT_EXPORT conformance_summary run_sql_conformance(
    sql_fixture& fixture,
    const std::function<void(std::string_view name, const conformance_outcome&)>& report
);

}  // namespace scalekit::inline v0::testing

#endif
