// SPDX-License-Identifier: BSL-1.0
// How long a page of 101 rows of the table `item` takes, by the spelling of the query: one JSON
// line per place and spelling. All spellings read the same pages in turn and must give the same
// rows.
//
//   bench_pages DB [PAGES]      (default 200)
#include "measure.hpp"
#include "page_cases.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/keyset/scan.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace keyset = scalekit::keyset;
namespace sql = scalekit::sql;
namespace sqlite = scalekit::sqlite;

constexpr std::int64_t page_rows = 101;
// What a spelling may take in all, at least five pages apart; the slow ones would take an hour.
constexpr double budget_seconds = 3.0;

/// A place in an order and the ways to spell a page there by hand.
struct place {
  std::string name;
  bench::page_order by;
  std::string order_by;
  std::string filter;                      // what `by` holds fixed
  std::string expanded;                    // the condition "behind the key" as an OR
  std::vector<std::size_t> expanded_keys;  // which part of the key each `?` of it takes
  std::string row_value;                   // the same as a row-value; empty: it would be wrong
  std::string first_rank;  // an SQL expression: pages begin between these two row numbers
  std::string last_rank;
};

/// Where one page begins.
struct cursor {
  std::int64_t rank = 0;
  std::vector<sql::value> key;
};

/// What reading a page by one spelling gave.
struct reading {
  std::int64_t rows = 0;
  std::uint64_t ids = 0;  // order counts
};

struct spelling {
  std::string name;
  std::function<reading(const cursor&)> read;
  std::vector<double> ms{};
  std::vector<double> cpu_ms{};
  std::uint64_t vm_steps = 0;
};

void note(reading& r, sql::value_view id) {
  ++r.rows;
  r.ids = r.ids * 1'000'003 + id.as_uint64();
}

std::int64_t number(sqlite::connection& db, const std::string& expression) {
  const auto rows = bench::must(db.query("SELECT " + expression));
  if (!bench::must(rows->next())) bench::fail(expression + ": no row");
  return rows->row()[0].as_int64();
}

std::vector<cursor> cursors_of(sqlite::connection& db, const place& p) {
  constexpr std::int64_t count = 20;
  const std::int64_t first = number(db, p.first_rank);
  const std::int64_t last = number(db, p.last_rank);
  std::vector<cursor> all;
  for (std::int64_t i = 0; i < count; ++i) {
    // Neither end, and 7 is prime to the count: neighbours in time are far apart in the table.
    const std::int64_t rank = first + (last - first) * (1 + i * 7 % count) / (count + 2);
    std::string columns;
    for (const auto& c : p.by.order.columns()) columns += (columns.empty() ? "" : ", ") + c.name;
    const auto rows = bench::must(db.query(fmt::format(
        "SELECT {} FROM item WHERE {} ORDER BY {} LIMIT 1 OFFSET {}",
        columns,
        p.filter,
        p.order_by,
        rank
    )));
    if (!bench::must(rows->next())) bench::fail(p.name + ": the table is too small");
    all.push_back({.rank = rank, .key = {rows->row().begin(), rows->row().end()}});
  }
  return all;
}

reading read_all(sqlite::connection& db, const std::string& text, sql::parameters params) {
  const auto rows = bench::must(db.query(text, params));
  reading r;
  while (bench::must(rows->next())) note(r, rows->row()[0]);
  return r;
}

spelling by_hand(
    sqlite::connection& db,
    const place& p,
    std::string name,
    const std::string& condition,
    std::vector<std::size_t> keys
) {
  std::string text = fmt::format(
      "SELECT id, tenant_id, created_at, score, payload FROM item WHERE {} AND ({}) ORDER BY {} "
      "LIMIT {}",
      p.filter,
      condition,
      p.order_by,
      page_rows
  );
  return {std::move(name), [&db, text = std::move(text), keys = std::move(keys)](const cursor& c) {
            std::vector<sql::value_view> params;
            for (const std::size_t k : keys) params.push_back(c.key[k]);
            return read_all(db, text, params);
          }};
}

spelling by_offset(sqlite::connection& db, const place& p) {
  std::string text = fmt::format(
      "SELECT id, tenant_id, created_at, score, payload FROM item WHERE {} ORDER BY {} LIMIT {} "
      "OFFSET ?",
      p.filter,
      p.order_by,
      page_rows
  );
  return {"OFFSET", [&db, text = std::move(text)](const cursor& c) {
            return read_all(db, text, {c.rank + 1});
          }};
}

spelling by_pager(sqlite::connection& db, const place& p) {
  return {"ours, pager", [&](const cursor& c) {
            const keyset::page page = bench::must(keyset::fetch(
                db,
                p.by.source,
                p.by.order,
                {.limit = page_rows, .from = keyset::place::after, .key = c.key}
            ));
            reading r;
            for (const keyset::page_row& row : page.rows) note(r, row.values[0]);
            return r;
          }};
}

spelling by_scan(sqlite::connection& db, const place& p) {
  return {"ours, scan", [&](const cursor& c) {
            auto scan = bench::must(keyset::scan::open(
                db, p.by.source, p.by.order, {.after = c.key, .page_rows = page_rows}
            ));
            reading r;
            while (r.rows < page_rows && bench::must(scan.next())) note(r, scan.row()[0]);
            return r;
          }};
}

