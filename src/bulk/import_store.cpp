// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_store.hpp"

#include "bulk/import_codec.hpp"
#include "sql/statement.hpp"

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

constexpr std::string_view kind_reject = "r";
constexpr std::string_view kind_duplicate = "d";
/// Of one stored note: far below every server's packet.
constexpr std::size_t note_bytes = std::size_t{512} * 1024;
constexpr std::size_t duplicates_per_note = note_bytes / 20;

::scalekit::error missing(std::string_view id) {
  return {errc::not_found, "import: there is no import with the id '" + std::string(id) + "'"};
}

/// Runs a query and hands each row to `use`.
template <class F>
result<void> for_each_row(sql::connection& db, const sql::fragment& f, F use) {
  const sql::statement s(f, db.dialect());
  auto found = db.query(s.text, s.params);
  if (!found) return found.error();
  for (;;) {
    auto more = (*found)->next();
    if (!more) return more.error();
    if (!*more) return {};
    if (result<void> used = use((*found)->row()); !used) return used;
  }
}

}  // namespace

import_store::import_store(std::string_view prefix)
    : imports_(std::string(prefix) + "import"),
      chunks_(std::string(prefix) + "import_chunk"),
      notes_(std::string(prefix) + "import_note") {}

result<import_store> import_store::make(std::string_view prefix) {
  if (auto plain = sql::check_table_prefix(prefix); !plain) {
    return std::move(plain).error().with_context("import_options: table_prefix");
  }
  return import_store(prefix);
}

result<void> import_store::create_tables(sql::connection& db) const {
  const std::string blob(sql::blob_type(db.dialect()));
  const std::string script =
      "CREATE TABLE IF NOT EXISTS " + imports_ +
      " (id VARCHAR(64) NOT NULL PRIMARY KEY, cancelled INT NOT NULL, state " + blob +
      " NOT NULL);"
      "CREATE TABLE IF NOT EXISTS " +
      chunks_ +
      " (import_id VARCHAR(64) NOT NULL, chunk BIGINT NOT NULL, position BIGINT NOT NULL, "
      "state " +
      blob +
      " NOT NULL, PRIMARY KEY (import_id, chunk));"
      "CREATE TABLE IF NOT EXISTS " +
      notes_ +
      " (import_id VARCHAR(64) NOT NULL, kind VARCHAR(1) NOT NULL, position BIGINT NOT NULL, "
      "body " +
      blob + " NOT NULL, PRIMARY KEY (import_id, kind, position));";
  auto made = db.execute_script(script);
  // On PostgreSQL two sessions that make one table at once can collide in the catalogue.
  if (!made && made.error().code() == errc::conflict) made = db.execute_script(script);
  return made;
}

result<void> import_store::insert(
    sql::connection& db, const import_record& record, std::span<const import_chunk> chunks
) const {
  const std::string state = encode(record);
  sql::fragment insert("INSERT INTO " + imports_ + " (id, cancelled, state) VALUES (");
  insert.param(record.id).sql(", 0, ").param(as_bytes(state)).sql(")");
  if (auto done = sql::execute(db, insert); !done) return done.error();
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::string chunk = encode(chunks[i]);
    sql::fragment add("INSERT INTO " + chunks_ + " (import_id, chunk, position, state) VALUES (");
    add.param(record.id).sql(", ").param(i).sql(", ").param(chunks[i].at.offset);
    add.sql(", ").param(as_bytes(chunk)).sql(")");
    if (auto done = sql::execute(db, add); !done) return done.error();
  }
  return {};
}

result<std::optional<import_record>> import_store::find(sql::connection& db, std::string_view id)
    const {
  sql::fragment select("SELECT cancelled, state FROM " + imports_ + " WHERE id = ");
  select.param(id);
  std::optional<import_record> found;
  auto read = for_each_row(db, select, [&](auto row) -> result<void> {
    auto record = decode_record(row[1].as_text());
    if (!record) return record.error();
    found = *std::move(record);
    if (row[0].as_int64() != 0) found->state = import_state::cancelled;
    return {};
  });
  if (!read) return read.error();
  return found;
}

result<std::vector<import_record>> import_store::all(sql::connection& db) const {
  const sql::fragment select("SELECT cancelled, state FROM " + imports_ + " ORDER BY id");
  std::vector<import_record> found;
  auto read = for_each_row(db, select, [&](auto row) -> result<void> {
    auto record = decode_record(row[1].as_text());
    if (!record) return record.error();
    if (row[0].as_int64() != 0) record->state = import_state::cancelled;
    found.push_back(*std::move(record));
    return {};
  });
  if (!read) return read.error();
  return found;
}

result<std::vector<import_chunk>> import_store::chunks(sql::connection& db, std::string_view id)
    const {
  sql::fragment select("SELECT state FROM " + chunks_ + " WHERE import_id = ");
  select.param(id).sql(" ORDER BY chunk");
  std::vector<import_chunk> found;
  auto read = for_each_row(db, select, [&](auto row) -> result<void> {
    auto chunk = decode_chunk(row[0].as_text());
    if (!chunk) return chunk.error();
    found.push_back(*std::move(chunk));
    return {};
  });
  if (!read) return read.error();
  return found;
}

