// SPDX-License-Identifier: BSL-1.0
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using scalekit::errc;
namespace keyset = scalekit::keyset;
namespace sql = scalekit::sql;
using keyset::direction;
using keyset::nullability;
using keyset::nulls;

namespace {

bool refused(std::vector<keyset::order_column> columns, const keyset::unique_key& key) {
  auto made = keyset::order::make(std::move(columns), key);
  return !made && made.error().code() == errc::invalid_argument;
}

}  // namespace

TEST_CASE("the unique key is appended in the last direction, or left where it stands") {
  auto o = keyset::order::make(
      {{.name = "t", .direction = direction::descending}}, {.columns = {"tenant", "id"}}
  );
  REQUIRE(o);
  REQUIRE(o->size() == 3);
  CHECK(o->columns()[1].name == "tenant");
  CHECK(o->columns()[2].name == "id");
  CHECK(o->columns()[2].direction == direction::descending);
  CHECK(o->columns()[2].nullability == nullability::not_null);
  CHECK_FALSE(o->has_single_column_key());

  auto given = keyset::order::make({{.name = "id"}, {.name = "t"}}, {.columns = {"id"}});
  REQUIRE(given);
  CHECK(given->size() == 1);  // nothing behind a unique key can matter
  CHECK(keyset::order::make({}, {.columns = {"id"}})->size() == 1);
}

TEST_CASE("an order that would lose rows is refused") {
  CHECK(refused({{.name = "t"}}, {}));
  CHECK(refused({{.name = "t"}}, {.columns = {"id"}, .nullability = nullability::nullable}));
  CHECK(refused({{.name = "t"}, {.name = "t"}}, {.columns = {"id"}}));
  CHECK(refused({{.name = ""}}, {.columns = {"id"}}));
  CHECK(refused({}, {.columns = {"id", "id"}}));
  CHECK(refused({}, {.columns = {"a", "b"}, .storage = keyset::key_storage::sqlite_rowid}));
}

TEST_CASE("turning an order round twice gives it back") {
  auto o = keyset::order::make(
      {{.name = "a", .nulls = nulls::first},
       {.name = "b", .direction = direction::descending, .nulls = nulls::last},
       {.name = "c"}},
      {.columns = {"id"}}
  );
  REQUIRE(o);
  const auto r = o->reversed();
  CHECK(r.columns()[0].nulls == nulls::last);
  CHECK(r.columns()[1].direction == direction::ascending);
  CHECK(r.columns()[2].nulls == nulls::database_default);
  CHECK(r.canonical() != o->canonical());
  CHECK(r.reversed().canonical() == o->canonical());
}

TEST_CASE("fingerprints tell orders and filters apart, and frames cannot be forged") {
  const auto text = [](std::vector<keyset::order_column> c) {
    return keyset::order::make(std::move(c), {.columns = {"id"}})->canonical();
  };
  CHECK(text({{.name = "ab"}, {.name = "c"}}) != text({{.name = "a"}, {.name = "bc"}}));
  CHECK(text({{.name = "a"}}) != text({{.name = "a", .expression = "lower(a)"}}));
  CHECK(text({{.name = "a"}}) != text({{.name = "a", .nulls = nulls::last}}));

  keyset::source s{.table = "p", .fixed = {{"tenant", 1}}};
  const auto base = s.canonical_filters();
  s.until = keyset::horizon{"t", 5};
  const auto with_horizon = s.canonical_filters();
  CHECK(with_horizon != base);
  s.until->before = 6;
  CHECK(s.canonical_filters() == with_horizon);
  s.columns = {"x"};
  CHECK(s.canonical_filters() == with_horizon);
  s.fixed[0].value = "1";
  CHECK(s.canonical_filters() != with_horizon);
  s.where = {sql::fragment("a"), sql::fragment("b")};
  const auto two = s.canonical_filters();
  s.where = {sql::fragment("ab")};
  CHECK(s.canonical_filters() != two);
}

TEST_CASE("a key must fit its order") {
  auto o = keyset::order::make(
      {{.name = "s", .kind = sql::value_kind::text},
       {.name = "t", .nullability = nullability::not_null, .kind = sql::value_kind::timestamp},
       {.name = "f"}},
      {.columns = {"id"}, .kind = sql::value_kind::int64}
  );
  REQUIRE(o);
  const auto fits = [&](std::vector<sql::value> key) {
    auto ok = o->check_key(key);
    if (!ok) CHECK(ok.error().code() == errc::invalid_argument);
    return ok.has_value();
  };
  CHECK(fits({"x", 5, 1.5, 7}));
  CHECK(fits({nullptr, scalekit::system_time{}, nullptr, 7}));
  CHECK_FALSE(fits({}));
  CHECK_FALSE(fits({"x", 5, 1.5}));
  CHECK_FALSE(fits({"x", 5, 1.5, 7, 8}));
  CHECK_FALSE(fits({1, 5, 1.5, 7}));
  CHECK_FALSE(fits({"x", nullptr, 1.5, 7}));
  CHECK_FALSE(fits({"x", 5, 1.5, nullptr}));
  CHECK_FALSE(fits({"x", 5, 1.5, "7"}));
  CHECK_FALSE(fits({"x", 5, std::numeric_limits<double>::quiet_NaN(), 7}));
}

TEST_CASE("the horizon stands behind the clock, rounded away from the present") {
  scalekit::testing::manual_clock now;
  const auto h = keyset::horizon_behind("t", now, std::chrono::nanoseconds(1'500));
  CHECK(h.column == "t");
  CHECK(h.before == sql::value(now.system_now() - std::chrono::microseconds(2)));
}
