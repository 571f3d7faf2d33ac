// SPDX-License-Identifier: BSL-1.0
// The suite itself must be able to fail: each way to break a connection is caught by some case.
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/testing/fault_injection.hpp>
#include <scalekit/testing/sql_conformance.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

using namespace scalekit;

namespace {

// A connection that owns what it wraps, and alters it as `prepare` says.
class owning final : public sql::connection {
 public:
  using setup = std::function<void(testing::faulty_connection&)>;
  owning(std::unique_ptr<sql::connection> inner, const setup& prepare)
      : inner_(std::move(inner)), faulty_(*inner_) {
    prepare(faulty_);
  }
  sql::dialect dialect() const noexcept override { return faulty_.dialect(); }
  result<std::unique_ptr<sql::rows>> query(std::string_view s, sql::parameters p) override {
    return faulty_.query(s, p);
  }
  result<sql::execution> execute(std::string_view s, sql::parameters p) override {
    return faulty_.execute(s, p);
  }
  result<void> execute_script(std::string_view s) override { return faulty_.execute_script(s); }
  result<void> check_deferred() override { return faulty_.check_deferred(); }
  result<void> begin(const sql::transaction_options& o) override { return faulty_.begin(o); }
  result<void> commit() override { return faulty_.commit(); }
  result<void> rollback() override { return faulty_.rollback(); }
  bool in_transaction() const noexcept override { return faulty_.in_transaction(); }
  std::shared_ptr<sql::interrupt_handle> interrupt_handle() override {
    return faulty_.interrupt_handle();
  }
  sql::connection_stats stats() const noexcept override { return faulty_.stats(); }

 private:
  std::unique_ptr<sql::connection> inner_;
  testing::faulty_connection faulty_;
};

class broken_fixture final : public testing::sql_fixture {
 public:
  explicit broken_fixture(owning::setup prepare) : prepare_(std::move(prepare)) {}
  result<std::unique_ptr<sql::connection>> connect() override {
    auto real = sqlite::connection::open(":memory:");
    if (!real) return real.error();
    return std::unique_ptr<sql::connection>(std::make_unique<owning>(*std::move(real), prepare_));
  }
  bool is_shared() const noexcept override { return false; }

 private:
  owning::setup prepare_;
};

std::set<std::string> failures(testing::sql_call at, std::string_view text) {
  broken_fixture fixture([&](testing::faulty_connection& c) {
    c.inject({
        .at = at,
        .what = error(errc::internal, "broken on purpose"),
        .times = UINT64_MAX,
        .matches = [text](std::string_view s) { return s.find(text) != std::string_view::npos; },
    });
  });
  std::set<std::string> failed;
  testing::run_sql_conformance(fixture, [&](std::string_view name, const auto& outcome) {
    if (outcome.verdict != testing::verdict::failed) return;
    failed.emplace(name);
    CHECK(outcome.message.find(".cpp:") != std::string::npos);
  });
  return failed;
}

}  // namespace

TEST_CASE("the suite notices what does not work") {
  CHECK(failures(testing::sql_call::commit, "").contains("transactions/commit and rollback"));
  CHECK(failures(testing::sql_call::begin, "").contains("transactions/savepoints nest"));
  CHECK(failures(testing::sql_call::rollback, "").contains("transactions/commit and rollback"));
  CHECK(failures(testing::sql_call::execute_script, "").size() == 1);
  CHECK(failures(testing::sql_call::execute, "SAVEPOINT").size() == 2);
  CHECK(failures(testing::sql_call::query, "").size() > 20);
  CHECK(failures(testing::sql_call::next, "").size() > 20);
  CHECK(failures(testing::sql_call::execute, "sk_conformance_types").size() == 10);
}
