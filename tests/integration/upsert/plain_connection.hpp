// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_UPSERT_PLAIN_CONNECTION_HPP
#define SCALEKIT_TESTS_INTEGRATION_UPSERT_PLAIN_CONNECTION_HPP

#include <scalekit/ports/sql.hpp>

#include <memory>
#include <string_view>

namespace upsert_test {

namespace sql = scalekit::sql;
using scalekit::result;

/// A host's own connection: it has what the port demands and nothing else.
class plain_connection final : public sql::connection {
 public:
  explicit plain_connection(sql::connection& inner) noexcept : inner_(&inner) {}
  sql::dialect dialect() const noexcept override { return inner_->dialect(); }
  result<std::unique_ptr<sql::rows>> query(std::string_view s, sql::parameters p) override {
    return inner_->query(s, p);
  }
  result<sql::execution> execute(std::string_view s, sql::parameters p) override {
    return inner_->execute(s, p);
  }
  result<void> execute_script(std::string_view s) override { return inner_->execute_script(s); }
  result<void> begin(const sql::transaction_options& o) override { return inner_->begin(o); }
  result<void> commit() override { return inner_->commit(); }
  result<void> rollback() override { return inner_->rollback(); }
  bool in_transaction() const noexcept override { return inner_->in_transaction(); }
  std::shared_ptr<sql::interrupt_handle> interrupt_handle() override {
    return inner_->interrupt_handle();
  }
  sql::connection_stats stats() const noexcept override { return inner_->stats(); }

 private:
  sql::connection* inner_;
};

}  // namespace upsert_test

#endif
