// SPDX-License-Identifier: BSL-1.0
#include "sql/upsert_text.hpp"
#include "sql/upsert_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

namespace scalekit::inline v0::sql {

namespace {

// As PostgreSQL's to_hex() spells it.
std::string in_hex(std::uint64_t n) {
  char text[16];
  return {text, std::to_chars(text, text + sizeof text, n, 16).ptr};
}

// Fewer rows are in sooner by plain statements than through a table of their own.
constexpr std::size_t fewest_to_stage = 32;

// FNV-1a: tells shapes apart by table and columns.
std::string shape_of(const upsert::plan& p) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
  for (const char c : p.table + " " + column_list(p)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3U;
  }
  return in_hex(hash);
}

// Whether `xmax` tells: not of a view, nor of partitions, whose rows may have another layout. This
// is asked each time, as is for the stage: the table may have been altered since, and a transaction
// pooler may have given this transaction another server connection.
result<bool> is_plain_table(const upsert::plan& p, connection& db) {
  constexpr std::string_view ask =
      "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass($1) AND relkind = 'r'";
  std::int64_t plain = 0;
  auto asked = read_integers(db, ask, {p.table}, std::span(&plain, 1));
  if (!asked) return std::move(asked).error();
  return plain == 1;
}

// Values that a column of text takes in the server's own spelling, which is one of the session's
// settings; COPY would have to guess it.
bool is_spelled_by_server(value_view v) noexcept {
  return v.kind() == value_kind::float64 || v.kind() == value_kind::decimal ||
         v.kind() == value_kind::timestamp || v.kind() == value_kind::blob;
}

// The names of the columns with such values, as an array's text.
std::string spelled_by_server(const upsert::plan& p, const upsert_batch& batch) {
  std::string out;
  for (std::size_t c = 0; c < p.width(); ++c) {
    std::size_t row = 0;
    while (row < batch.size() && !is_spelled_by_server(batch.row(row)[c])) ++row;
    if (row == batch.size()) continue;
    out += out.empty() ? "\"" : ",\"";
    for (const char letter : p.names[c]) {
      if (letter == '"' || letter == '\\') out += '\\';
      out += letter;
    }
    out += '"';
  }
  return "{" + out + "}";
}

// A temporary table with the columns of the one that is written to.
struct stage_table {
  std::string name;
  bool exists = false;
  bool is_empty = false;
  bool takes_copy = false;  ///< COPY spells the values of the batch as INSERT does
};

result<stage_table> look_for_stage(
    const upsert::plan& p, connection& db, const upsert_batch& batch
) {
  // The definition is in the name of the stage, so that a table altered since gets another; and so
  // is the user, who owns it.
  constexpr std::string_view look =
      "SELECT signature, coalesce(pg_relation_size(to_regclass($1 || to_hex(signature))), -1), "
      "spelled FROM (SELECT hashtextextended(current_user || string_agg(concat_ws(' ', attrelid, "
      "attnum, attname, atttypid, atttypmod, attcollation), ',' ORDER BY attnum), 0) AS signature, "
      "count(*) FILTER (WHERE atttypid = 'pg_catalog.text'::pg_catalog.regtype "
      "AND attname = ANY ($3::pg_catalog.name[])) AS spelled FROM pg_catalog.pg_attribute "
      "WHERE attrelid = to_regclass($2) AND attnum > 0 AND NOT attisdropped) AS target";
  const std::string prefix = "pg_temp.scalekit_upsert_" + shape_of(p) + "_";
  const std::string spelled_names = spelled_by_server(p, batch);
  std::array<std::int64_t, 3> found{};
  auto looked = read_integers(db, look, {prefix, p.table, spelled_names}, found);
  if (!looked) return std::move(looked).error();
  const auto [signature, size, spelled] = found;
  return stage_table{
      .name = prefix + in_hex(static_cast<std::uint64_t>(signature)),
      .exists = size >= 0,
      .is_empty = size == 0,
      .takes_copy = spelled == 0};
}

result<void> empty_stage(const upsert::plan& p, connection& db, const stage_table& stage) {
  if (stage.is_empty) return {};
  // It has rows where one transaction writes several batches.
  auto made = db.execute(
      stage.exists ? "TRUNCATE " + stage.name
                   : "CREATE TEMPORARY TABLE " + stage.name + " ON COMMIT DELETE ROWS AS SELECT " +
                         column_list(p) + " FROM " + p.table + " WITH NO DATA"
  );
  if (!made) return std::move(made).error();
  return {};
}

result<void> copy_to_stage(
    const upsert::plan& p, connection& db, const upsert_batch& batch, const std::string& stage
) {
  constexpr std::size_t piece = 8192;
  const std::string columns = column_list(p);
  std::vector<value_view> room;
  for (std::size_t first = 0; first < batch.size(); first += piece) {
    const std::size_t count = std::min(piece, batch.size() - first);
    auto added = db.insert_rows(stage, columns, batch.rows(first, count, room), p.width());
    if (!added) return added.error();
  }
  return {};
}

result<std::uint64_t> affected(connection& db, const std::string& sql, parameters values) {
  auto done = db.execute(sql, values);
  if (!done) return std::move(done).error();
  return static_cast<std::uint64_t>(done->affected_rows);
}

std::string values_of(const upsert::plan& p, std::size_t rows) {
  return "VALUES " + value_list(p, rows);
}

result<void> insert_into_stage(
    const upsert::plan& p, connection& db, const upsert_batch& batch, const std::string& stage
) {
  return write_in_pieces(
      p,
      batch,
      [&](std::size_t rows) {
        return "INSERT INTO " + stage + " (" + column_list(p) + ") " + values_of(p, rows);
      },
      [&db](const std::string& sql, parameters values) -> result<void> {
        auto done = db.execute(sql, values);
        if (!done) return std::move(done).error();
        return {};
      }
  );
}

// Writes what `source` gives by one statement, and adds to what was inserted and updated.
result<void> write_at_once(
    const upsert::plan& p,
    connection& db,
    std::string_view source,
    parameters values,
    upsert_counts& counts
) {
  const std::string insert = insert_on_conflict(p, source, p.on_conflict);
  if (p.on_conflict == on_conflict::do_nothing) {
    auto inserted = affected(db, insert, values);
    if (!inserted) return std::move(inserted).error();
    counts.inserted += *inserted;
    return {};
  }
  std::array<std::int64_t, 2> told{};
  if (auto read = read_integers(db, counted(insert), values, told); !read) return read;
  const auto [inserted, written] = told;
  counts.inserted += static_cast<std::uint64_t>(inserted);
  counts.updated += static_cast<std::uint64_t>(written - inserted);
  return {};
}

// Inserts what is new, which leaves the stage; then what is left updates.
result<void> write_twice(
    const upsert::plan& p,
    connection& db,
    const upsert_batch& batch,
    const std::string& stage,
    upsert_counts& counts
) {
  std::array<std::int64_t, 2> told{};
  if (auto read = read_integers(db, insert_from_stage(p, stage), {}, told); !read) return read;
  const auto [inserted, unstaged] = told;
  if (unstaged > inserted) {
    return error(
        errc::invalid_argument,
        "rows of the batch have keys that differ, and are equal to the column; give one of them"
    );
  }
  counts.inserted = static_cast<std::uint64_t>(inserted);
  if (counts.inserted >= batch.size()) return {};
  auto updated = affected(db, insert_on_conflict(p, staged_rows(p, stage), p.on_conflict), {});
  if (!updated) return std::move(updated).error();
  // A trigger that changes keys keeps them in the stage, so that a row may be written again.
  counts.updated = std::min<std::uint64_t>(*updated, batch.size() - counts.inserted);
  return {};
}

result<void> write_batch(
    const upsert::plan& p, connection& db, const upsert_batch& batch, upsert_counts& counts
) {
  bool at_once = true;
  if (p.on_conflict != on_conflict::do_nothing) {
    auto plain = is_plain_table(p, db);
    if (!plain) return std::move(plain).error();
    at_once = *plain;
  }
  bool copies = batch.size() >= fewest_to_stage &&
                db.insert_rows(p.table, column_list(p), {}, p.width()).has_value();
  if (copies || !at_once) {
    auto stage = look_for_stage(p, db, batch);
    if (!stage) return std::move(stage).error();
    copies = copies && stage->takes_copy;
    if (copies || !at_once) {
      if (auto ready = empty_stage(p, db, *stage); !ready) return ready;
      const auto fill = copies ? copy_to_stage : insert_into_stage;
      if (auto filled = fill(p, db, batch, stage->name); !filled) return filled;
      return at_once ? write_at_once(p, db, staged_rows(p, stage->name), {}, counts)
                     : write_twice(p, db, batch, stage->name, counts);
    }
  }
  return write_in_pieces(
      p,
      batch,
      [&p](std::size_t rows) { return values_of(p, rows); },
      [&](const std::string& source, parameters values) {
        return write_at_once(p, db, source, values, counts);
      }
  );
}

}  // namespace

result<upsert_counts> upsert_into_postgres(
    const upsert::plan& p, connection& db, const upsert_batch& batch
) {
  upsert_counts counts;
  if (auto done = write_batch(p, db, batch, counts); !done) return done.error();
  counts.unchanged = batch.size() - counts.inserted - counts.updated;
  return counts;
}

}  // namespace scalekit::inline v0::sql