std::vector<spelling> spellings_of(sqlite::connection& db, const place& p) {
  std::vector<spelling> all;
  all.push_back(by_offset(db, p));
  all.push_back(by_hand(db, p, "expanded OR", p.expanded, p.expanded_keys));
  if (!p.row_value.empty()) all.push_back(by_hand(db, p, "row-value", p.row_value, {0, 1}));
  all.push_back(by_scan(db, p));
  all.push_back(by_pager(db, p));
  return all;
}

void read_one(sqlite::connection& db, spelling& s, const cursor& c, const reading& expected) {
  const std::uint64_t steps_before = db.stats().work;
  const auto start = bench::steady::now();
  const double cpu_before = bench::cpu_seconds();
  const reading got = s.read(c);
  s.cpu_ms.push_back((bench::cpu_seconds() - cpu_before) * 1e3);
  s.ms.push_back(bench::seconds_since(start) * 1e3);
  s.vm_steps += db.stats().work - steps_before;
  if (got.rows != expected.rows || got.ids != expected.ids) {
    bench::fail(fmt::format("{}: gives other rows behind row number {}", s.name, c.rank));
  }
}

bool within_budget(const spelling& s) {
  double total = 0;
  for (const double ms : s.ms) total += ms;
  return s.ms.size() < 5 || total < budget_seconds * 1e3;
}

void measure(sqlite::connection& db, const place& p, std::size_t pages) {
  const std::vector<cursor> cursors = cursors_of(db, p);
  std::vector<spelling> all = spellings_of(db, p);
  std::vector<reading> expected;
  for (const cursor& c : cursors) expected.push_back(all.back().read(c));
  for (std::size_t i = 0; i < pages; ++i) {
    const std::size_t at = i % cursors.size();
    for (spelling& s : all) {
      if (within_budget(s)) read_one(db, s, cursors[at], expected[at]);
    }
  }
  for (const spelling& s : all) {
    const bench::spread ms = bench::spread_of(s.ms);
    fmt::print(
        R"({{"place": "{}", "spelling": "{}", "pages": {}, "p50_ms": {:.4f}, "p95_ms": {:.4f}, )"
        R"("max_ms": {:.4f}, "cpu_p95_ms": {:.4f}, "vm_steps": {}, "sqlite": "{}"}})"
        "\n",
        p.name,
        s.name,
        s.ms.size(),
        ms.p50,
        ms.p95,
        ms.max,
        bench::spread_of(s.cpu_ms).p95,
        s.vm_steps / s.ms.size(),
        sqlite::library_version()
    );
    std::fflush(stdout);
  }
}

std::vector<place> places(sqlite::connection& db) {
  const std::string all = "(SELECT count(*) FROM item)";
  const std::string tie = std::to_string(
      number(db, "created_at FROM item GROUP BY created_at ORDER BY count(*) DESC LIMIT 1")
  );
  const auto count = [](const std::string& where) {
    return "(SELECT count(*) FROM item WHERE " + where + ")";
  };
  const std::string whale = fmt::format("tenant_id = {}", bench::whale);
  const std::string after = "created_at > ? OR (created_at = ? AND id > ?)";
  const std::string mixed = "created_at < ? OR (created_at = ? AND id > ?)";
  const std::string row_value = "(created_at, id) > (?, ?)";
  return {
      {"deep",
       bench::oldest_first(),
       "created_at, id",
       "1",
       after,
       {0, 0, 1},
       row_value,
       all + " * 80 / 100",
       all + " * 95 / 100"},
      {"in the tie",
       bench::oldest_first(),
       "created_at, id",
       "1",
       after,
       {0, 0, 1},
       row_value,
       count("created_at < " + tie),
       count("created_at <= " + tie) + " - 200"},
      {"mixed directions, deep",
       bench::mixed_directions(),
       "created_at DESC, id",
       "1",
       mixed,
       {0, 0, 1},
       "",
       all + " * 80 / 100",
       all + " * 95 / 100"},
      {"mixed directions, in the tie",
       bench::mixed_directions(),
       "created_at DESC, id",
       "1",
       mixed,
       {0, 0, 1},
       "",
       count("created_at > " + tie),
       count("created_at >= " + tie) + " - 200"},
      {"nullable column, in the NULL block",
       bench::by_score(),
       "score, id",
       "1",
       "(score IS NULL AND id > ?) OR score IS NOT NULL",
       {1},
       "",
       count("score IS NULL") + " / 2",
       count("score IS NULL")},
      {"nullable column, deep",
       bench::by_score(),
       "score, id",
       "1",
       "score > ? OR (score = ? AND id > ?)",
       {0, 0, 1},
       "",
       all + " * 80 / 100",
       all + " * 95 / 100"},
      {"tenant prefix, deep",
       bench::one_tenant(),
       "created_at, id",
       whale,
       after,
       {0, 0, 1},
       row_value,
       count(whale) + " * 80 / 100",
       count(whale) + " * 95 / 100"},
  };
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t pages = 200;
  if (argc == 3) {
    const std::string_view digits = argv[2];
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), pages);
    if (end.ptr != digits.data() + digits.size()) pages = 0;
  }
  if (argc < 2 || argc > 3 || pages == 0) bench::fail("usage: bench_pages DB [PAGES]");
  const auto db =
      bench::must(sqlite::connection::open(argv[1], {.mode = sqlite::open_mode::read_only}));
  for (const place& p : places(*db)) measure(*db, p, pages);
}
