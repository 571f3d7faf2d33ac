// SPDX-License-Identifier: BSL-1.0
// How long a page of 101 rows takes on SQLite, PostgreSQL and MariaDB, by the spelling of the
// query: one JSON line per database, place and spelling. Spellings of one place read the same pages
// and must give the same rows (OFFSET reads others, about as deep).
//
//   bench_pages_servers ROWS [PAGES [DATABASE]]      (default: 200 pages, all three)
#include "measure.hpp"
#include "page_cases.hpp"
#include "page_databases.hpp"

#include <scalekit/keyset/compiler.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/keyset/plan_gate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace keyset = scalekit::keyset;
namespace sql = scalekit::sql;

constexpr std::int64_t page_rows = 101;
// A spelling's share, and the fewest pages of it; the slow ones would take an hour.
constexpr double budget_ms = 2000;
constexpr std::size_t fewest_pages = 2;

/// Where one page begins.
struct cursor {
  std::vector<sql::value> key;
  std::int64_t rank = 0;  // about
};

/// A place in an order, and the ways to spell a page there by hand.
struct place {
  std::string name;
  bench::page_order by;
  std::string order_by;
  std::string fixed;           // in SQL, what `by` holds fixed
  bool has_row_value = false;  // where it gives right rows
  std::vector<cursor> cursors;
};

std::optional<cursor> row_at(
    sql::connection& db, const place& p, std::int64_t id, const std::string& condition
) {
  const std::string first = p.by.order.columns().front().name;
  const auto rows = bench::must(db.query(fmt::format(
      "SELECT {}, id FROM item WHERE id >= {} AND {} AND {} ORDER BY id LIMIT 1",
      first,
      id,
      p.fixed,
      condition
  )));
  std::optional<cursor> out;
  while (bench::must(rows->next())) {
    out = cursor{{rows->row().begin(), rows->row().end()}, 0};
  }
  return out;
}

/// Twenty rows whose ids lie between two, neighbours in time far apart; the rank of a row is
/// `scale` times its id, and some.
void choose(
    sql::connection& db,
    place& p,
    std::int64_t first,
    std::int64_t last,
    double scale,
    std::int64_t some = 0,
    const std::string& condition = "1 = 1"
) {
  constexpr std::int64_t count = 20;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t id = first + (last - first) * (1 + i * 7 % count) / (count + 2);
    auto c = row_at(db, p, id, condition);
    if (!c) bench::fail(p.name + ": the table is too small");
    c->rank = some + static_cast<std::int64_t>(scale * static_cast<double>(id));
    p.cursors.push_back(std::move(*c));
  }
}

std::vector<place> places(bench::page_database& on, std::int64_t rows) {
  sql::connection& db = on.db();
  const std::int64_t tie = bench::import_begin(rows);
  const std::int64_t tie_end = tie + std::min(bench::imported, rows * 2 / 5);
  const bool nulls_last = db.dialect() == sql::dialect::postgres;
  std::vector<place> all;
  all.push_back({"first page", bench::oldest_first(), "created_at, id", "1 = 1", false, {{}}});
  const auto add = [&](place p) -> place& { return all.emplace_back(std::move(p)); };
  const std::int64_t deep = rows * 80 / 100;
  const std::int64_t deeper = rows * 95 / 100;
  choose(
      db, add({"deep", bench::oldest_first(), "created_at, id", "1 = 1", true, {}}), deep, deeper, 1
  );
  choose(
      db,
      add({"in the tie", bench::oldest_first(), "created_at, id", "1 = 1", true, {}}),
      tie,
      tie_end - 1000,
      1
  );
  choose(
      db,
      add(
          {"mixed directions, deep",
           bench::mixed_directions(),
           "created_at DESC, id",
           "1 = 1",
           false,
           {}}
      ),
      rows - deeper,
      rows - deep,
      -1,
      rows
  );
  choose(
      db,
      add(
          {"mixed directions, in the tie",
           bench::mixed_directions(),
           "created_at DESC, id",
           "1 = 1",
           false,
           {}}
      ),
      tie,
      tie_end - 1000,
      1,
      rows - tie_end - tie
  );
  choose(
      db,
      add({"in the NULL block", bench::by_score(), "score, id", "1 = 1", false, {}}),
      rows / 2,
      deeper,
      0.1,
      nulls_last ? rows * 9 / 10 : 0,
      "score IS NULL"
  );
  choose(
      db,
      add(
          {"tenant prefix, deep",
           bench::one_tenant(),
           "created_at, id",
           fmt::format("tenant_id = {}", bench::whale),
           true,
           {}}
      ),
      deep,
      deeper,
      0.3
  );
  return all;
}

