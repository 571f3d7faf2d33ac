// SPDX-License-Identifier: BSL-1.0
// The plan gate on empty, small and large tables, and what a page costs in the server's own counts.
#include "server.hpp"

#include <scalekit/keyset/plan_gate.hpp>
#include <scalekit/sql/transaction.hpp>

using namespace keyset_server;
using keyset::direction;
using keyset::nullability;
using keyset::nulls;

namespace {

const keyset::unique_key id{.columns = {"id"}};

keyset::order by(std::vector<keyset::order_column> columns) {
  return must(keyset::order::make(std::move(columns), id));
}

keyset::order by_time(direction d = direction::ascending) {
  return by({{.name = "t", .direction = d, .nullability = nullability::not_null}});
}

/// A table with no index but its key.
std::unique_ptr<sql::connection> bare() {
  auto db = connect();
  run(*db,
      std::string("DROP TABLE IF EXISTS p; CREATE TABLE p(id bigint PRIMARY KEY, tenant int NOT "
                  "NULL, t ") +
          spelling().timestamp + " NOT NULL, s int, name varchar(50));");
  return db;
}

void fill(sql::connection& db, int rows) {
  const char* time = spelling().is_postgres ? "timestamp '2026-01-01' + i / 10 * interval '1 s'"
                                            : "timestamp('2026-01-01') + interval i div 10 second";
  const char* score = "CASE WHEN i % 10 = 0 THEN NULL ELSE i * 7919 % 1000 END";
  run(db,
      std::string("INSERT INTO p SELECT i, i % 7, ") + time + ", " + score + ", 'x' FROM " +
          spelling().numbers + " WHERE i <= " + std::to_string(rows));
  run(db, spelling().is_postgres ? "ANALYZE p" : "ANALYZE TABLE p");
}

/// Empty if the gate lets it pass, else what it says.
std::string gate(sql::connection& db, const keyset::source& what, const keyset::order& o) {
  const auto plans = keyset::check_plans(db, what, o);
  CHECK_FALSE(db.in_transaction());
  if (plans) {
    CHECK(plans->size() >= 6);
    return {};
  }
  CHECK(plans.error().code() == scalekit::errc::invalid_argument);
  return plans.error().message();
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const keyset::source everyone{.table = "p", .columns = {"id", "name"}};
const keyset::source mine{.table = "p", .columns = {"name"}, .fixed = {{"tenant", 1}}};

}  // namespace

TEST_CASE("on tables of any size the gate passes with the index and fails without it") {
  for (const int rows : {0, 1, 50, 3000, 200000}) {
    INFO(rows);
    auto db = bare();
    fill(*db, rows);
    const std::string missing = gate(*db, mine, by_time(direction::descending));
    CHECK(says(missing, "forward, first page, statement 1"));
    // MariaDB orders by the tenant as well, so its index is read from the other end.
    const std::string index =
        spelling().is_postgres
            ? R"(CREATE INDEX "ix_p_tenant_t_desc_id_desc" ON "p" ("tenant", "t" DESC, "id" DESC))"
            : "CREATE INDEX `ix_p_tenant_t_id` ON `p` (`tenant`, `t`, `id`)";
    CHECK(says(missing, "; create " + index));
    CHECK(says(missing, spelling().is_postgres ? "SELECT \"name\"" : "SELECT `name`"));

    run(*db, index);
    CHECK(gate(*db, mine, by_time(direction::descending)) == "");
    // Read from its other end it serves this as well, but nothing else.
    CHECK(gate(*db, mine, by_time()) == "");
    CHECK(says(gate(*db, everyone, by_time()), "; create "));
    CHECK(says(gate(*db, mine, by({{.name = "s"}})), "; create "));
  }
}

TEST_CASE("an index in other directions, another column order, or without its tie-breaker fails") {
  for (const int rows : {0, 3000}) {
    for (const char* wrong :
         {"(tenant, t, id DESC)",
          "(t, tenant, id)",
          "(t, id, tenant)",
          "(tenant, id, t)",
          "(tenant, name, t, id)",
          "(tenant, s, t)",
          // With all columns, so that reading it whole is an idea.
          "(t, tenant, id, name)",
          "(t, id, tenant, name)",
          "(tenant, id, t, name)"}) {
      INFO(wrong);
      auto db = bare();
      fill(*db, rows);
      run(*db, std::string("CREATE INDEX wrong ON p") + wrong);
      CHECK(says(gate(*db, mine, by_time()), "; create "));
    }
  }
}

TEST_CASE("without the tie-breaker in the index") {
  auto db = bare();
  fill(*db, 3000);
  run(*db, "CREATE INDEX p_t ON p(tenant, t)");
  // InnoDB appends the primary key to every index.
  CHECK(gate(*db, mine, by_time()).empty() == !spelling().is_postgres);
  const auto by_name = must(keyset::order::make(
      {{.name = "t", .nullability = nullability::not_null}}, {.columns = {"name"}}
  ));
  CHECK(says(gate(*db, mine, by_name), "; create "));
}

TEST_CASE("mixed directions and NULL blocks have their indexes") {
  for (const int rows : {0, 50, 200000}) {
    INFO(rows);
    auto db = bare();
    run(*db,
        "CREATE INDEX p_mixed ON p(t, id DESC); CREATE INDEX p_s ON p(s, id);"
        "CREATE INDEX p_s_mixed ON p(s DESC, id);");
    if (db->dialect() == sql::dialect::mysql) {
      // It reads an index with mixed directions from one end only: these are for the other way.
      run(*db,
          "CREATE INDEX p_mixed_back ON p(t DESC, id);"
          "CREATE INDEX p_s_mixed_back ON p(s, id DESC);");
    }
    fill(*db, rows);
    for (const auto way : {direction::ascending, direction::descending}) {
      for (const auto where : {nulls::database_default, nulls::first, nulls::last}) {
        CHECK(gate(*db, everyone, by({{.name = "s", .direction = way, .nulls = where}})) == "");
      }
    }
    // Of several indexes that begin alike MySQL takes any, and sorts.
    if (db->dialect() == sql::dialect::mysql && rows > 50) continue;
    const keyset::order_column time{.name = "t", .nullability = nullability::not_null};
    CHECK(
        gate(*db, everyone, by({time, {.name = "id", .direction = direction::descending}})) == ""
    );
    CHECK(
        gate(
            *db, everyone, by({{.name = "s", .direction = direction::descending}, {.name = "id"}})
        ) == ""
    );
  }
}

TEST_CASE("many indexes that begin alike confuse nobody on a small table") {
  auto db = bare();
  fill(*db, 20);
  run(*db,
      "CREATE INDEX a ON p(t, id, tenant); CREATE INDEX b ON p(tenant); CREATE INDEX c ON p(t);"
      "CREATE INDEX d ON p(tenant, id); CREATE INDEX e ON p(tenant, s, id); CREATE INDEX f ON "
      "p(id, t);");
  CHECK(says(gate(*db, mine, by_time()), "; create "));
  run(*db, "CREATE INDEX right_one ON p(tenant, t, id)");
  CHECK(gate(*db, mine, by_time()) == "");
}

TEST_CASE("filters and horizons are part of the statement, not of the index") {
  auto db = bare();
  fill(*db, 3000);
  run(*db, "CREATE INDEX p_t ON p(tenant, t, id)");
  keyset::source filtered = mine;
  filtered.where = {sql::fragment("name <> ").param("it's \"odd\" AND (").sql(" OR s > ").param(4)};
  filtered.until = keyset::horizon{"t", scalekit::system_time(std::chrono::days(25000))};
  CHECK(gate(*db, filtered, by_time()) == "");
  CHECK(says(gate(*db, filtered, by({{.name = "s"}})), "; create "));
}

TEST_CASE("expressions, keys of other types, joins") {
  auto db = connect();
  const bool pg = spelling().is_postgres;
  run(*db,
      std::string("DROP TABLE IF EXISTS q; CREATE TABLE q(k varchar(40) NOT NULL PRIMARY KEY, d "
                  "decimal(20,5) NOT NULL, u ") +
          spelling().uuid + " NOT NULL UNIQUE, owner int NOT NULL);" +
          "CREATE INDEX q_d ON q(d, k); CREATE INDEX q_u ON q(owner, u);");
  const keyset::source q{.table = "q", .columns = {"k"}};
  const auto by_decimal = must(
      keyset::order::make({{.name = "d", .nullability = nullability::not_null}}, {.columns = {"k"}})
  );
  CHECK(gate(*db, q, by_decimal) == "");
  keyset::source owned = q;
  owned.fixed = {{"owner", 3}};
  CHECK(gate(*db, owned, must(keyset::order::make({}, {.columns = {"u"}}))) == "");
  if (!pg) return;

  const auto by_lower = must(keyset::order::make(
      {{.name = "low", .nullability = nullability::not_null, .expression = "lower(k)"}},
      {.columns = {"k"}}
  ));
  const std::string missing = gate(*db, q, by_lower);
  CHECK(says(missing, "; create "));
  run(*db, missing.substr(missing.find("CREATE INDEX")));
  CHECK(gate(*db, q, by_lower) == "");

  run(*db,
      "DROP TABLE IF EXISTS m; DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('sad', 'ok');"
      "CREATE TABLE m(id bigint PRIMARY KEY, how mood NOT NULL); CREATE INDEX m_how ON m(how, id);"
  );
  const auto by_mood = by({{.name = "how", .nullability = nullability::not_null}});
  const keyset::source moods{.table = "m", .columns = {"id"}};
  const auto unknown = keyset::check_plans(*db, moods, by_mood);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code() == scalekit::errc::not_supported);
  CHECK(says(unknown.error().message(), "order column how (type mood)"));
  run(*db, "INSERT INTO m VALUES (1, 'ok')");
  CHECK(gate(*db, moods, by_mood) == "");
}

