// SPDX-License-Identifier: BSL-1.0
// What a page costs, in SQLite's own steps, where the usual spellings read a whole tie.
#include "table.hpp"

#include <scalekit/keyset/pager.hpp>
#include <scalekit/keyset/plan_gate.hpp>
#include <scalekit/keyset/ranges.hpp>

using namespace keyset_test;
using keyset::direction;
using keyset::nullability;
using keyset::nulls;

namespace {

constexpr std::uint64_t steps_per_page = 5000;
constexpr std::int64_t page_size = 101;

/// 200,000 rows of one instant between 1,000 before and 1,000 behind; every second score is NULL.
std::unique_ptr<sql::connection> tie() {
  return open_memory(
      "CREATE TABLE p(id INTEGER PRIMARY KEY, t INTEGER NOT NULL, s INTEGER, x TEXT);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 202000)"
      "INSERT INTO p SELECT i, CASE WHEN i <= 1000 THEN i WHEN i > 201000 THEN i ELSE 5000 END,"
      "  CASE WHEN i % 2 THEN NULL ELSE i / 7 END, 'x' FROM n;"
      "CREATE INDEX p_t ON p(t, id); CREATE INDEX p_mixed ON p(t, id DESC);"
      "CREATE INDEX p_s ON p(s, id); CREATE INDEX p_s_mixed ON p(s DESC, id);"
  );
}

const keyset::source payments{.table = "p", .columns = {"id", "x"}};

keyset::order by(std::vector<keyset::order_column> columns) {
  auto out = keyset::order::make(
      std::move(columns), {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid}
  );
  REQUIRE(out);
  return *out;
}

/// The steps of one page, look-ahead, probe and transaction included; every page here is full.
std::uint64_t cost(
    sql::connection& db, const keyset::order& o, keyset::place from, std::vector<sql::value> key
) {
  const auto before = db.stats().work;
  auto page =
      keyset::fetch(db, payments, o, {.limit = page_size, .from = from, .key = std::move(key)});
  REQUIRE_MESSAGE(page, (page ? std::string() : page.error().describe()));
  CHECK(page->rows.size() == static_cast<std::size_t>(page_size));
  return db.stats().work - before;
}

void check_costs(
    sql::connection& db, const keyset::order& o, const std::vector<std::vector<sql::value>>& keys
) {
  CHECK(cost(db, o, keyset::place::first, {}) <= steps_per_page);
  CHECK(cost(db, o, keyset::place::last, {}) <= steps_per_page);
  for (const auto& key : keys) {
    CHECK(cost(db, o, keyset::place::after, key) <= steps_per_page);
    CHECK(cost(db, o, keyset::place::before, key) <= steps_per_page);
    CHECK(cost(db, o, keyset::place::at_or_after, key) <= steps_per_page);
  }
  auto plans = keyset::check_plans(db, payments, o);
  CHECK_MESSAGE(plans, (plans ? std::string() : plans.error().message()));
}

}  // namespace

TEST_CASE("a page in a tie of 200,000 rows costs what any page costs") {
  auto db = tie();
  const std::vector<std::vector<sql::value>> keys{
      {500, 500}, {5000, 1001}, {5000, 100000}, {5000, 200990}, {201500, 201500}};
  for (const auto way : {direction::ascending, direction::descending}) {
    check_costs(
        *db, by({{.name = "t", .direction = way, .nullability = nullability::not_null}}), keys
    );
    const auto other = way == direction::ascending ? direction::descending : direction::ascending;
    check_costs(
        *db,
        by({{.name = "t", .direction = way, .nullability = nullability::not_null},
            {.name = "id", .direction = other}}),
        keys
    );
  }
}

TEST_CASE("a page in a NULL block, or at its edge, costs what any page costs") {
  auto db = tie();
  for (const auto way : {direction::ascending, direction::descending}) {
    for (const auto where : {nulls::database_default, nulls::first, nulls::last}) {
      check_costs(
          *db,
          by({{.name = "s", .direction = way, .nulls = where}}),
          {{nullptr, 1001}, {nullptr, 100001}, {nullptr, 200001}, {14285, 99998}}
      );
    }
  }
  check_costs(
      *db,
      by({{.name = "s", .direction = direction::descending}, {.name = "id"}}),
      {{nullptr, 1001}, {nullptr, 100001}, {14285, 99998}}
  );
}

