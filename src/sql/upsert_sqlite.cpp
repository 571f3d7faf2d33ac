// SPDX-License-Identifier: BSL-1.0
#include "sql/upsert_text.hpp"
#include "sql/upsert_values.hpp"

#include <algorithm>

namespace scalekit::inline v0::sql {

namespace {

error at_row(error why, std::size_t row) {
  return std::move(why).with_context("row " + std::to_string(row));
}

// Whether new rows can be told from updated ones by their ids: not where the connection does not
// tell, nor in a table without rowids.
result<bool> has_new_ids(const upsert::plan& p, connection& db, std::string_view text) {
  auto told = db.execute_many(text, {}, p.width());
  if (!told) return told.error();
  if (!told->new_ids) return false;
  constexpr std::string_view ask = "SELECT coalesce(max(wr), 0) FROM pragma_table_list(?1)";
  std::int64_t without_rowid = 0;
  auto asked = read_integers(db, ask, {p.bare_table}, std::span(&without_rowid, 1));
  if (!asked) return asked.error();
  return without_rowid == 0;
}

result<executions> write_all(
    const upsert::plan& p, connection& db, const upsert_batch& batch, std::string_view text
) {
  constexpr std::size_t piece = 256;
  executions all{.affected_rows = 0, .new_ids = 0};
  std::vector<value_view> room;
  for (std::size_t first = 0; first < batch.size(); first += piece) {
    const std::size_t count = std::min(piece, batch.size() - first);
    std::size_t failed = 0;
    auto done = db.execute_many(text, batch.rows(first, count, room), p.width(), &failed);
    if (!done) return at_row(std::move(done).error(), batch.origin(first + failed));
    all.affected_rows += done->affected_rows;
    *all.new_ids += done->new_ids.value_or(0);
  }
  return all;
}

// Two statements for a row that is there already, which is what makes this the slower way.
result<upsert_counts> write_one_by_one(
    const upsert::plan& p, connection& db, const upsert_batch& batch, std::string_view update
) {
  const std::string insert =
      insert_on_conflict(p, "VALUES " + value_list(p, 1), on_conflict::do_nothing);
  upsert_counts counts;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto inserted = db.execute(insert, batch.row(i));
    if (!inserted) return at_row(std::move(inserted).error(), batch.origin(i));
    if (inserted->affected_rows > 0) {
      ++counts.inserted;
      continue;
    }
    auto updated = db.execute(update, batch.row(i));
    if (!updated) return at_row(std::move(updated).error(), batch.origin(i));
    ++(updated->affected_rows > 0 ? counts.updated : counts.unchanged);
  }
  return counts;
}

}  // namespace

result<upsert_counts> upsert_into_sqlite(
    const upsert::plan& p, connection& db, const upsert_batch& batch
) {
  const std::string text = insert_on_conflict(p, "VALUES " + value_list(p, 1), p.on_conflict);
  const bool keeps = p.on_conflict == on_conflict::do_nothing;
  if (!keeps) {
    auto ids = has_new_ids(p, db, text);
    if (!ids) return ids.error();
    if (!*ids) return write_one_by_one(p, db, batch, text);
  }
  auto done = write_all(p, db, batch, text);
  if (!done) return done.error();
  const auto written = static_cast<std::uint64_t>(done->affected_rows);
  const auto inserted = keeps ? written : static_cast<std::uint64_t>(*done->new_ids);
  return upsert_counts{
      .inserted = inserted,
      .updated = written - inserted,
      .unchanged = batch.size() - written,
      .folded = 0};
}

}  // namespace scalekit::inline v0::sql