TEST_CASE("the gate leaves the caller's transaction, its settings and the schema as they were") {
  auto db = bare();
  fill(*db, 50);
  run(*db, "CREATE INDEX a ON p(t, id, tenant); CREATE INDEX b ON p(tenant, t, id)");
  const std::string words =
      "SELECT CAST(SUM(CRC32(VARIABLE_VALUE)) AS SIGNED) FROM "
      "performance_schema.session_variables WHERE VARIABLE_NAME LIKE 'explain%'";
  const bool mysql = db->dialect() == sql::dialect::mysql;
  const auto before = mysql ? numbers(*db, words) : std::vector<std::int64_t>();
  auto tx = must(sql::transaction::begin(*db));
  run(*db, "INSERT INTO p SELECT 1000, tenant, t, s, name FROM p WHERE id = ?", {1});
  REQUIRE(keyset::check_plans(*db, mine, by_time()));
  CHECK_FALSE(keyset::check_plans(*db, mine, by({{.name = "s"}})));
  CHECK(db->in_transaction());
  if (spelling().is_postgres) {
    CHECK(
        numbers(
            *db,
            "SELECT count(*) FROM pg_settings WHERE name LIKE 'enable_%' AND setting = 'off' AND "
            "source = 'session'"
        ) == std::vector<std::int64_t>{0}
    );
    CHECK(
        numbers(*db, "SELECT count(*) FROM pg_class WHERE relname LIKE 'scalekit_plan%'") ==
        std::vector<std::int64_t>{0}
    );
  }
  if (mysql) CHECK(numbers(*db, words) == before);
  REQUIRE(tx.commit());
  CHECK(numbers(*db, "SELECT id FROM p WHERE id = 1000").size() == 1);
}

