// SPDX-License-Identifier: BSL-1.0
#include "sql/statement.hpp"

#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/bytes.hpp>
#include <scalekit/sql/canonical.hpp>
#include <scalekit/sql/fragment.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace scalekit::inline v0::bulk {

namespace {

std::string schema(sql::dialect d, const std::string& exports, const std::string& checkpoints) {
  const std::string blob(sql::blob_type(d));
  return "CREATE TABLE IF NOT EXISTS " + exports +
         " (id VARCHAR(64) NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, fingerprint " + blob +
         " NOT NULL, upper_bound " + blob +
         " NOT NULL, created_us BIGINT NOT NULL, expires_us BIGINT NOT NULL, total_rows BIGINT, "
         "total_bytes BIGINT, digest VARCHAR(128));"
         "CREATE TABLE IF NOT EXISTS " +
         checkpoints + " (export_id VARCHAR(64) NOT NULL, position BIGINT NOT NULL, state " + blob +
         " NOT NULL, PRIMARY KEY (export_id, position));";
}

std::string pack(const export_fingerprint& f) {
  std::string out;
  for (const std::uint64_t part : {f.schema, f.columns, f.filters, f.order, f.format}) {
    append_u64(out, part);
  }
  return out;
}

result<export_fingerprint> unpack(std::string_view text) {
  byte_reader in(text);
  export_fingerprint f;
  for (std::uint64_t* part : {&f.schema, &f.columns, &f.filters, &f.order, &f.format}) {
    *part = in.u64();
  }
  if (!in.finished()) return error(errc::data_corrupted, "checkpoint store: a damaged fingerprint");
  return f;
}

std::int64_t micros(system_time t) noexcept { return t.time_since_epoch().count(); }

std::string_view insert_if_absent(sql::dialect d) noexcept {
  switch (d) {
    case sql::dialect::sqlite:
      return "INSERT OR IGNORE";
    case sql::dialect::mariadb:
    case sql::dialect::mysql:
      return "INSERT IGNORE";
    case sql::dialect::postgres:
      break;
  }
  return "INSERT";
}

result<export_record> to_record(std::span<const sql::value_view> row) {
  export_record record;
  record.id = row[0].as_text();
  record.name = row[1].as_text();
  auto fingerprint = unpack(row[2].as_text());
  if (!fingerprint) return fingerprint.error();
  record.fingerprint = *fingerprint;
  byte_reader bound(row[3].as_text());
  auto upper = sql::read_canonical(bound);
  if (!upper) return upper.error();
  record.upper_bound = *std::move(upper);
  record.created_at = row[4].as_timestamp();
  record.expires_at = row[5].as_timestamp();
  if (!row[6].is_null()) {
    record.totals =
        export_totals{row[6].as_uint64(), row[7].as_uint64(), std::string(row[8].as_text())};
  }
  return record;
}

}  // namespace

sql_checkpoint_store::sql_checkpoint_store(sql::pool& connections, std::string prefix)
    : pool_(connections),
      exports_(prefix + "export"),
      checkpoints_(std::move(prefix) + "export_checkpoint") {}

result<std::unique_ptr<sql_checkpoint_store>> sql_checkpoint_store::open(
    sql::pool& connections, std::string prefix
) {
  if (auto plain = sql::check_table_prefix(prefix); !plain) {
    return std::move(plain).error().with_context("sql_checkpoint_store: prefix");
  }
  std::unique_ptr<sql_checkpoint_store> store(
      new sql_checkpoint_store(connections, std::move(prefix))
  );
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  auto made = (*db)->execute_script(schema((*db)->dialect(), store->exports_, store->checkpoints_));
  if (!made) return std::move(made).error().with_context("sql_checkpoint_store");
  return store;
}

result<void> sql_checkpoint_store::create(const export_record& record) {
  std::string bound;
  sql::append_canonical(bound, record.upper_bound);
  const std::string fingerprint = pack(record.fingerprint);
  sql::fragment insert(
      "INSERT INTO " + exports_ +
      " (id, name, fingerprint, upper_bound, created_us, expires_us) VALUES ("
  );
  insert.param(record.id).sql(", ").param(record.name).sql(", ");
  insert.param(as_bytes(fingerprint)).sql(", ").param(as_bytes(bound)).sql(", ");
  insert.param(micros(record.created_at)).sql(", ").param(micros(record.expires_at)).sql(")");
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  auto done = sql::execute(**db, insert);
  if (!done) return std::move(done).error().with_context("checkpoint store: create " + record.id);
  return {};
}

result<std::optional<export_record>> sql_checkpoint_store::find(
    std::string_view id, system_time now
) {
  sql::fragment select(
      "SELECT id, name, fingerprint, upper_bound, created_us, expires_us, total_rows, total_bytes, "
      "digest FROM " +
      exports_ + " WHERE id = "
  );
  select.param(id).sql(" AND expires_us > ").param(micros(now));
  auto db = pool_.acquire(sql::access::read);
  if (!db) return db.error();
  const sql::statement s(select, (*db)->dialect());
  auto found = (*db)->query(s.text, s.params);
  if (!found) return found.error();
  auto more = (*found)->next();
  if (!more) return more.error();
  if (!*more) return std::optional<export_record>();
  auto record = to_record((*found)->row());
  if (!record) return record.error();
  return std::optional(*std::move(record));
}

