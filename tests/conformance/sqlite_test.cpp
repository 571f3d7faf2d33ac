// SPDX-License-Identifier: BSL-1.0
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/testing/sql_conformance.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace scalekit;

namespace {

class memory_fixture final : public testing::sql_fixture {
 public:
  result<std::unique_ptr<sql::connection>> connect() override {
    return sqlite::connection::open(":memory:").transform([](auto c) {
      return std::unique_ptr<sql::connection>(std::move(c));
    });
  }
  bool is_shared() const noexcept override { return false; }
};

class file_fixture final : public testing::sql_fixture {
 public:
  explicit file_fixture(sqlite::connection_options options) : options_(std::move(options)) {
    options_.busy_timeout = std::chrono::milliseconds(0);
    options_.sync = sqlite::synchronous::off;
  }
  result<std::unique_ptr<sql::connection>> connect() override {
    return sqlite::connection::open(folder_ / "c.db", options_).transform([](auto c) {
      return std::unique_ptr<sql::connection>(std::move(c));
    });
  }

 private:
  scalekit_tests::temp_folder folder_;
  sqlite::connection_options options_;
};

std::set<std::string> run_all(testing::sql_fixture& fixture) {
  std::set<std::string> skipped;
  const auto sum = testing::run_sql_conformance(
      fixture,
      [&](std::string_view name, const testing::conformance_outcome& outcome) {
        CAPTURE(name);
        CHECK_MESSAGE(outcome.verdict != testing::verdict::failed, outcome.message);
        if (outcome.verdict == testing::verdict::skipped) skipped.emplace(name);
      }
  );
  CHECK(sum.passed + sum.failed + sum.skipped == testing::sql_conformance_cases().size());
  CHECK(sum.skipped == skipped.size());
  return skipped;
}

// INSERT is the fastest way in. There is no server to lose, one writer at a time, and no isolation
// below a snapshot.
const std::set<std::string> not_of_a_file{
    "batches/rows in bulk",
    "isolation/read committed sees commits only",
    "isolation/of a deadlock one goes through",
    "interrupt/ends the wait for a lock",
    "faults/a connection cut at a commit",
    "faults/a connection cut inside a transaction",
    "faults/a connection cut at a single statement",
    "faults/the server starts again",
};

}  // namespace

TEST_CASE("a database in memory passes all that one connection can") {
  memory_fixture fixture;
  CHECK(
      run_all(fixture) ==
      std::set<std::string>{
          "batches/rows in bulk",
          "transactions/uncommitted rows are invisible",
          "transactions/a read transaction is a snapshot",
          "transactions/contention is busy",
          "transactions/a stale snapshot cannot write",
          "transactions/run_transaction retries",
          "statements/cache after a change elsewhere",
          "isolation/read committed sees commits only",
          "isolation/serializable stops write skew",
          "isolation/no update is lost",
          "isolation/of a deadlock one goes through",
          "interrupt/ends the wait for a lock",
          "faults/a connection cut at a commit",
          "faults/a connection cut inside a transaction",
          "faults/a connection cut at a single statement",
          "faults/the server starts again",
      }
  );
}

TEST_CASE("a WAL file passes everything") {
  file_fixture fixture({});
  CHECK(run_all(fixture) == not_of_a_file);
}

TEST_CASE("without a statement cache everything passes too") {
  file_fixture fixture({.statement_cache_capacity = 0});
  CHECK(run_all(fixture) == not_of_a_file);
}

TEST_CASE("a cache of one statement is enough") {
  file_fixture fixture({.statement_cache_capacity = 1});
  CHECK(run_all(fixture) == not_of_a_file);
}

TEST_CASE("case names are distinct") {
  std::set<std::string_view> names;
  for (const auto& c : testing::sql_conformance_cases()) CHECK(names.insert(c.name).second);
}
