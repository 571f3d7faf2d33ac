// SPDX-License-Identifier: BSL-1.0
// The exact text of the statements, for all dialects.
#include <scalekit/keyset/compiler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using scalekit::errc;
namespace keyset = scalekit::keyset;
namespace sql = scalekit::sql;
using keyset::direction;
using keyset::nullability;
using keyset::nulls;
using sql::dialect;

namespace {

enum class form { segments, single };

struct expectation {
  const char* what;
  dialect d;
  keyset::order by;
  std::vector<sql::value> after;
  std::vector<sql::value> up_to;
  form shape;
  std::vector<std::string> texts;
};

keyset::order make(std::vector<keyset::order_column> columns, keyset::unique_key key) {
  auto out = keyset::order::make(std::move(columns), key);
  REQUIRE(out);
  return *out;
}

const keyset::unique_key rowid{.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid};
const keyset::unique_key plain{.columns = {"id"}};

keyset::order time_then(const keyset::unique_key& key, direction d = direction::ascending) {
  return make({{.name = "t", .direction = d, .nullability = nullability::not_null}}, key);
}
keyset::order score(direction d, nulls n) {
  return make({{.name = "s", .direction = d, .nulls = n}}, plain);
}

const keyset::source bare{.table = "p", .columns = {"t"}};

keyset::order mixed() {
  return make(
      {{.name = "t", .nullability = nullability::not_null},
       {.name = "id", .direction = direction::descending}},
      plain
  );
}
keyset::order two(direction d, nulls n) {
  return make(
      {{.name = "a", .nullability = nullability::not_null},
       {.name = "s", .direction = d, .nulls = n}},
      plain
  );
}

std::vector<std::string> texts_of(const expectation& e, const keyset::source& from) {
  auto c = keyset::compiler::make(e.d, from, e.by);
  REQUIRE(c);
  const keyset::key_range range{.after = e.after, .up_to = e.up_to, .limit = 3};
  std::vector<std::string> out;
  if (e.shape == form::single) {
    auto s = c->single_statement(range);
    REQUIRE(s);
    REQUIRE(s->has_value());
    out.push_back((*s)->sql);
    return out;
  }
  auto all = c->statements(range);
  REQUIRE(all);
  for (const auto& s : *all) {
    CHECK(s.has_limit);
    CHECK(s.params.back() == sql::value(3));
    out.push_back(s.sql);
  }
  return out;
}

void check(const std::vector<expectation>& table, const keyset::source& from) {
  for (const expectation& e : table) {
    INFO(e.what);
    const auto got = texts_of(e, from);
    CHECK(got.size() == e.texts.size());
    for (std::size_t i = 0; i < std::min(got.size(), e.texts.size()); ++i) {
      CHECK(got[i] == e.texts[i]);
    }
  }
}

}  // namespace