/// A statement by hand.
sql::fragment page_where(const place& p, sql::fragment condition) {
  sql::fragment out(
      "SELECT id, tenant_id, created_at, score, payload FROM item WHERE " + p.fixed + " AND ("
  );
  return std::move(
      out.append(condition).sql(fmt::format(") ORDER BY {} LIMIT {}", p.order_by, page_rows))
  );
}

sql::fragment expanded_or(const place& p, const cursor& c, sql::dialect d) {
  const keyset::order_column& first = p.by.order.columns().front();
  if (c.key.front().is_null()) {
    sql::fragment out("(score IS NULL AND id > ");
    out.param(c.key[1]);
    return page_where(
        p, std::move(out).sql(d == sql::dialect::postgres ? ")" : ") OR score IS NOT NULL")
    );
  }
  const std::string op = first.direction == keyset::direction::descending ? " < " : " > ";
  sql::fragment out(first.name + op);
  out.param(c.key[0]).sql(" OR (" + first.name + " = ").param(c.key[0]).sql(" AND id > ");
  return page_where(p, std::move(out.param(c.key[1]).sql(")")));
}

sql::fragment row_value(const place& p, const cursor& c) {
  sql::fragment out("(created_at, id) > (");
  return page_where(p, std::move(out.param(c.key[0]).sql(", ").param(c.key[1]).sql(")")));
}

sql::fragment offset(const place& p, const cursor& c) {
  sql::fragment out = page_where(p, sql::fragment("1 = 1"));
  return std::move(out.sql(" OFFSET ").param(c.rank));
}

bench::cost run(bench::page_database& on, const sql::fragment& f) {
  std::string text;
  f.render(text, on.db().dialect(), 1);
  const std::vector<sql::value_view> params(f.params().begin(), f.params().end());
  return on.run(text, params);
}

/// The pager as a host calls it for the client's time, the statement it sends for the server's.
bench::cost run_ours(bench::page_database& on, const place& p, const cursor& c) {
  keyset::page_request request{.limit = page_rows, .key = c.key};
  if (!c.key.empty()) request.from = keyset::place::after;
  bench::cost out;
  const std::uint64_t work = on.db().stats().work;
  const auto start = bench::steady::now();
  const keyset::page page = bench::must(keyset::fetch(on.db(), p.by.source, p.by.order, request));
  out.client_ms = bench::seconds_since(start) * 1e3;
  for (const auto& row : page.rows) out.ids.push_back(row.values[0].view().as_int64());
  if (on.db().dialect() == sql::dialect::sqlite) {
    out.server_ms = out.client_ms;
    out.touched = static_cast<std::int64_t>(on.db().stats().work - work);
    return out;
  }
  const auto compiled =
      bench::must(keyset::compiler::make(on.db().dialect(), p.by.source, p.by.order));
  const keyset::key_range range{.after = c.key, .limit = page_rows + 1};
  const keyset::statement s = c.key.empty() ? *bench::must(compiled.single_statement(range))
                                            : bench::must(compiled.page_statement(range));
  const std::vector<sql::value_view> params(s.params.begin(), s.params.end());
  const bench::cost inside = on.run(s.sql, params);
  out.server_ms = inside.server_ms;
  out.touched = inside.touched;
  return out;
}

