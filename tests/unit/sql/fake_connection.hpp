// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_SQL_FAKE_CONNECTION_HPP
#define SCALEKIT_TESTS_UNIT_SQL_FAKE_CONNECTION_HPP

#include <scalekit/ports/sql.hpp>

#include <deque>
#include <map>
#include <string>
#include <vector>

/// A connection without a database: it writes down what it is asked, fails where it is told to and
/// keeps just enough state to know whether a transaction is open.
class fake_connection final : public scalekit::sql::connection {
 public:
  using error = scalekit::error;
  using errc = scalekit::errc;
  template <class T>
  using result = scalekit::result<T>;

  explicit fake_connection(scalekit::sql::dialect d = scalekit::sql::dialect::sqlite) noexcept
      : dialect_(d) {}

  /// The next calls named `what` ("BEGIN", "COMMIT", "ROLLBACK" or the SQL text) fail in turn.
  void fail(const std::string& what, std::vector<errc> codes) {
    for (const errc code : codes) failures_[what].push_back(code);
  }
  /// A failing COMMIT ends the transaction, as a serialization failure does on PostgreSQL.
  bool failed_commit_ends_transaction = false;
  bool broken = false;
  /// A failing ROLLBACK leaves the transaction open, as it does while rows are alive.
  bool failed_rollback_keeps_transaction = false;
  scalekit::sql::transaction_options begun_with;
  std::vector<std::string> calls;

  [[nodiscard]] std::string history() const {
    std::string all;
    for (const auto& call : calls) all.append(all.empty() ? "" : "; ").append(call);
    return all;
  }

  [[nodiscard]] scalekit::sql::dialect dialect() const noexcept override { return dialect_; }
  [[nodiscard]] result<std::unique_ptr<scalekit::sql::rows>> query(
      std::string_view, scalekit::sql::parameters
  ) override {
    return errc::not_supported;
  }
  [[nodiscard]] result<scalekit::sql::execution> execute(
      std::string_view sql, scalekit::sql::parameters
  ) override {
    if (auto done = call(std::string(sql)); !done) return done.error();
    return scalekit::sql::execution{};
  }
  [[nodiscard]] result<void> execute_script(std::string_view sql) override {
    return call(std::string(sql));
  }
  [[nodiscard]] result<void> begin(const scalekit::sql::transaction_options& options) override {
    begun_with = options;
    if (open_) return error(errc::invalid_argument, "a transaction is open");
    auto done = call("BEGIN");
    open_ = done.has_value();
    return done;
  }
  [[nodiscard]] result<void> commit() override {
    auto done = call("COMMIT");
    if (done || failed_commit_ends_transaction) open_ = false;
    return done;
  }
  [[nodiscard]] result<void> rollback() override {
    auto done = call("ROLLBACK");
    if (done || !failed_rollback_keeps_transaction) open_ = false;
    return done;
  }
  [[nodiscard]] bool in_transaction() const noexcept override { return open_; }
  [[nodiscard]] bool is_broken() const noexcept override { return broken; }
  [[nodiscard]] std::shared_ptr<scalekit::sql::interrupt_handle> interrupt_handle() override {
    return nullptr;
  }
  [[nodiscard]] scalekit::sql::connection_stats stats() const noexcept override { return {}; }

 private:
  result<void> call(std::string what) {
    calls.push_back(what);
    auto& planned = failures_[what];
    if (planned.empty()) return {};
    const errc code = planned.front();
    planned.pop_front();
    return error(code, what + " failed as planned");
  }

  scalekit::sql::dialect dialect_;
  bool open_ = false;
  std::map<std::string, std::deque<errc>> failures_;
};

#endif