TEST_CASE("every dialect has its own spelling") {
  const std::vector<expectation> table{
      {"first page",
       dialect::sqlite,
       time_then(rowid),
       {},
       {},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" ORDER BY "t", "id" LIMIT ?1)"}},
      {"a rowid tie-breaker is never in a row-value",
       dialect::sqlite,
       time_then(rowid),
       {1, 2},
       {},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE "t" = ?1 AND "id" > ?2 ORDER BY "id" LIMIT ?3)",
        R"(SELECT "t", "id" FROM "p" WHERE "t" > ?1 ORDER BY "t", "id" LIMIT ?2)"}},
      {"row-value where all of it is sought",
       dialect::sqlite,
       time_then(plain),
       {1, 2},
       {},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE ("t", "id") > (?1, ?2) ORDER BY "t", "id" LIMIT ?3)"}},
      {"row-value with an end",
       dialect::sqlite,
       time_then(plain, direction::descending),
       {1, 2},
       {0, 9},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE ("t", "id") < (?1, ?2) AND ("t", "id") >= (?3, ?4) ORDER BY "t" DESC, "id" DESC LIMIT ?5)"}},
      {"an end in another tie",
       dialect::sqlite,
       time_then(rowid),
       {1, 2},
       {5, 9},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE "t" = ?1 AND "id" > ?2 AND ("t" < ?3 OR ("t" = ?3 AND "id" <= ?4)) ORDER BY "id" LIMIT ?5)",
        R"(SELECT "t", "id" FROM "p" WHERE "t" > ?1 AND "t" <= ?2 AND ("t" < ?2 OR ("t" = ?2 AND "id" <= ?3)) ORDER BY "t", "id" LIMIT ?4)"}},
      {"an end in the same tie",
       dialect::sqlite,
       time_then(rowid),
       {1, 2},
       {1, 9},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE "t" = ?1 AND "id" > ?2 AND "id" <= ?3 ORDER BY "id" LIMIT ?4)"}},
      {"only an end",
       dialect::sqlite,
       time_then(rowid),
       {},
       {5, 9},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE "t" <= ?1 AND ("t" < ?1 OR ("t" = ?1 AND "id" <= ?2)) ORDER BY "t", "id" LIMIT ?3)"}},
      {"PostgreSQL row-value",
       dialect::postgres,
       time_then(rowid),
       {1, 2},
       {},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE ("t", "id") > ($1, $2) ORDER BY "t", "id" LIMIT $3)"}},
      {"PostgreSQL row-value is the single statement too",
       dialect::postgres,
       time_then(plain),
       {1, 2},
       {},
       form::single,
       {R"(SELECT "t", "id" FROM "p" WHERE ("t", "id") > ($1, $2) ORDER BY "t", "id" LIMIT $3)"}},
      {"MariaDB never compares row-values",
       dialect::mariadb,
       time_then(plain),
       {1, 2},
       {},
       form::segments,
       {R"(SELECT `t`, `id` FROM `p` WHERE `t` >= ? AND `t` <= ? AND `id` > ? ORDER BY `t`, `id` LIMIT ?)",
        R"(SELECT `t`, `id` FROM `p` WHERE `t` > ? ORDER BY `t`, `id` LIMIT ?)"}},
      {"MySQL in one round trip",
       dialect::mysql,
       time_then(plain),
       {1, 2},
       {},
       form::single,
       {R"(SELECT c1, c2 FROM ((SELECT `t` AS c1, `id` AS c2 FROM `p` WHERE `t` >= ? AND `t` <= ? AND `id` > ? ORDER BY `t`, `id` LIMIT ?) UNION ALL (SELECT `t` AS c1, `id` AS c2 FROM `p` WHERE `t` > ? ORDER BY `t`, `id` LIMIT ?)) AS segments ORDER BY c1, c2 LIMIT ?)"}},
      {"mixed directions",
       dialect::postgres,
       mixed(),
       {1, 2},
       {},
       form::segments,
       {R"(SELECT "t", "id" FROM "p" WHERE "t" = $1 AND "id" < $2 ORDER BY "id" DESC LIMIT $3)",
        R"(SELECT "t", "id" FROM "p" WHERE "t" > $1 ORDER BY "t", "id" DESC LIMIT $2)"}},
      {"NULL block first, by default",
       dialect::sqlite,
       score(direction::ascending, nulls::database_default),
       {nullptr, 2},
       {},
       form::segments,
       {R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NULL AND "id" > ?1 ORDER BY "id" LIMIT ?2)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NOT NULL ORDER BY "s", "id" LIMIT ?1)"}},
      {"NULL block last, by default",
       dialect::sqlite,
       score(direction::descending, nulls::database_default),
       {5, 2},
       {},
       form::segments,
       {R"(SELECT "t", "s", "id" FROM "p" WHERE "s" = ?1 AND "id" < ?2 ORDER BY "id" DESC LIMIT ?3)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" < ?1 ORDER BY "s" DESC, "id" DESC LIMIT ?2)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NULL ORDER BY "id" DESC LIMIT ?1)"}},
      {"PostgreSQL's default is the other way",
       dialect::postgres,
       score(direction::descending, nulls::database_default),
       {nullptr, 2},
       {},
       form::segments,
       {R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NULL AND "id" < $1 ORDER BY "s" DESC, "id" DESC LIMIT $2)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NOT NULL ORDER BY "s" DESC, "id" DESC LIMIT $1)"}},
      {"a default spelled out is no reason to split",
       dialect::mariadb,
       score(direction::ascending, nulls::first),
       {},
       {},
       form::segments,
       {R"(SELECT `t`, `s`, `id` FROM `p` ORDER BY `s`, `id` LIMIT ?)"}},
      {"a first page with NULLs last",
       dialect::mariadb,
       score(direction::ascending, nulls::last),
       {},
       {},
       form::segments,
       {R"(SELECT `t`, `s`, `id` FROM `p` WHERE `s` IS NOT NULL ORDER BY `s`, `id` LIMIT ?)",
        R"(SELECT `t`, `s`, `id` FROM `p` WHERE (`s` IS NULL OR `s` < NULL) ORDER BY `s`, `id` LIMIT ?)"}},
      {"the same on SQLite",
       dialect::sqlite,
       score(direction::ascending, nulls::last),
       {},
       {},
       form::segments,
       {R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NOT NULL ORDER BY "s", "id" LIMIT ?1)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NULL ORDER BY "id" LIMIT ?1)"}},
      {"NULLs last in one statement",
       dialect::mariadb,
       score(direction::ascending, nulls::last),
       {},
       {},
       form::single,
       {R"(SELECT c1, c2, c3 FROM ((SELECT `t` AS c1, `s` AS c2, `id` AS c3 FROM `p` WHERE `s` IS NOT NULL ORDER BY `s`, `id` LIMIT ?) UNION ALL (SELECT `t` AS c1, `s` AS c2, `id` AS c3 FROM `p` WHERE (`s` IS NULL OR `s` < NULL) ORDER BY `s`, `id` LIMIT ?)) AS segments ORDER BY c2 IS NULL, c2, c3 LIMIT ?)"}},
      {"numbered parameters are shared between branches",
       dialect::postgres,
       score(direction::descending, nulls::last),
       {1, 2},
       {},
       form::single,
       {R"(SELECT c1, c2, c3 FROM ((SELECT "t" AS c1, "s" AS c2, "id" AS c3 FROM "p" WHERE "s" = $1 AND "id" < $2 ORDER BY "id" DESC LIMIT $3) UNION ALL (SELECT "t" AS c1, "s" AS c2, "id" AS c3 FROM "p" WHERE "s" < $1 ORDER BY "s" DESC, "id" DESC LIMIT $3) UNION ALL (SELECT "t" AS c1, "s" AS c2, "id" AS c3 FROM "p" WHERE "s" IS NULL ORDER BY "s" DESC, "id" DESC LIMIT $3)) AS segments ORDER BY c2 DESC NULLS LAST, c3 DESC LIMIT $3)"}},
      {"an end in the NULL block",
       dialect::sqlite,
       score(direction::ascending, nulls::last),
       {5, 2},
       {nullptr, 9},
       form::segments,
       {R"(SELECT "t", "s", "id" FROM "p" WHERE "s" = ?1 AND "id" > ?2 ORDER BY "id" LIMIT ?3)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" > ?1 ORDER BY "s", "id" LIMIT ?2)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NULL AND "id" <= ?1 ORDER BY "id" LIMIT ?2)"}},
      {"an end among the values",
       dialect::sqlite,
       score(direction::ascending, nulls::database_default),
       {nullptr, 2},
       {7, 9},
       form::segments,
       {R"(SELECT "t", "s", "id" FROM "p" WHERE "s" IS NULL AND "id" > ?1 ORDER BY "id" LIMIT ?2)",
        R"(SELECT "t", "s", "id" FROM "p" WHERE "s" <= ?1 AND ("s" IS NULL OR "s" < ?1 OR ("s" = ?1 AND "id" <= ?2)) ORDER BY "s", "id" LIMIT ?3)"}},
      {"NULLs placed behind another column, MariaDB",
       dialect::mariadb,
       two(direction::descending, nulls::first),
       {1, 2, 3},
       {},
       form::segments,
       {R"(SELECT `t`, `a`, `s`, `id` FROM `p` WHERE `a` >= ? AND `a` <= ? AND `s` >= ? AND `s` <= ? AND `id` < ? ORDER BY `a`, `s` DESC, `id` DESC LIMIT ?)",
        R"(SELECT `t`, `a`, `s`, `id` FROM `p` WHERE `a` >= ? AND `a` <= ? AND `s` < ? ORDER BY `a`, `s` DESC, `id` DESC LIMIT ?)",
        R"(SELECT `t`, `a`, `s`, `id` FROM `p` WHERE `a` > ? ORDER BY `a`, `s` IS NOT NULL, `s` DESC, `id` DESC LIMIT ?)"}},
      {"NULLs placed behind another column, PostgreSQL",
       dialect::postgres,
       two(direction::ascending, nulls::first),
       {1, nullptr, 3},
       {},
       form::segments,
       {R"(SELECT "t", "a", "s", "id" FROM "p" WHERE "a" = $1 AND "s" IS NULL AND "id" > $2 ORDER BY "s", "id" LIMIT $3)",
        R"(SELECT "t", "a", "s", "id" FROM "p" WHERE "a" = $1 AND "s" IS NOT NULL ORDER BY "s", "id" LIMIT $2)",
        R"(SELECT "t", "a", "s", "id" FROM "p" WHERE "a" > $1 ORDER BY "a", "s" NULLS FIRST, "id" LIMIT $2)"}},
  };
  check(table, bare);
}