namespace {

/// Rows the server touched for one page. MariaDB counts them; PostgreSQL counts 8 KiB blocks.
std::int64_t touched(
    sql::connection& db, const keyset::order& o, const std::vector<sql::value>& key
) {
  const auto compiled = must(keyset::compiler::make(db.dialect(), everyone, o));
  const auto s = must(compiled.page_statement({.after = key, .limit = 101}));
  const std::vector<sql::value_view> params(s.params.begin(), s.params.end());
  if (!spelling().is_postgres) {
    const std::string_view status = db.dialect() == sql::dialect::mysql
                                        ? "performance_schema.session_status"
                                        : "information_schema.SESSION_STATUS";
    const std::string sum =
        "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM " + std::string(status) +
        " WHERE VARIABLE_NAME IN ('HANDLER_READ_KEY', 'HANDLER_READ_NEXT', 'HANDLER_READ_PREV', "
        "'HANDLER_ICP_ATTEMPTS')";
    const auto before = numbers(db, sum)[0];
    auto rows = must(db.query(s.sql, params));
    while (must(rows->next())) {
    }
    rows.reset();
    return numbers(db, sum)[0] - before;
  }
  auto rows = must(db.query("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) " + s.sql, params));
  std::int64_t blocks = 0;
  while (must(rows->next())) {
    const std::string line(rows->row()[0].as_text());
    const std::size_t hit = line.find("shared hit=");
    // The first line that says so is the outermost node's and holds all others.
    if (hit != std::string::npos && blocks == 0) blocks = std::stoll(line.substr(hit + 11));
  }
  return blocks;
}

}  // namespace

TEST_CASE(
    "a page in a tie of 200,000 rows, in a NULL block and at its edge costs what any page costs"
) {
  auto db = connect();
  run(*db,
      std::string(
          "DROP TABLE IF EXISTS p; CREATE TABLE p(id bigint PRIMARY KEY, t int NOT NULL, s "
          "int, name varchar(50)); INSERT INTO p SELECT i, CASE WHEN i <= 1000 THEN i WHEN "
          "i > 199000 THEN i ELSE 5000 END, CASE WHEN i % 2 = 1 THEN NULL ELSE i END, 'x' FROM "
      ) + spelling().numbers +
          "; CREATE INDEX p_t ON p(t, id); CREATE INDEX p_mixed ON p(t, id DESC); CREATE INDEX p_s "
          "ON p(s, id); CREATE INDEX p_s_mixed ON p(s DESC, id);");
  run(*db, spelling().is_postgres ? "ANALYZE p" : "ANALYZE TABLE p");
  // 101 rows and a probe from each of two segments or three; some are counted twice, in the index
  // and in the table.
  constexpr std::int64_t most = 450;
  for (const auto way : {direction::ascending, direction::descending}) {
    const keyset::order_column time{
        .name = "t", .direction = way, .nullability = nullability::not_null};
    const auto other = way == direction::ascending ? direction::descending : direction::ascending;
    std::vector orders = {by({time}), by({time, {.name = "id", .direction = other}})};
    if (db->dialect() == sql::dialect::mysql) orders.pop_back();  // it sorts the tie
    for (const auto& o : orders) {
      for (const int at : {1001, 100000, 198990}) CHECK(touched(*db, o, {5000, at}) <= most);
    }
    for (const auto where : {nulls::first, nulls::last}) {
      const auto o = by({{.name = "s", .direction = way, .nulls = where}});
      for (const int at : {101, 100001, 199901}) CHECK(touched(*db, o, {nullptr, at}) <= most);
      CHECK(touched(*db, o, {100000, 100000}) <= most);
    }
  }
}