result<void> sql_checkpoint_store::append(std::string_view id, const checkpoint& c) {
  const std::string state = to_bytes(c);
  {
    auto db = pool_.acquire(sql::access::write);
    if (!db) return db.error();
    // One statement that writes nothing if the export has been purged, or the place is taken.
    const sql::dialect d = (*db)->dialect();
    sql::fragment write(std::string(insert_if_absent(d)) + " INTO " + checkpoints_);
    write.sql(" (export_id, position, state) SELECT e.id, ");
    write.param(c.bytes).sql(", ").param(as_bytes(state));
    write.sql(" FROM " + exports_ + " e WHERE e.id = ").param(id);
    if (d == sql::dialect::postgres) write.sql(" ON CONFLICT DO NOTHING");
    auto done = sql::execute(**db, write);
    if (!done) return std::move(done).error().with_context("checkpoint store: append");
    if (done->affected_rows != 0) return {};
  }
  auto stored = at_or_before(id, c.bytes);
  if (!stored) return stored.error();
  if (!*stored || (*stored)->bytes != c.bytes) {
    return error(errc::not_found, "checkpoint store: no export with the id " + std::string(id));
  }
  if (to_bytes(**stored) == state) return {};
  return error(
      errc::conflict,
      "checkpoint store: export " + std::string(id) + " has another state at byte " +
          std::to_string(c.bytes)
  );
}

result<std::optional<checkpoint>> sql_checkpoint_store::checkpoint_where(
    std::string_view comparison, std::string_view id, std::uint64_t bytes
) {
  const bool behind = comparison == ">";
  sql::fragment select("SELECT state FROM " + checkpoints_ + " WHERE export_id = ");
  select.param(id).sql(" AND position " + std::string(comparison) + " ").param(bytes);
  select.sql(behind ? " ORDER BY position LIMIT 1" : " ORDER BY position DESC LIMIT 1");
  auto db = pool_.acquire(sql::access::read);
  if (!db) return db.error();
  const sql::statement s(select, (*db)->dialect());
  auto found = (*db)->query(s.text, s.params);
  if (!found) return found.error();
  auto more = (*found)->next();
  if (!more) return more.error();
  if (!*more) return std::optional<checkpoint>();
  auto state = checkpoint_from_bytes((*found)->row()[0].as_text());
  if (!state) return state.error();
  return std::optional(*std::move(state));
}

result<std::optional<checkpoint>> sql_checkpoint_store::at_or_before(
    std::string_view id, std::uint64_t bytes
) {
  return checkpoint_where("<=", id, bytes);
}

result<std::optional<checkpoint>> sql_checkpoint_store::after(
    std::string_view id, std::uint64_t bytes
) {
  return checkpoint_where(">", id, bytes);
}

result<void> sql_checkpoint_store::finish(std::string_view id, const export_totals& totals) {
  sql::fragment update("UPDATE " + exports_ + " SET total_rows = ");
  update.param(totals.rows).sql(", total_bytes = ").param(totals.bytes);
  update.sql(", digest = ").param(totals.digest_hex).sql(" WHERE id = ").param(id);
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  auto done = sql::execute(**db, update);
  if (!done) return std::move(done).error().with_context("checkpoint store: finish");
  return {};
}

result<std::size_t> sql_checkpoint_store::purge_expired(system_time now, std::size_t limit) {
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  std::size_t removed = 0;
  auto done = sql::run_transaction(**db, [&](sql::connection& tx) -> result<void> {
    removed = 0;
    sql::fragment expired("SELECT id FROM " + exports_ + " WHERE expires_us <= ");
    expired.param(micros(now)).sql(" ORDER BY expires_us LIMIT ").param(limit);
    const sql::statement s(expired, tx.dialect());
    std::vector<std::string> ids;
    {
      auto found = tx.query(s.text, s.params);
      if (!found) return found.error();
      for (;;) {
        auto more = (*found)->next();
        if (!more) return more.error();
        if (!*more) break;
        ids.emplace_back((*found)->row()[0].as_text());
      }
    }
    for (const std::string& id : ids) {
      sql::fragment checkpoints("DELETE FROM " + checkpoints_ + " WHERE export_id = ");
      if (auto gone = sql::execute(tx, std::move(checkpoints).param(id)); !gone)
        return gone.error();
      sql::fragment record("DELETE FROM " + exports_ + " WHERE id = ");
      if (auto gone = sql::execute(tx, std::move(record).param(id)); !gone) return gone.error();
      ++removed;
    }
    return {};
  });
  if (!done) return std::move(done).error().with_context("checkpoint store: purge");
  return removed;
}

}  // namespace scalekit::inline v0::bulk