TEST_CASE("quoted names, a tenant, filters, a horizon and hidden columns") {
  const keyset::source full{
      .table = "app.pay\"ment",
      .columns = {{"label", "upper(label)"}, "t"},
      .fixed = {{"tenant`", 7}},
      .where = {sql::fragment("x = ").param("y").sql(" OR z"), sql::fragment("w")},
      .until = keyset::horizon{"t", 99},
  };
  const std::vector<expectation> table{
      {"SQLite",
       dialect::sqlite,
       time_then(rowid),
       {1, 2},
       {},
       form::segments,
       {R"(SELECT (upper(label)), "t", "id" FROM "app"."pay""ment" WHERE "tenant`" = ?1 AND "t" = ?2 AND "id" > ?3 AND "t" < ?4 AND (x = ?5 OR z) AND (w) ORDER BY "id" LIMIT ?6)",
        R"(SELECT (upper(label)), "t", "id" FROM "app"."pay""ment" WHERE "tenant`" = ?1 AND "t" > ?2 AND "t" < ?3 AND (x = ?4 OR z) AND (w) ORDER BY "t", "id" LIMIT ?5)"}},
      {"MySQL",
       dialect::mysql,
       time_then(rowid),
       {},
       {},
       form::segments,
       {R"(SELECT (upper(label)), `t`, `id` FROM `app`.`pay"ment` WHERE `tenant``` >= ? AND `tenant``` <= ? AND `t` < ? AND (x = ? OR z) AND (w) ORDER BY `tenant```, `t`, `id` LIMIT ?)"}},
  };
  check(table, full);
  auto c = keyset::compiler::make(dialect::sqlite, full, time_then(rowid));
  REQUIRE(c);
  CHECK(c->visible_columns() == 2);
  CHECK(c->key_positions()[0] == 1);
  CHECK(c->key_positions()[1] == 2);
  CHECK(
      c->index_statement() ==
      R"(CREATE INDEX "ix_pay""ment_tenant`_t_id" ON "app"."pay""ment" ("tenant`", "t", "id"))"
  );
  auto all = c->statements({.after = std::vector<sql::value>{1, 2}, .limit = 5});
  REQUIRE(all);
  CHECK(all->front().params == std::vector<sql::value>{7, 1, 2, 99, "y", 5});
  CHECK(all->front().seek_columns == 3);
}

TEST_CASE("MySQL's index for mixed directions has the order's own, to be read from its front") {
  const keyset::source mine{.table = "p", .columns = {"id"}, .fixed = {{"tenant", 7}}};
  const auto index = [&](dialect d, keyset::direction of_time, keyset::direction of_id) {
    const auto by = keyset::order::make(
        {{.name = "t", .direction = of_time}, {.name = "id", .direction = of_id}},
        {.columns = {"id"}}
    );
    const std::string text = keyset::compiler::make(d, mine, *by)->index_statement();
    return text.substr(text.find('('));
  };
  constexpr auto up = keyset::direction::ascending;
  constexpr auto down = keyset::direction::descending;
  CHECK(index(dialect::mysql, up, down) == "(`tenant`, `t`, `id` DESC)");
  CHECK(index(dialect::mysql, down, up) == "(`tenant` DESC, `t` DESC, `id`)");
  CHECK(index(dialect::mysql, down, down) == "(`tenant`, `t`, `id`)");
  CHECK(index(dialect::mariadb, down, up) == "(`tenant`, `t`, `id` DESC)");
}

TEST_CASE("a page and what lies in front of it are one statement") {
  const std::vector<sql::value> key{1, 2};
  const auto page = [&](dialect d, const keyset::order& by, keyset::key_range::start from) {
    auto c = keyset::compiler::make(d, bare, by);
    REQUIRE(c);
    auto s = c->page_statement({.after = key, .from = from, .limit = 3});
    REQUIRE(s);
    CHECK_FALSE(s->has_limit);
    return *s;
  };
  const auto behind = keyset::key_range::start::exclusive;
  const auto at = keyset::key_range::start::inclusive;
  const auto pg = page(dialect::postgres, time_then(plain), behind);
  CHECK(
      pg.sql ==
      R"(SELECT c1, c2, beside FROM ((SELECT "t" AS c1, "id" AS c2, 0 AS beside FROM "p" WHERE ("t", "id") > ($1, $2) ORDER BY "t", "id" LIMIT $3) UNION ALL (SELECT "t" AS c1, "id" AS c2, 1 AS beside FROM "p" WHERE ("t", "id") <= ($1, $2) ORDER BY "t" DESC, "id" DESC LIMIT $4)) AS segments ORDER BY beside DESC, c1, c2 LIMIT $5)"
  );
  CHECK(pg.params == std::vector<sql::value>{1, 2, 3, 1, 4});
  const auto reload = page(dialect::postgres, time_then(plain), at);
  CHECK(reload.sql.find(R"(("t", "id") >= ($1, $2))") != std::string::npos);
  CHECK(reload.sql.find(R"(("t", "id") < ($1, $2))") != std::string::npos);
  const auto maria = page(dialect::mariadb, time_then(plain), behind);
  CHECK(
      maria.sql ==
      R"(SELECT c1, c2, beside FROM ((SELECT `t` AS c1, `id` AS c2, 0 AS beside FROM `p` WHERE `t` >= ? AND `t` <= ? AND `id` > ? ORDER BY `t`, `id` LIMIT ?) UNION ALL (SELECT `t` AS c1, `id` AS c2, 0 AS beside FROM `p` WHERE `t` > ? ORDER BY `t`, `id` LIMIT ?) UNION ALL (SELECT `t` AS c1, `id` AS c2, 1 AS beside FROM `p` WHERE `t` >= ? AND `t` <= ? AND `id` <= ? ORDER BY `t` DESC, `id` DESC LIMIT ?) UNION ALL (SELECT `t` AS c1, `id` AS c2, 1 AS beside FROM `p` WHERE `t` < ? ORDER BY `t` DESC, `id` DESC LIMIT ?)) AS segments ORDER BY beside DESC, c1, c2 LIMIT ?)"
  );
  CHECK(maria.params == std::vector<sql::value>{1, 1, 2, 3, 1, 3, 1, 1, 2, 1, 1, 1, 5});

  auto c = keyset::compiler::make(dialect::postgres, bare, time_then(plain));
  REQUIRE(c);
  CHECK(c->page_statement({.limit = 3}).error().code() == errc::invalid_argument);
  CHECK(c->page_statement({.after = key}).error().code() == errc::invalid_argument);
  auto lite = keyset::compiler::make(dialect::sqlite, bare, time_then(plain));
  CHECK(lite->page_statement({.after = key, .limit = 3}).error().code() == errc::not_supported);
}

TEST_CASE("parameters of a join and of repeated branches stand where they are used") {
  const keyset::source join{
      .from = sql::fragment("p JOIN q ON q.p = p.id AND q.kind = ").param("k"),
      .columns = {"p.id"},
      .fixed = {{"p.tenant", 7}},
  };
  auto by = make({{.name = "q.s", .nulls = nulls::last}}, {.columns = {"p.id"}});
  auto maria = keyset::compiler::make(dialect::mariadb, join, by);
  REQUIRE(maria);
  auto s = maria->single_statement({.after = std::vector<sql::value>{5, 6}, .limit = 2});
  REQUIRE(s);
  CHECK(
      (*s)->params ==
      std::vector<sql::value>{"k", 7, 7, 5, 5, 6, 2, "k", 7, 7, 5, 2, "k", 7, 7, 2, 2}
  );
  auto postgres = keyset::compiler::make(dialect::postgres, join, by.reversed());
  REQUIRE(postgres);
  auto p = postgres->single_statement({.after = std::vector<sql::value>{5, 6}, .limit = 2});
  REQUIRE(p);
  CHECK((*p)->params == std::vector<sql::value>{"k", 7, 5, 6, 2});
}

TEST_CASE("what cannot be spelled is refused") {
  const auto by = time_then(plain);
  CHECK(keyset::compiler::make(dialect::sqlite, {}, by).error().code() == errc::invalid_argument);
  keyset::source both{.table = "p", .from = sql::fragment("q")};
  CHECK(keyset::compiler::make(dialect::sqlite, both, by).error().code() == errc::invalid_argument);
  keyset::source tenantless{.table = "p", .fixed = {{"tenant", nullptr}}};
  CHECK(!keyset::compiler::make(dialect::sqlite, tenantless, by));
  keyset::source nameless{.table = "p", .columns = {""}};
  CHECK(!keyset::compiler::make(dialect::sqlite, nameless, by));
  auto c = keyset::compiler::make(dialect::sqlite, bare, by);
  REQUIRE(c);
  CHECK(c->statements({.limit = 0}).error().code() == errc::invalid_argument);
  CHECK(
      c->statements({.after = std::vector<sql::value>{1}}).error().code() == errc::invalid_argument
  );
  CHECK(c->single_statement({.limit = 1}).error().code() == errc::not_supported);
  auto m = keyset::compiler::make(dialect::mysql, bare, by);
  REQUIRE(m);
  CHECK(m->single_statement({}).error().code() == errc::invalid_argument);
  CHECK(m->single_statement({.limit = 1})->has_value());
}

TEST_CASE("a range the keys show to be empty has no statement") {
  const auto by = score(direction::ascending, nulls::first);
  auto c = keyset::compiler::make(dialect::mysql, bare, by);
  REQUIRE(c);
  const std::vector<sql::value> value{1, 1};
  const std::vector<sql::value> null{nullptr, 1};
  CHECK(c->statements({.after = value, .up_to = null, .limit = 1})->empty());
  CHECK(!c->single_statement({.after = value, .up_to = null, .limit = 1})->has_value());
}
