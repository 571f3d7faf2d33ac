// SPDX-License-Identifier: BSL-1.0
#include "sql/upsert_text.hpp"
#include "sql/upsert_values.hpp"

#include <algorithm>
#include <map>

namespace scalekit::inline v0::sql {

namespace {

// What the guard of insert_on_duplicate makes the server say.
constexpr std::int64_t subquery_gives_several_rows = 1242;

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_key(const upsert::plan& p, std::string_view column) noexcept {
  return std::ranges::any_of(p.keys, [&](std::size_t k) { return same_name(p.names[k], column); });
}

// ON DUPLICATE KEY names no key: without an index of its own every row would be inserted again.
// SHOW INDEX and not information_schema, for that leaves temporary tables out.
result<void> check_unique_index(const upsert::plan& p, connection& db) {
  auto rows = db.query("SHOW INDEX FROM " + p.table);
  if (!rows) return rows.error();
  struct index {
    std::size_t columns = 0;
    bool fits = true;
  };
  std::map<std::string, index, std::less<>> found;
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return more.error();
    if (!*more) break;
    const auto row = (*rows)->row();
    constexpr std::size_t non_unique = 1, name = 2, column = 4, prefix = 7;
    if (row.size() <= prefix || row[non_unique].as_int64() != 0) continue;
    index& i = found[std::string(row[name].as_text())];
    ++i.columns;
    i.fits = i.fits && row[prefix].is_null() && is_key(p, row[column].as_text());
  }
  const bool any = std::ranges::any_of(found, [&](const auto& entry) {
    return entry.second.fits && entry.second.columns == p.keys.size();
  });
  if (any) return {};
  return error(
      errc::invalid_argument, "no unique index or primary key covers exactly the key columns"
  );
}

error other_row(const error& why) {
  return {
      errc::conflict,
      "a row collides with one of another key, by a unique index other than the key's",
      why.cause()};
}

}  // namespace

result<upsert_counts> upsert_into_mariadb(
    const upsert::plan& p, connection& db, const upsert_batch& batch
) {
  if (auto ok = check_unique_index(p, db); !ok) return ok.error();
  const std::string variable(existing_rows);
  if (auto reset = db.execute("SET " + variable + " = 0"); !reset) return reset.error();
  std::int64_t affected = 0;
  auto written = write_in_pieces(
      p,
      batch,
      [&p](std::size_t rows) { return insert_on_duplicate(p, rows); },
      [&](const std::string& sql, parameters values) -> result<void> {
        auto done = db.execute(sql, values);
        if (!done && done.error().cause().code == subquery_gives_several_rows) {
          return other_row(done.error());
        }
        if (!done) return std::move(done).error();
        affected += done->affected_rows;
        return {};
      }
  );
  if (!written) return written.error();
  std::int64_t existing = 0;
  const std::string ask = "SELECT CAST(" + variable + " AS SIGNED)";
  if (auto asked = read_integers(db, ask, {}, std::span(&existing, 1)); !asked) {
    return asked.error();
  }
  // A row counts 1, one that was changed 2.
  const auto rows = static_cast<std::int64_t>(batch.size());
  const std::int64_t updated = p.on_conflict == on_conflict::do_nothing ? 0
                               : p.on_conflict == on_conflict::update   ? existing
                                                                        : affected - rows;
  return upsert_counts{
      .inserted = static_cast<std::uint64_t>(rows - existing),
      .updated = static_cast<std::uint64_t>(updated),
      .unchanged = static_cast<std::uint64_t>(existing - updated),
      .folded = 0};
}

}  // namespace scalekit::inline v0::sql
