// SPDX-License-Identifier: BSL-1.0
// Plans as the servers word them, read without a server.
#include "keyset/plan_text.hpp"

#include "keyset/plan_examples.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace scalekit::keyset::detail;
namespace sql = scalekit::sql;
using lines = std::vector<std::string>;

namespace {

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

lines scanning(std::string node, std::string condition) {
  lines out{"Limit", "  Output: id, name", "  ->  " + std::move(node), "        Output: id, name"};
  if (!condition.empty()) out.push_back("        Index Cond: " + std::move(condition));
  return out;
}

std::vector<std::string> columns_in(std::string node, std::string condition) {
  const auto uses = index_uses(scanning(std::move(node), std::move(condition)));
  REQUIRE(uses.size() == 1);
  return uses.front().columns;
}

}  // namespace

TEST_CASE("PostgreSQL: what sorts, gathers or reads everything") {
  CHECK(says(postgres_objection(lines{"Limit", "  ->  Sort", "        Sort Key: t"}, 0), "it sorts")
  );
  CHECK(says(postgres_objection(lines{"Limit", "  ->  Incremental Sort"}, 2), "it sorts"));
  CHECK(says(
      postgres_objection(
          lines{"Limit", "  ->  Seq Scan on public.p", "        Filter: (p.t > 1)"}, 1
      ),
      "\"Seq Scan on public.p\": it reads all there is"
  ));
  CHECK(says(postgres_objection(lines{"  ->  Parallel Seq Scan on public.p"}, 1), "reads all"));
  CHECK(says(
      postgres_objection(lines{"Limit", "  ->  Bitmap Heap Scan on public.p"}, 1), "it gathers all"
  ));
  CHECK(postgres_objection(scanning("Index Scan Backward using i on public.p", "(p.t > 1)"), 1)
            .empty());
  // Not a node: a column of that name among the outputs.
  CHECK(postgres_objection(lines{"Limit", "  Output: \"Sort\""}, 1).empty());
}

TEST_CASE("PostgreSQL: the index and the columns its condition compares") {
  const auto uses = index_uses(scanning(
      "Index Only Scan Backward using \"my using on\" on \"a.b\".\"p q\" \"x y\"",
      "((\"x y\".tenant = 'a'' AND (b'::text) AND (\"x y\".t < 5))"
  ));
  REQUIRE(uses.size() == 1);
  CHECK(uses[0].index == "\"a.b\".\"my using on\"");
  CHECK(uses[0].columns == std::vector<std::string>{"tenant", "t"});

  CHECK(columns_in("Index Scan using i on public.p", "").empty());
  CHECK(columns_in("Index Scan using i on public.p", "(p.s IS NULL)") == lines{"s"});
  CHECK(
      columns_in(
          "Index Scan using i on public.p",
          "((p.tenant = 1) AND (ROW(p.t, p.id) > ROW('2020-01-01 00:00:00+00'::timestamp with time "
          "zone, '4'::bigint)))"
      ) == lines{"tenant", "t", "id"}
  );
  CHECK(
      columns_in(
          "Index Scan using i on public.p", "(ROW((p.name)::text, p.id) > ROW('x'::text, 4))"
      ) == lines{"name", "id"}
  );
  CHECK(
      columns_in(
          "Index Scan using i on public.p x", "((lower(x.name) = 'q'::text) AND (x.id > 4))"
      ) == lines{"lower(name)", "id"}
  );
  CHECK(columns_in("Index Scan using i on public.p", "((p.a + p.b) > 4)") == lines{"a + b"});
}

TEST_CASE("PostgreSQL: what a plan is reckoned to cost") {
  CHECK(postgres_cost("Limit  (cost=0.42..35.57 rows=100 width=14)") == doctest::Approx(35.57));
  CHECK(postgres_cost("Limit  (cost=10000000000.42..10000000035.57 rows=1 width=4)") > 1e10);
  CHECK(postgres_cost("Limit") > 1e10);
}

TEST_CASE("PostgreSQL: only leading columns of the index are sought by") {
  const index_use all{"", "", {"tenant", "t", "id", "id"}};
  CHECK(leading_columns(all, lines{"tenant", "t", "id"}) == 3);
  CHECK(leading_columns(all, lines{"t", "id", "tenant", "x"}) == 3);
  CHECK(leading_columns(all, lines{"t", "x", "id"}) == 1);
  CHECK(leading_columns(all, lines{"x", "t"}) == 0);
  CHECK(
      leading_columns(
          {"", "", {"lower((name)::text)", "a + b"}}, lines{"lower((name)::text)", "((a + b))"}
      ) == 2
  );
}

