// SPDX-License-Identifier: BSL-1.0
#include "upsert_recorder.hpp"

#include <scalekit/sql/upsert.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <string>

using namespace scalekit;
using sql::dialect;
using sql::duplicate_policy;
using sql::on_conflict;
using sql::upsert_role;

namespace {

sql::upsert simple(
    dialect d,
    duplicate_policy policy = duplicate_policy::last_wins,
    on_conflict what = on_conflict::update
) {
  return sql::upsert::make(
             d,
             {.table = "t",
              .columns = {{"id", upsert_role::key}, {"v"}},
              .on_conflict = what,
              .duplicates = policy}
  )
      .value();
}

// The second column of the rows written, in their order.
std::string order_of(dialect d, const sql::upsert& u, sql::parameters values) {
  upsert_recorder db(d);
  CHECK(u.run(db, values).has_value());
  std::string order;
  for (const auto& row : db.written()) {
    // A statement of several rows has them side by side.
    for (std::size_t i = 1; i < row.size(); i += 2) {
      order += std::to_string(row[i].view().as_int64());
    }
  }
  return order;
}

std::string refusal(dialect d, sql::upsert_options options) {
  const auto made = sql::upsert::make(d, std::move(options));
  if (made) return "none";
  CHECK(made.error().code() == errc::invalid_argument);
  return made.error().message();
}

bool says(const std::string& message, std::string_view what) {
  return message.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("wrong options are named") {
  const sql::upsert_column key{"id", upsert_role::key};
  const auto d = dialect::sqlite;
  CHECK(says(refusal(d, {.columns = {key}}), "no table"));
  CHECK(says(refusal(d, {.table = "t"}), "no column is given"));
  CHECK(says(refusal(d, {.table = "t", .columns = {{"a"}}}), "role key"));
  CHECK(says(refusal(d, {.table = "t", .columns = {key, {"id"}}}), "\"id\" is given twice"));
  CHECK(says(refusal(d, {.table = "t", .columns = {key, {"ID"}}}), "\"ID\" is given twice"));
  CHECK(says(refusal(d, {.table = "t", .columns = {key, {""}}}), "a column: identifier"));
  CHECK(says(refusal(d, {.table = "t..x", .columns = {key}}), "the name is empty"));
  CHECK(refusal(dialect::postgres, {.table = "t", .columns = {key, {"ID"}}}) == "none");
  for (const auto& [which, most] :
       {std::pair(dialect::sqlite, 2000),
        std::pair(dialect::postgres, 1600),
        std::pair(dialect::mariadb, 4096)}) {
    sql::upsert_options wide{.table = "t", .columns = {key}};
    while (wide.columns.size() <= static_cast<std::size_t>(most)) {
      wide.columns.push_back({"c" + std::to_string(wide.columns.size())});
    }
    CHECK(says(refusal(which, wide), std::to_string(most) + " at most"));
    wide.columns.pop_back();
    CHECK(refusal(which, wide) == "none");
  }
}

TEST_CASE("what cannot be written is refused before anything is sent") {
  upsert_recorder db(dialect::sqlite);
  const auto refused = [&](const sql::upsert& u, sql::parameters values) {
    const auto done = u.run(db, values);
    CHECK(done.error().code() == errc::invalid_argument);
    return done.error().message();
  };
  const auto u = simple(dialect::sqlite);
  CHECK(says(refused(u, {1}), "1 values are not whole rows of 2"));
  CHECK(says(refused(u, {1, 2, nullptr, 3}), "row 1: the key column \"id\" is NULL"));
  CHECK(says(refused(simple(dialect::postgres), {1, 2}), "the connection is one of sqlite"));
  const auto strict = simple(dialect::sqlite, duplicate_policy::reject);
  CHECK(says(refused(strict, {1, 0, 5, 0, 3, 0, 5, 0, 1, 0}), "rows 1 and 3 have the same key"));
  CHECK(u.run(db, {}).value() == sql::upsert_counts{});
  CHECK(db.history().find("INSERT") == std::string::npos);
  CHECK_FALSE(db.in_transaction());
}

TEST_CASE("rows are sorted by key, and one of each key is written") {
  for (const dialect d : {dialect::sqlite, dialect::mariadb}) {
    const auto last = simple(d);
    const auto first = simple(d, duplicate_policy::first_wins);
    CHECK(order_of(d, last, {3, 1, 1, 2, 2, 3}) == "231");
    CHECK(order_of(d, last, {3, 1, 1, 2, 3, 3, 1, 4}) == "43");
    CHECK(order_of(d, first, {3, 1, 1, 2, 3, 3, 1, 4}) == "21");
    CHECK(order_of(d, last, {"b", 1, "a", 2, "b", 3}) == "23");
    // One number, whatever its kind; and the largest unsigned ones come last.
    CHECK(order_of(d, last, {sql::value_view::uint64(5), 1, 5, 2, UINT64_MAX, 3, -1, 4}) == "423");
    CHECK(order_of(d, last, {1.5, 1, 0.5, 2, 1.5, 3}) == "23");
  }
}

TEST_CASE("keys that a collation may hold for equal are written so that the same row wins") {
  const std::vector<sql::value_view> values = {"b", 1, "a", 2, "A ", 3, "a", 4, "A", 5};
  const auto written = [&](dialect d, duplicate_policy policy, on_conflict what) {
    return order_of(d, simple(d, policy, what), values);
  };
  for (const dialect d : {dialect::sqlite, dialect::mariadb}) {
    CHECK(written(d, duplicate_policy::last_wins, on_conflict::update) == "3451");
    CHECK(written(d, duplicate_policy::first_wins, on_conflict::update) == "5321");
    CHECK(written(d, duplicate_policy::last_wins, on_conflict::do_nothing) == "5431");
    CHECK(written(d, duplicate_policy::first_wins, on_conflict::do_nothing) == "2351");
  }
  // PostgreSQL refuses such keys, so there the order is the exact one.
  upsert_recorder db(dialect::postgres);
  const auto kept = simple(dialect::postgres, duplicate_policy::last_wins, on_conflict::do_nothing);
  CHECK(kept.run(db, {"a", 1, "A", 2}).has_value());
  CHECK(db.written().at(0).at(0) == sql::value("A"));
  const auto decimal = [](std::string_view text) { return sql::value_view::decimal(text); };
  const auto u = simple(dialect::mariadb);
  CHECK(
      order_of(dialect::mariadb, u, {decimal("1.50"), 1, decimal("1.5"), 2, decimal("01.5"), 3}) ==
      "123"
  );
}

TEST_CASE("what only MariaDB can hold for equal stays in the order of the batch") {
  const std::vector<sql::value_view> values = {"z", 1, "é", 2, "e", 3, "z", 4};
  const auto d = dialect::mariadb;
  CHECK(order_of(d, simple(d), values) == "234");
  CHECK(order_of(d, simple(d, duplicate_policy::first_wins), values) == "321");
  CHECK(order_of(dialect::sqlite, simple(dialect::sqlite), values) == "342");
}

TEST_CASE("keys that a column may convert to one stay in the order of the batch") {
  using row_values = std::vector<sql::value_view>;
  const auto decimal = sql::value_view::decimal("2");
  for (const dialect d : {dialect::sqlite, dialect::mariadb}) {
    for (const row_values& values :
         {row_values{"9", 1, "+9", 2, "1", 3},
          row_values{"1", 1, "01", 2, "001", 3},
          row_values{"9", 1, "x", 2, "1.0", 3},
          row_values{"9", 1, " 9", 2, "1", 3},
          row_values{"9", 1, "9e0", 2, "-1", 3},
          row_values{"99999999999999999999", 1, "99999999999999999998", 2, "1", 3},
          row_values{2, 1, "2", 2, 1, 3},
          row_values{2, 1, 2.0, 2, 1, 3},
          row_values{2, 1, decimal, 2, 1, 3}}) {
      CHECK(order_of(d, simple(d), values) == "123");
      CHECK(order_of(d, simple(d, duplicate_policy::first_wins), values) == "321");
    }
    // These are no two numbers in one, and are sorted as ever.
    for (const row_values& values :
         {row_values{"9", 1, "10", 2, "1", 3},
          row_values{"009", 1, "007", 2, "001", 3},
          row_values{"2024-05-06", 1, "1.2.4", 2, "-", 3},
          row_values{"z", 1, "e1", 2, "", 3}}) {
      CHECK(order_of(d, simple(d), values) != "123");
    }
    CHECK(order_of(d, simple(d), {0.5, 1, 0.0, 2, -0.0, 3}) == "231");
    CHECK(order_of(d, simple(d), {0.5, 1, -0.0, 2, 0.0, 3}) == "231");
  }
}

TEST_CASE("MariaDB's statements stay within parameters and bytes, by powers of two") {
  sql::upsert_options options{.table = "t", .columns = {{"id", upsert_role::key}}};
  for (int c = 0; c < 99; ++c) options.columns.push_back({"c" + std::to_string(c)});
  const auto u = sql::upsert::make(dialect::mariadb, options).value();
  const std::string large(300'000, 'x');
  const std::string huge(3'000'000, 'x');
  std::vector<sql::value_view> values;
  for (int i = 0; i < 3000; ++i) {
    values.push_back(i);
    values.push_back(
        i % 1000 == 999 ? std::string_view(large)
        : i == 1500     ? std::string_view(huge)
                        : ""
    );
    for (int c = 0; c < 98; ++c) values.push_back(c);
  }
  upsert_recorder db(dialect::mariadb);
  CHECK(u.run(db, values).has_value());
  std::size_t rows = 0;
  for (const auto& c : db.calls) {
    if (!c.text.starts_with("INSERT")) continue;
    const auto& all = c.rows.at(0);  // of one statement all rows are one here
    CHECK(all.size() <= 65'535);
    CHECK(std::has_single_bit(all.size() / 100));
    std::size_t bytes = 0;
    for (const auto& v : all) bytes += v.view().as_text().size() + 16;
    CHECK((bytes <= 512 * 1024 || all.size() == 100));
    rows += all.size() / 100;
  }
  CHECK(rows == 3000);
}

TEST_CASE("outside a transaction it has its own, inside one it does not") {
  for (const dialect d : {dialect::sqlite, dialect::postgres, dialect::mariadb}) {
    const auto u = simple(d);
    upsert_recorder alone(d);
    CHECK(u.run(alone, {1, 2}).has_value());
    CHECK(alone.calls.front().text == "BEGIN");
    CHECK(alone.calls.back().text == "COMMIT");
    upsert_recorder inside(d);
    CHECK(inside.begin({}).has_value());
    CHECK(u.run(inside, {1, 2}).has_value());
    CHECK(inside.in_transaction());
    CHECK(inside.history().find("COMMIT") == std::string::npos);
    upsert_recorder failing(d);
    failing.failing = d == dialect::postgres ? "WITH" : "INSERT";
    const auto failed = u.run(failing, {1, 2});
    CHECK(failed.error().code() == errc::conflict);
    CHECK(says(failed.error().message(), "row 0: failed as planned"));
    CHECK(failing.calls.back().text == "ROLLBACK");
    upsert_recorder uncommitted(d);
    uncommitted.failing = "COMMIT";
    CHECK_FALSE(u.run(uncommitted, {1, 2}));
  }
}

TEST_CASE("it is shared and copied freely") {
  const auto u = simple(dialect::sqlite);
  const sql::upsert copy = u;
  CHECK(copy.width() == 2);
}