TEST_CASE("without the index the gate names the statement, the plan and the index") {
  auto db = open_memory(
      "CREATE TABLE p(id INTEGER PRIMARY KEY, tenant INT NOT NULL, t INT NOT NULL, x TEXT);"
  );
  keyset::source mine{.table = "p", .columns = {"x"}, .fixed = {{"tenant", 1}}};
  const auto o =
      by({{.name = "t", .direction = direction::descending, .nullability = nullability::not_null}});
  auto none = keyset::check_plans(*db, mine, o);
  REQUIRE(!none);
  CHECK(none.error().code() == scalekit::errc::invalid_argument);
  const std::string index =
      R"(CREATE INDEX "ix_p_tenant_t_desc_id_desc" ON "p" ("tenant", "t" DESC, "id" DESC))";
  CHECK(none.error().message().find(index) != std::string::npos);
  CHECK(none.error().message().find("SELECT \"x\"") != std::string::npos);

  // A tenant index alone seeks, but then sorts.
  REQUIRE(db->execute("CREATE INDEX i1 ON p(tenant)"));
  auto sorts = keyset::check_plans(*db, mine, o);
  REQUIRE(!sorts);
  CHECK(sorts.error().message().find("USE TEMP B-TREE FOR") != std::string::npos);

  REQUIRE(db->execute(index));
  auto good = keyset::check_plans(*db, mine, o);
  CHECK_MESSAGE(good, (good ? std::string() : good.error().message()));
  CHECK(good->size() >= 10);
  CHECK(good->front().lines.front().find("USING INDEX") != std::string::npos);
}

TEST_CASE("the gate sees a seek by too few columns") {
  auto db = open_memory(
      "CREATE TABLE p(id TEXT NOT NULL UNIQUE, t INT NOT NULL, x TEXT); CREATE INDEX i ON p(t);"
  );
  auto o = keyset::order::make(
      {{.name = "t", .nullability = nullability::not_null}},
      {.columns = {"id"}, .kind = sql::value_kind::text}
  );
  REQUIRE(o);
  auto wrong = keyset::check_plans(*db, {.table = "p", .columns = {"x"}}, *o);
  REQUIRE(!wrong);
  REQUIRE(db->execute("CREATE INDEX j ON p(t, id)"));
  auto right = keyset::check_plans(*db, {.table = "p", .columns = {"x"}}, *o);
  CHECK_MESSAGE(right, (right ? std::string() : right.error().message()));
}

TEST_CASE("the gate says when no index can help") {
  auto db = open_memory(
      "CREATE TABLE p(id INTEGER PRIMARY KEY, t INT NOT NULL, s INT); CREATE INDEX i ON p(t, s, "
      "id);"
  );
  const auto o =
      by({{.name = "t", .nullability = nullability::not_null}, {.name = "s", .nulls = nulls::last}}
      );
  auto wrong = keyset::check_plans(*db, {.table = "p", .columns = {"id"}}, o);
  REQUIRE(!wrong);
  CHECK(wrong.error().message().find("placement of NULLs in s") != std::string::npos);
}

TEST_CASE("ranges partition the rows, whichever way they are found") {
  auto db = tie();
  const auto o = by({{.name = "s", .nulls = nulls::last}});
  keyset::source all{.table = "p", .columns = {"id"}};
  for (const auto method : {keyset::split_method::sampled, keyset::split_method::counted}) {
    for (const std::size_t n : {1U, 2U, 7U}) {
      const auto before = db->stats().work;
      auto ranges = keyset::split_ranges(*db, all, o, {.ranges = n, .method = method});
      REQUIRE_MESSAGE(ranges, (ranges ? std::string() : ranges.error().describe()));
      if (method == keyset::split_method::sampled) CHECK(db->stats().work - before < 40000);
      REQUIRE(ranges->size() == n);
      std::vector<bool> seen(202001, false);
      std::size_t total = 0;
      for (const auto& r : *ranges) {
        auto scan = keyset::scan::open(*db, all, o, r.options());
        REQUIRE(scan);
        const auto ids = ids_of(*scan);
        for (const auto id : ids) {
          REQUIRE(!seen[static_cast<std::size_t>(id)]);
          seen[static_cast<std::size_t>(id)] = true;
        }
        total += ids.size();
        CHECK(ids.size() < 2 * 202000 / n);
        CHECK(ids.size() > 202000 / n / 2);
      }
      CHECK(total == 202000);
    }
  }
}
