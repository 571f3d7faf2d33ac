// SPDX-License-Identifier: BSL-1.0
// Random batches beside a std::map: every count and every row must be what the map says.
#include "database.hpp"
#include "plain_connection.hpp"

#include <scalekit/sql/canonical.hpp>

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

using namespace scalekit;
using namespace upsert_test;
using sql::duplicate_policy;
using sql::on_conflict;
using sql::upsert_role;
using sql::value;
using sql::value_view;

namespace {

struct shape {
  std::string name;
  std::vector<std::string> key_types;
  std::vector<value> (*key)(std::mt19937&);
};

constexpr int key_pool = 60;

std::int64_t below(std::mt19937& random, int n) {
  return static_cast<std::int64_t>(random() % static_cast<unsigned>(n));
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "a", "B", "\t", "\n", "\r", "\\", "\\N", "'", "\"", "`", "ü", "😀", " ", "NULL", "\\.", ","};
  std::string text;
  for (auto n = random() % 5; n != 0; --n) text += pieces[random() % pieces.size()];
  return text;
}

const std::vector<shape>& shapes() {
  static const auto t = types();
  static const std::vector<shape> all = {
      {"int",
       {t.integer},
       [](std::mt19937& r) { return std::vector<value>{below(r, key_pool) - 30}; }},
      {"text",
       {t.text},
       [](std::mt19937& r) {
         // No trailing blanks, which MariaDB's collations ignore.
         return std::vector<value>{std::string("k\\\t'") + std::to_string(below(r, key_pool))};
       }},
      {"composite",
       {t.text, t.integer},
       [](std::mt19937& r) {
         return std::vector<value>{
             std::string(1, static_cast<char>('a' + below(r, 6))), below(r, 10)};
       }},
      {"decimal",
       {t.decimal},
       [](std::mt19937& r) {
         const std::string text = std::to_string(below(r, key_pool)) + ".0000000001";
         return std::vector<value>{value_view::decimal(text)};
       }},
      {"timestamp",
       {t.timestamp},
       [](std::mt19937& r) {
         const std::int64_t us = 1714979289000000 + below(r, key_pool);
         return std::vector<value>{system_time(std::chrono::microseconds(us))};
       }},
      {"blob",
       {t.blob},
       [](std::mt19937& r) {
         const bytes key = {std::byte{0}, static_cast<std::byte>(below(r, key_pool) + 190)};
         return std::vector<value>{key};
       }},
  };
  return all;
}

// As the table gives it back.
value stored(sql::dialect d, const value& v) {
  if (d != sql::dialect::sqlite) return v;
  if (v.kind() == sql::value_kind::decimal) return value_view(v.view().as_text());
  if (v.kind() == sql::value_kind::timestamp) return v.view().as_int64();
  return v;
}

std::string canonical(const row& values) {
  std::string out;
  for (const value& v : values) sql::append_canonical(out, v);
  return out;
}

// Rows by key. The columns behind the key: text and number, which are updated, and one that is not.
class model {
 public:
  model(on_conflict what, duplicate_policy policy, std::size_t keys)
      : what_(what), policy_(policy), keys_(keys) {}

  sql::upsert_counts write(const std::vector<row>& batch) {
    std::map<std::string, row> folded;
    for (const row& r : batch) {
      const std::string key = key_of(r);
      if (policy_ == duplicate_policy::last_wins) {
        folded.insert_or_assign(key, r);
      } else {
        folded.emplace(key, r);
      }
    }
    sql::upsert_counts counts{.folded = batch.size() - folded.size()};
    for (const auto& [key, r] : folded) count(key, r, counts);
    return counts;
  }