result<void> import_store::cancel(sql::connection& db, std::string_view id) const {
  sql::fragment update("UPDATE " + imports_ + " SET cancelled = 1 WHERE id = ");
  update.param(id);
  if (auto done = sql::execute(db, update); !done) return done.error();
  return {};
}

result<bool> import_store::advance(
    sql::connection& db,
    std::string_view id,
    std::size_t chunk,
    std::uint64_t from,
    const import_chunk& now
) const {
  const std::string state = encode(now);
  sql::fragment update("UPDATE " + chunks_ + " SET position = ");
  update.param(now.at.offset).sql(", state = ").param(as_bytes(state));
  update.sql(" WHERE import_id = ").param(id).sql(" AND chunk = ").param(chunk);
  update.sql(" AND position = ").param(from);
  update.sql(" AND NOT EXISTS (SELECT 1 FROM " + imports_ + " i WHERE i.id = ").param(id);
  update.sql(" AND i.cancelled = 1)");
  auto done = sql::execute(db, update);
  if (!done) return done.error();
  return done->affected_rows == 1;
}

result<std::uint64_t> import_store::position(
    sql::connection& db, std::string_view id, std::size_t chunk
) const {
  sql::fragment select("SELECT position FROM " + chunks_ + " WHERE import_id = ");
  select.param(id).sql(" AND chunk = ").param(chunk);
  std::optional<std::uint64_t> found;
  auto read = for_each_row(db, select, [&](auto row) -> result<void> {
    found = row[0].as_uint64();
    return {};
  });
  if (!read) return read.error();
  if (!found) return missing(id);
  return *found;
}

result<void> import_store::add_note(
    sql::connection& db,
    std::string_view id,
    std::string_view kind,
    std::uint64_t at,
    std::string_view body
) const {
  sql::fragment insert("INSERT INTO " + notes_ + " (import_id, kind, position, body) VALUES (");
  insert.param(id).sql(", ").param(kind).sql(", ").param(at).sql(", ").param(as_bytes(body));
  insert.sql(")");
  if (auto done = sql::execute(db, insert); !done) return done.error();
  return {};
}

result<void> import_store::add_rejects(
    sql::connection& db, std::string_view id, std::span<const import_reject> rejects
) const {
  // A note has at least one row, and ends with the one that makes it large.
  for (std::size_t begin = 0; begin < rejects.size();) {
    std::size_t end = begin;
    for (std::size_t size = 0; end < rejects.size() && size < note_bytes; ++end) {
      size += size_of(rejects[end]);
    }
    const auto part = rejects.subspan(begin, end - begin);
    auto added = add_note(db, id, kind_reject, part.front().begin.offset, encode(part));
    if (!added) return added;
    begin = end;
  }
  return {};
}

result<void> import_store::add_duplicates(
    sql::connection& db, std::string_view id, std::span<const import_duplicate> duplicates
) const {
  while (!duplicates.empty()) {
    const auto part = duplicates.first(std::min(duplicates.size(), duplicates_per_note));
    auto added = add_note(db, id, kind_duplicate, part.front().offset, encode(part));
    if (!added) return added;
    duplicates = duplicates.subspan(part.size());
  }
  return {};
}

result<import_store::reject_page> import_store::rejects_after(
    sql::connection& db, std::string_view id, std::optional<std::uint64_t> after
) const {
  sql::fragment select("SELECT position, body FROM " + notes_ + " WHERE import_id = ");
  select.param(id).sql(" AND kind = ").param(kind_reject);
  if (after) select.sql(" AND position > ").param(*after);
  select.sql(" ORDER BY position LIMIT 1");
  reject_page page;
  auto read = for_each_row(db, select, [&](auto row) -> result<void> {
    auto rejects = decode_rejects(row[1].as_text());
    if (!rejects) return rejects.error();
    page = {.key = row[0].as_uint64(), .rejects = *std::move(rejects)};
    return {};
  });
  if (!read) return read.error();
  return page;
}

result<std::vector<import_duplicate>> import_store::duplicates(
    sql::connection& db, std::string_view id, std::uint64_t begin, std::uint64_t end
) const {
  sql::fragment select("SELECT body FROM " + notes_ + " WHERE import_id = ");
  select.param(id).sql(" AND kind = ").param(kind_duplicate);
  select.sql(" AND position >= ").param(begin).sql(" AND position < ").param(end);
  select.sql(" ORDER BY position");
  std::vector<import_duplicate> found;
  auto read = for_each_row(db, select, [&](auto row) {
    return decode_duplicates(row[0].as_text(), found);
  });
  if (!read) return read.error();
  return found;
}

result<void> import_store::forget(sql::connection& db, std::string_view id) const {
  for (const std::string* table : {&notes_, &chunks_}) {
    sql::fragment erase("DELETE FROM " + *table + " WHERE import_id = ");
    if (auto done = sql::execute(db, std::move(erase).param(id)); !done) return done.error();
  }
  sql::fragment erase("DELETE FROM " + imports_ + " WHERE id = ");
  if (auto done = sql::execute(db, std::move(erase).param(id)); !done) return done.error();
  return {};
}

}  // namespace scalekit::inline v0::bulk