struct spelling {
  std::string name;
  std::function<bench::cost(const cursor&)> run;
  bool same_rows = true;
};

std::vector<spelling> spellings(bench::page_database& on, const place& p) {
  std::vector<spelling> all;
  all.push_back({"ours", [&](const cursor& c) { return run_ours(on, p, c); }});
  if (p.cursors.front().key.empty()) return all;
  all.push_back({"OFFSET", [&](const cursor& c) { return run(on, offset(p, c)); }, false});
  all.push_back({"expanded OR", [&](const cursor& c) {
                   return run(on, expanded_or(p, c, on.db().dialect()));
                 }});
  if (p.has_row_value) {
    all.push_back({"row-value", [&](const cursor& c) { return run(on, row_value(p, c)); }});
  }
  return all;
}

void measure(bench::page_database& on, const place& p, const spelling& s, std::size_t pages) {
  std::vector<double> client;
  std::vector<double> server;
  std::vector<double> touched;
  double spent = 0;
  s.run(p.cursors.back());  // prepares it
  for (std::size_t i = 0; i < pages && (i < fewest_pages || spent < budget_ms); ++i) {
    const cursor& c = p.cursors[i % p.cursors.size()];
    const bench::cost one = s.run(c);
    if (s.same_rows && one.ids != run_ours(on, p, c).ids) {
      bench::fail(fmt::format("{}, {}, {}: other rows than ours", on.name(), p.name, s.name));
    }
    client.push_back(one.client_ms);
    server.push_back(one.server_ms);
    touched.push_back(static_cast<double>(one.touched));
    spent += one.client_ms;
  }
  const bench::spread c = bench::spread_of(client);
  const bench::spread v = bench::spread_of(server);
  fmt::print(
      R"({{"database": "{}", "place": "{}", "spelling": "{}", "pages": {}, "client_p50_ms": {:.4f}, )"
      R"("client_p95_ms": {:.4f}, "server_p50_ms": {:.4f}, "server_p95_ms": {:.4f}, "touched": {:.0f}, )"
      R"("touched_unit": "{}", "server_clock": "{}"}})"
      "\n",
      on.name(),
      p.name,
      s.name,
      client.size(),
      c.p50,
      c.p95,
      v.p50,
      v.p95,
      bench::spread_of(touched).p50,
      on.touched_unit(),
      on.server_clock()
  );
  std::fflush(stdout);
}

void measure(bench::page_database& on, std::int64_t rows, std::size_t pages) {
  const auto start = bench::steady::now();
  on.fill(rows);
  std::fprintf(stderr, "%s: %.0f s to fill\n", on.name().c_str(), bench::seconds_since(start));
  for (const place& p : places(on, rows)) {
    if (auto plans = keyset::check_plans(on.db(), p.by.source, p.by.order); !plans) {
      std::fprintf(
          stderr, "%s, %s: %s\n", on.name().c_str(), p.name.c_str(), plans.error().message().c_str()
      );
    }
    for (const spelling& s : spellings(on, p)) measure(on, p, s, pages);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long rows = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  const long pages = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 200;
  const std::string only = argc > 3 ? argv[3] : "";
  if (argc > 4 || rows < 10'000 || pages < 1) {
    bench::fail("usage: bench_pages_servers ROWS [PAGES [DATABASE]]");
  }
  const std::pair<const char*, std::unique_ptr<bench::page_database> (*)()> all[] = {
      {"SQLite", bench::sqlite_pages},
      {"PostgreSQL", bench::postgres_pages},
      {"MariaDB", bench::mariadb_pages}};
  // One at a time, so that each has the memory to itself.
  for (const auto& [name, make] : all) {
    if (!only.empty() && only != name) continue;
    if (const auto on = make()) measure(*on, rows, static_cast<std::size_t>(pages));
  }
}
