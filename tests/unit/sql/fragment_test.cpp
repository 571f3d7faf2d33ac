// SPDX-License-Identifier: BSL-1.0
#include <scalekit/sql/fragment.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace sql = scalekit::sql;
using sql::dialect;
using sql::fragment;

namespace {

std::string rendered(const fragment& f, dialect d, std::size_t first = 1) {
  std::string out;
  f.render(out, d, first);
  return out;
}

std::string canonical(sql::value_view v) {
  std::string out;
  sql::append_canonical(out, v);
  return out;
}

}  // namespace

TEST_CASE("each dialect spells its placeholders") {
  const auto f = fragment("status = ").param("settled").sql(" AND amount > ").param(100);
  CHECK(rendered(f, dialect::sqlite) == "status = ?1 AND amount > ?2");
  CHECK(rendered(f, dialect::postgres, 9) == "status = $9 AND amount > $10");
  CHECK(rendered(f, dialect::mariadb) == "status = ? AND amount > ?");
  CHECK(rendered(f, dialect::mysql, 3) == "status = ? AND amount > ?");
  REQUIRE(f.params().size() == 2);
  CHECK(f.params()[0] == sql::value("settled"));
  CHECK(f.params()[1] == sql::value(100));
}

TEST_CASE("numbering goes on where the caller says, and appends to what is there") {
  std::string out = "SELECT 1 WHERE ";
  std::size_t next = fragment("a = ").param(1).render(out, dialect::postgres, 4);
  out += " AND ";
  next = fragment("b = ").param(2).sql(" OR c = ").param(3).render(out, dialect::postgres, next);
  CHECK(out == "SELECT 1 WHERE a = $4 AND b = $5 OR c = $6");
  CHECK(next == 7);
  CHECK(fragment("TRUE").render(out, dialect::postgres, next) == 7);
}

TEST_CASE("a value never becomes SQL, and a question mark in SQL stays one") {
  const std::string attack = "x' OR '1'='1; DROP TABLE t; --";
  const auto f = fragment("name = ").param(attack).sql(" AND note = 'really?'");
  for (const dialect d : {dialect::sqlite, dialect::postgres, dialect::mariadb, dialect::mysql}) {
    CHECK(rendered(f, d).find("DROP") == std::string::npos);
    CHECK(rendered(f, d).ends_with(" AND note = 'really?'"));
  }
  CHECK(f.params()[0] == sql::value(attack));
}

TEST_CASE("a placeholder does not run together with its neighbours") {
  // Unspaced these would be parameter 12, an identifier AND$1, and MySQL's ?x, which is no marker.
  CHECK(rendered(fragment().param(1).sql("2"), dialect::sqlite) == "?1 2");
  CHECK(rendered(fragment("AND").param(1), dialect::postgres) == "AND $1");
  CHECK(rendered(fragment().param(1).sql("x"), dialect::mysql) == "? x");
  CHECK(rendered(fragment().param(1).param(2), dialect::sqlite) == "?1 ?2");
  CHECK(rendered(fragment("(").param(1).sql(")"), dialect::postgres) == "($1)");
  std::string out = "LIMIT";
  fragment().param(1).render(out, dialect::sqlite, 3);
  CHECK(out == "LIMIT ?3");
}

TEST_CASE("fragments append, even to themselves") {
  auto f = fragment("a = ").param(1);
  f.append(fragment(" AND b = ").param(2)).append(fragment());
  CHECK(rendered(f, dialect::sqlite) == "a = ?1 AND b = ?2");
  f.append(f);
  CHECK(rendered(f, dialect::mysql) == "a = ? AND b = ? a = ? AND b = ?");
  CHECK(f.params().size() == 4);
  CHECK(f.params()[3] == sql::value(2));
}

TEST_CASE("emptiness is about text and parameters alike") {
  CHECK(fragment().empty());
  CHECK(fragment("").empty());
  CHECK(fragment().sql("").empty());
  CHECK(fragment().append(fragment()).empty());
  CHECK_FALSE(fragment("x").empty());
  CHECK_FALSE(fragment().param(nullptr).empty());
}

TEST_CASE("the canonical text depends on the content, not on how it was put together") {
  const auto whole = fragment("a = ").param(1).sql(" AND b");
  CHECK(whole.canonical() == fragment("a").sql(" = ").param(1).sql(" AND").sql(" b").canonical());
  CHECK(whole.canonical() == fragment().append(whole).canonical());
}

TEST_CASE("different fragments have different canonical texts") {
  const std::vector<fragment> all{
      fragment(),
      fragment("a"),
      fragment("ab"),
      fragment("?1"),
      fragment("p"),
      fragment("s"),
      fragment().param(1),
      fragment().param("1"),
      fragment().param(1).param(1),
      fragment().param(nullptr),
      fragment().param(nullptr).param(nullptr),
      fragment("a").param("b"),
      fragment("a").param("").sql("b"),
      fragment().param("a").sql("b"),
      fragment().param("ab"),
      fragment().param("a").param("b"),
      fragment().param("").param("ab"),
      fragment().param("ab").param(""),
      // The text a naive concatenation of the two pieces would give.
      fragment(fragment("a").param("b").canonical()),
      fragment(std::string_view("a\0", 2)),
  };
  std::set<std::string> seen;
  for (const auto& f : all) seen.insert(f.canonical());
  CHECK(seen.size() == all.size());
}

TEST_CASE("values of different kinds never share a canonical text") {
  const std::string nine = "9";
  const std::vector<sql::value_view> all{
      nullptr,
      0,
      1,
      -1,
      sql::value_view::uint64(0),
      sql::value_view::uint64(1),
      UINT64_MAX,
      scalekit::system_time(std::chrono::microseconds(1)),
      0.0,
      -0.0,
      1.0,
      std::numeric_limits<double>::quiet_NaN(),
      "",
      "9",
      "99",
      sql::value_view::decimal("9"),
      sql::value_view::decimal("9.0"),
      scalekit::as_bytes(nine),
      scalekit::bytes_view(),
  };
  std::set<std::string> seen;
  for (const auto& v : all) seen.insert(canonical(v));
  CHECK(seen.size() == all.size());
}
