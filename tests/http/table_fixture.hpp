// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_TABLE_FIXTURE_HPP
#define SCALEKIT_TESTS_HTTP_TABLE_FIXTURE_HPP

#include "fakes.hpp"
#include "raw_client.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/memory_checkpoint_store.hpp>
#include <scalekit/http/export_endpoint.hpp>
#include <scalekit/http/server.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace scalekit::test {

/// A server that exports a table of `rows` rows, with a store.
/// `/export?name=...` is another definition; `?even` filters.
struct table_fixture {
  explicit table_fixture(int rows, std::chrono::seconds lifetime = std::chrono::hours(24))
      : pool(make_table(folder / "t.db", rows)),
        endpoint(
            *pool,
            {.define = define,
             .store = &store,
             .lifetime = lifetime,
             .metrics = &metrics,
             .time = &clock}
        ) {
    REQUIRE(web.route("/export", endpoint));
    REQUIRE(web.start());
  }

  static std::unique_ptr<sqlite::pool> make_table(const std::string& file, int rows) {
    auto made = sqlite::pool::open(file);
    REQUIRE(made);
    auto db = (*made)->acquire(sql::access::write);
    REQUIRE(db);
    REQUIRE((*db)->execute_script("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL)"));
    REQUIRE((*db)->execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
        "INSERT INTO t SELECT i, printf('name %d, \"%s\"', i, hex(zeroblob(40))) FROM n",
        {rows}
    ));
    return std::move(*made);
  }

  static result<http::export_definition> define(const http::request& r) {
    auto order = keyset::order::make(
        {{.name = "id", .nullability = keyset::nullability::not_null}},
        {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid}
    );
    if (!order) return order.error();
    bulk::export_options what{.source = {.table = "t"}, .order = *order};
    what.name = r.query("name").value_or("t");
    if (r.query("even")) what.source.where.push_back(sql::fragment("id % 2 = 0"));
    what.columns = {{.name = "id"}, {.name = "name"}};
    what.chunk_bytes = 64 * 1024;
    return http::export_definition{.what = std::move(what)};
  }

  /// What the file must be, by another way.
  [[nodiscard]] std::string whole() const {
    auto db = pool->acquire(sql::access::read);
    REQUIRE(db);
    auto rows = (*db)->query(
        "SELECT id || ',\"' || replace(name, '\"', '\"\"') || '\"' FROM t WHERE name LIKE '%\"%' "
        "UNION ALL SELECT id || ',' || name FROM t WHERE name NOT LIKE '%\"%' ORDER BY 1"
    );
    REQUIRE(rows);
    std::map<long long, std::string> lines;
    for (auto more = (*rows)->next(); more && *more; more = (*rows)->next()) {
      const std::string line((*rows)->row()[0].as_text());
      lines[std::stoll(line)] = line;
    }
    std::string out = "id,name\n";
    for (const auto& [id, line] : lines) out += line + "\n";
    return out;
  }

  void run(std::string_view sql) const {
    auto db = pool->acquire(sql::access::write);
    REQUIRE(db);
    REQUIRE((*db)->execute(sql));
  }

  [[nodiscard]] raw_client client(int receive_buffer = 0) const {
    return raw_client(web.port(), receive_buffer);
  }
  [[nodiscard]] bool settles() {
    return metrics["scalekit_http_export_active"].becomes(0) && pool->stats().readers_in_use == 0;
  }

  scalekit_tests::temp_folder folder;
  testing::manual_clock clock;
  watched_metrics metrics;
  bulk::memory_checkpoint_store store;
  std::unique_ptr<sqlite::pool> pool;
  http::export_endpoint endpoint;
  http::server web;
};

}  // namespace scalekit::test

#endif
