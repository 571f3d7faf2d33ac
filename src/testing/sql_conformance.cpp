// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/sql/identifier.hpp>
#include <scalekit/testing/sql_conformance.hpp>

namespace scalekit::inline v0::testing {

sql_fixture::~sql_fixture() = default;

sql_type_names default_type_names(sql::dialect d) {
  sql_type_names names;
  switch (d) {
    case sql::dialect::sqlite:
      names = {"INTEGER", "REAL", "TEXT", "BLOB", "TEXT", "INTEGER"};
      break;
    case sql::dialect::postgres:
      names.blob = "BYTEA";
      names.timestamp = "TIMESTAMPTZ";
      break;
    case sql::dialect::mariadb:
    case sql::dialect::mysql:
      names.text = "LONGTEXT";
      names.blob = "LONGBLOB";
      names.timestamp = "DATETIME(6)";
      break;
  }
  return names;
}

std::string sql_fixture::endless_query(sql::dialect d) const {
  if (d == sql::dialect::mariadb || d == sql::dialect::mysql) {
    return "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, "
           "information_schema.columns c, information_schema.columns d";
  }
  return "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < "
         "1000000000000) SELECT COUNT(*) FROM c";
}

std::span<const sql_conformance_case> sql_conformance_cases() {
  static const std::vector<sql_conformance_case> all = [] {
    std::vector<sql_conformance_case> cases;
    for (const auto& part :
         {statement_cases(),
          batch_cases(),
          type_cases(),
          transaction_cases(),
          isolation_cases(),
          concurrency_cases(),
          fault_cases()}) {
      cases.insert(cases.end(), part.begin(), part.end());
    }
    return cases;
  }();
  return all;
}

conformance_summary run_sql_conformance(
    sql_fixture& fixture,
    const std::function<void(std::string_view, const conformance_outcome&)>& report
) {
  return run_cases(sql_conformance_cases(), fixture, report);
}

std::string marked(sql::dialect d, std::string_view text) {
  std::string out;
  std::size_t number = 0;
  for (const char c : text) {
    if (c == '?') {
      sql::append_placeholder(out, d, ++number);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

result<std::vector<std::vector<sql::value>>> all_rows(
    sql::connection& db, std::string_view sql, sql::parameters params
) {
  auto rows = db.query(sql, params);
  if (!rows) return rows.error();
  std::vector<std::vector<sql::value>> all;
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return more.error();
    if (!*more) return all;
    all.emplace_back((*rows)->row().begin(), (*rows)->row().end());
  }
}

result<std::int64_t> one_int(sql::connection& db, std::string_view sql, sql::parameters params) {
  auto all = all_rows(db, sql, params);
  if (!all) return all.error();
  if (all->size() != 1 || all->front().empty() ||
      all->front()[0].kind() != sql::value_kind::int64) {
    return error(errc::internal, "not one integer: " + std::string(sql));
  }
  return all->front()[0].view().as_int64();
}

result<std::unique_ptr<scratch_table>> scratch_table::make(
    sql::connection& db, std::string_view name, std::string_view columns
) {
  std::string table = "sk_conformance_" + std::string(name);
  if (auto dropped = db.execute("DROP TABLE IF EXISTS " + table); !dropped) return dropped.error();
  auto made = db.execute("CREATE TABLE " + table + " (" + std::string(columns) + ")");
  if (!made) return made.error();
  return std::unique_ptr<scratch_table>(new scratch_table(db, std::move(table)));
}

scratch_table::~scratch_table() {
  static_cast<void>(db_->rollback());
  static_cast<void>(db_->execute("DROP TABLE IF EXISTS " + name_));
}

std::string scratch_table::insert(std::size_t columns) const {
  std::string values = " VALUES (?";
  for (std::size_t i = 1; i < columns; ++i) values += ", ?";
  return sql("INSERT INTO", values + ")");
}

std::string scratch_table::sql(std::string_view before, std::string_view after) const {
  std::string text(before);
  text.append(" ").append(name_).append(" ").append(after);
  return marked(db_->dialect(), text);
}

std::string scratch_table::int64() const {
  const sql::dialect d = db_->dialect();
  // What MariaDB calls BIGINT in a column it calls SIGNED in a cast.
  return d == sql::dialect::mariadb || d == sql::dialect::mysql ? "SIGNED" : "BIGINT";
}

nagging_thread::nagging_thread(std::shared_ptr<sql::interrupt_handle> handle)
    : thread_([this, handle = std::move(handle)] {
        while (!stop_.load()) {
          handle->interrupt();
          std::this_thread::yield();
        }
      }) {}

nagging_thread::~nagging_thread() {
  stop_.store(true);
  thread_.join();
}

result<std::int64_t> scratch_table::count(sql::connection& db) const {
  return one_int(db, sql("SELECT COUNT(*) FROM"));
}

}  // namespace scalekit::inline v0::testing