TEST_CASE("MariaDB: access, columns, sorting") {
  const auto plan = [](const std::string& body) {
    return lines{"{", "  \"query_block\": {", "    \"select_id\": 1,", body, "    }", "  }", "}"};
  };
  CHECK(mariadb_objection(plan(R"(  "used_key_parts": ["tenant", "t", "id"],)"), 3).empty());
  const std::string few = mariadb_objection(plan(R"(  "used_key_parts": ["tenant"],)"), 3);
  CHECK(says(few, "\"tenant\""));
  CHECK(says(few, "it seeks by 1 of 3 columns"));
  CHECK(says(mariadb_objection(plan(R"(  "used_key_parts": ["a\"\\", "b"],)"), 3), "by 2 of 3"));
  CHECK(says(mariadb_objection(plan(R"(  "access_type": "ALL",)"), 1), "it reads all there is"));
  CHECK(says(mariadb_objection(plan(R"(  "access_type": "index",)"), 1), "it reads all there is"));
  CHECK(mariadb_objection(plan(R"(  "access_type": "index",)"), 0).empty());
  CHECK(says(mariadb_objection(plan(R"(  "filesort": {)"), 0), "it sorts"));
  CHECK(says(mariadb_objection(plan(R"(  "using_filesort": true,)"), 0), "it sorts"));
  CHECK(mariadb_objection(plan(R"(  "using_filesort": false,)"), 0).empty());
  CHECK(says(mariadb_objection(plan(R"(  "temporary_table": {)"), 0), "temporary table"));
  CHECK(says(mariadb_objection(plan(R"(  "rowid_filter": {)"), 0), "it gathers all"));
  CHECK(says(mariadb_objection(plan(R"(  "access_type": "index_merge",)"), 0), "it gathers all"));
  CHECK(mariadb_objection(plan(R"(  "message": "Impossible WHERE")"), 3).empty());
  // Words inside a condition are no members.
  CHECK(mariadb_objection(plan(R"(  "attached_condition": "p.x = '\"filesort\": {'")"), 0).empty());
}

TEST_CASE("MariaDB: how much of a key is compared") {
  const lines plan{
      R"(  "access_type": "ref",)",
      R"(  "key": "mix",)",
      R"(  "key_length": "12",)",
      R"(  "used_key_parts": ["t"],)",
      R"(  "ref": ["const", "const"],)"};
  const key_use use = mariadb_key_use(plan);
  CHECK(use.key == "mix");
  CHECK(use.length == 12);
  CHECK(use.constants == 2);
  CHECK_FALSE(mariadb_objection(plan, 2).empty());
  CHECK(mariadb_objection(plan, 2, 2).empty());
  CHECK(mariadb_key_use(lines{R"(  "access_type": "ALL")"}).key.empty());
}

TEST_CASE("MySQL: a line for each string of an array") {
  const lines plan{
      R"(  "nested_loop": [)",
      R"(    {)",
      R"(      "access_type": "range",)",
      R"(      "key": "mix",)",
      R"(      "used_key_parts": [)",
      R"(        "t",)",
      R"(        "id")",
      R"(      ],)",
      R"(      "key_length": "12",)",
      R"(      "rows_examined_per_scan": 77,)",
      R"(      "using_index": true,)",
      R"(    })",
      R"(  ])"};
  CHECK(mariadb_objection(plan, 2).empty());
  CHECK(says(mariadb_objection(plan, 3), R"("used_key_parts": ["t","id"]": it seeks by 2 of 3)"));
  const key_use use = mariadb_key_use(plan);
  CHECK(use.key == "mix");
  CHECK(use.length == 12);
  CHECK(use.rows == 77);
  CHECK(use.covers);
  const key_use merged = mariadb_key_use(lines{
      R"(  "access_type": "index_merge",)",
      R"x(  "key": "intersect(b,PRIMARY)",)x",
      R"(  "rows_examined_per_scan": 5)"});
  CHECK(merged.key.empty());
  CHECK(merged.rows == 5);
  CHECK_FALSE(merged.covers);
  // A plan that was cut off.
  CHECK(mariadb_key_use(lines{R"(  "ref": [)", R"(    "const",)"}).constants == 1);
}

TEST_CASE("examples have the type the column has") {
  const auto kind = [](const char* type) {
    const auto v = example_of_type(type, 1);
    return v ? v->kind() : sql::value_kind::null;
  };
  for (const char* t : {"integer", "bigint", "smallint", "tinyint", "oid", "boolean", "year"}) {
    CHECK(kind(t) == sql::value_kind::int64);
  }
  for (const char* t : {"timestamp with time zone", "timestamp", "datetime"}) {
    CHECK(kind(t) == sql::value_kind::timestamp);
  }
  for (const char* t : {"character varying", "text", "varchar", "longtext", "uuid", "date"}) {
    CHECK(kind(t) == sql::value_kind::text);
  }
  CHECK(kind("numeric") == sql::value_kind::decimal);
  CHECK(kind("double precision") == sql::value_kind::float64);
  CHECK(kind("varbinary") == sql::value_kind::blob);
  for (const char* t : {"", "mood", "interval", "point", "integer[]"}) {
    CHECK(kind(t) == sql::value_kind::null);
  }
  for (const char* t :
       {"integer", "uuid", "date", "text", "bytea", "numeric", "real", "timestamp"}) {
    CHECK_FALSE(*example_of_type(t, 0) == *example_of_type(t, 1));
  }
}