  // Sorted, whatever the order of the database.
  [[nodiscard]] std::vector<std::string> rows(sql::dialect d) const {
    std::vector<std::string> all;
    for (const auto& [key, r] : table_) {
      row as_stored;
      for (const value& v : r) as_stored.push_back(stored(d, v));
      all.push_back(canonical(as_stored));
    }
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  [[nodiscard]] std::string key_of(const row& r) const {
    return canonical(row(r.begin(), r.begin() + static_cast<std::ptrdiff_t>(keys_)));
  }
  void count(const std::string& key, const row& r, sql::upsert_counts& counts) {
    const auto [at, fresh] = table_.emplace(key, r);
    if (fresh) {
      ++counts.inserted;
      return;
    }
    row& old = at->second;
    const bool differs = !(old[keys_] == r[keys_]) || !(old[keys_ + 1] == r[keys_ + 1]);
    const bool writes =
        what_ == on_conflict::update || (what_ == on_conflict::update_distinct && differs);
    ++(writes ? counts.updated : counts.unchanged);
    if (!writes) return;
    old[keys_] = r[keys_];
    old[keys_ + 1] = r[keys_ + 1];
  }

  on_conflict what_;
  duplicate_policy policy_;
  std::size_t keys_;
  std::map<std::string, row> table_;
};

row random_row(const shape& s, std::mt19937& random) {
  row r = s.key(random);
  r.push_back(random() % 4 == 0 ? value() : value(random_text(random)));
  r.push_back(random() % 4 == 0 ? value() : value(below(random, 3)));
  r.push_back(below(random, 1000));
  return r;
}

void check_shape(sql::connection& db, const shape& s, on_conflict what, duplicate_policy policy) {
  CAPTURE(s.name);
  CAPTURE(static_cast<int>(what));
  CAPTURE(static_cast<int>(policy));
  // A table of its own: the server's prepared statements keep the types of their parameters.
  const std::string table = "model_" + s.name;
  sql::upsert_options options{.table = table, .on_conflict = what, .duplicates = policy};
  std::string columns;
  std::string key;
  for (std::size_t i = 0; i < s.key_types.size(); ++i) {
    const std::string name = "k" + std::to_string(i);
    options.columns.push_back({name, upsert_role::key});
    columns += name + " " + s.key_types[i] + " NOT NULL, ";
    key += (i > 0 ? ", " : "") + name;
  }
  options.columns.push_back({"v"});
  options.columns.push_back({"n"});
  options.columns.push_back({"made", upsert_role::insert_only});
  make_table(db, table, columns + "v TEXT, n BIGINT, made BIGINT, PRIMARY KEY (" + key + ")");
  const auto compiled = sql::upsert::make(db.dialect(), options).value();
  model expected(what, policy, s.key_types.size());
  std::mt19937 random(static_cast<unsigned>(what) * 7 + static_cast<unsigned>(policy));
  for (const std::size_t size : {1U, 3U, 20U, 31U, 32U, 90U, 200U, 40U}) {
    std::vector<row> batch;
    std::vector<value_view> values;
    for (std::size_t i = 0; i < size; ++i) batch.push_back(random_row(s, random));
    for (const row& r : batch) values.insert(values.end(), r.begin(), r.end());
    const auto done = compiled.run(db, values).value();
    const auto counts = expected.write(batch);
    CHECK(done.inserted == counts.inserted);
    CHECK(done.updated == counts.updated);
    CHECK(done.unchanged == counts.unchanged);
    CHECK(done.folded == counts.folded);
    std::vector<std::string> rows;
    for (const row& r : all_rows(db, "SELECT * FROM " + table)) rows.push_back(canonical(r));
    std::sort(rows.begin(), rows.end());
    CHECK(rows == expected.rows(db.dialect()));
  }
}

}  // namespace

TEST_CASE("what a map does, the database does, with the same counts") {
  for (const shape& s : shapes()) {
    const auto db = connect();
    for (const on_conflict what :
         {on_conflict::update_distinct, on_conflict::update, on_conflict::do_nothing}) {
      check_shape(*db, s, what, duplicate_policy::last_wins);
      check_shape(*db, s, what, duplicate_policy::first_wins);
    }
  }
}

TEST_CASE("over a host's own connection too") {
  const auto db = connect();
  plain_connection plain(*db);
  for (const shape& s : {shapes()[0], shapes()[2]}) {
    for (const on_conflict what :
         {on_conflict::update_distinct, on_conflict::update, on_conflict::do_nothing}) {
      check_shape(plain, s, what, duplicate_policy::last_wins);
    }
  }
}
