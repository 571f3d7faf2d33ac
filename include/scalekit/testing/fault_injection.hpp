// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_FAULT_INJECTION_HPP
#define SCALEKIT_TESTING_FAULT_INJECTION_HPP

/// \file
/// A connection that fails when told to: how a host proves that its code, and ours, loses nothing.

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>
#include <scalekit/testing/fault_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::testing {

enum class sql_call {
  query,
  execute,
  execute_many,
  insert_rows,
  execute_script,
  begin,
  commit,
  rollback,
  next
};

/// \brief One failure to come.
struct sql_fault {
  sql_call at = sql_call::execute;
  /// Before the call has any effect, or after it had its whole effect: the answer is lost.
  enum class moment { before_effect, after_effect } when = moment::before_effect;
  /// What the caller gets; `outcome_unknown` with `after_effect` is a connection lost on commit.
  error what{errc::unavailable, "injected fault"};
  /// How many matching calls succeed first. With `next`: how many rows come before the fault.
  std::uint64_t skip = 0;
  /// How many calls fail, one after the other.
  std::uint64_t times = 1;
  /// Only calls whose SQL satisfies this; empty: all. `begin`, `commit` and `rollback` have none
  /// and see an empty text; `next` sees that of its query, `insert_rows` its table.
  std::function<bool(std::string_view sql)> matches{};
};

/// \brief Passes everything on to another connection, and fails where a fault is due.
///
/// A fault *after* `query` runs the query and throws its rows away; *after* `next` loses the row.
/// `stats()` counts what reached the connection inside.
///
/// \code
/// testing::faulty_connection db(real);
/// db.inject({.at = testing::sql_call::commit,
///            .when = testing::sql_fault::moment::after_effect,
///            .what = error(errc::outcome_unknown, "connection lost")});
/// \endcode
///
/// \par Thread-safety  As the connection inside, which must outlive it. The rows it makes must not
/// outlive it.
class SCALEKIT_EXPORT faulty_connection final : public sql::connection {
 public:
  explicit faulty_connection(sql::connection& inner) noexcept : inner_(&inner) {}
  ~faulty_connection() override;

  /// \brief Adds a fault. Each counts for itself the calls since it was added; where several are
  /// due at one call, the one added first strikes.
  void inject(sql_fault fault) { faults_.add(std::move(fault)); }
  /// \brief Forgets all faults.
  void clear() noexcept { faults_.clear(); }
  /// \brief How many faults have struck.
  [[nodiscard]] std::uint64_t struck() const noexcept { return faults_.struck(); }

  [[nodiscard]] sql::dialect dialect() const noexcept override { return inner_->dialect(); }
  [[nodiscard]] result<std::unique_ptr<sql::rows>> query(
      std::string_view sql, sql::parameters params = {}
  ) override;
  [[nodiscard]] result<sql::execution> execute(std::string_view sql, sql::parameters params = {})
      override;
  [[nodiscard]] result<sql::executions> execute_many(
      std::string_view sql,
      sql::parameters values,
      std::size_t width,
      std::size_t* failed_row = nullptr
  ) override;
  [[nodiscard]] result<std::int64_t> insert_rows(
      std::string_view table, std::string_view columns, sql::parameters values, std::size_t width
  ) override;
  [[nodiscard]] result<void> execute_script(std::string_view sql) override;
  [[nodiscard]] result<void> check_deferred() override { return inner_->check_deferred(); }
  [[nodiscard]] result<void> begin(const sql::transaction_options& options) override;
  [[nodiscard]] result<void> commit() override;
  [[nodiscard]] result<void> rollback() override;
  [[nodiscard]] bool in_transaction() const noexcept override { return inner_->in_transaction(); }
  [[nodiscard]] std::shared_ptr<sql::interrupt_handle> interrupt_handle() override {
    return inner_->interrupt_handle();
  }
  [[nodiscard]] bool is_broken() const noexcept override { return inner_->is_broken(); }
  [[nodiscard]] sql::connection_stats stats() const noexcept override { return inner_->stats(); }

 private:
  class faulty_rows;
  template <class Call>
  auto guarded(sql_call at, std::string_view sql, const Call& call) -> decltype(call());
  [[nodiscard]] const sql_fault* due(sql_call at, std::string_view sql);

  sql::connection* inner_;
  fault_plan<sql_fault> faults_;
};

}  // namespace scalekit::inline v0::testing

#endif
