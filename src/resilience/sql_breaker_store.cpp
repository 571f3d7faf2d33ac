// SPDX-License-Identifier: BSL-1.0
#include "resilience/breaker_names.hpp"
#include "resilience/sql_limiter_text.hpp"
#include "sql/statement.hpp"

#include <scalekit/resilience/sql_breaker_store.hpp>
#include <scalekit/sql/fragment.hpp>

#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

bool is_mysql(sql::dialect d) noexcept {
  return d == sql::dialect::mariadb || d == sql::dialect::mysql;
}

// The database's own time in milliseconds: one clock for all nodes, and none that a summer's end
// sets back.
std::string now_ms(sql::dialect d) {
  return "(" + std::string(sql_text::now(d)) + (is_mysql(d) ? " DIV 1000)" : " / 1000)");
}

std::string_view insert_if_absent(sql::dialect d) noexcept {
  if (d == sql::dialect::sqlite) return "INSERT OR IGNORE INTO ";
  return is_mysql(d) ? "INSERT IGNORE INTO " : "INSERT INTO ";
}

std::string_view if_absent(sql::dialect d) noexcept {
  return d == sql::dialect::postgres ? " ON CONFLICT DO NOTHING" : "";
}

std::string schema(
    sql::dialect d, const std::string& nodes, const std::string& epochs, const std::string& probes
) {
  // Names are bytes: two that differ in case only are two.
  const std::string exact = is_mysql(d) ? " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" : "";
  const std::string key = "breaker VARCHAR(100)" + exact + " NOT NULL";
  return "CREATE TABLE IF NOT EXISTS " + nodes + " (" + key + ", node VARCHAR(64)" + exact +
         " NOT NULL, stance VARCHAR(16) NOT NULL, epoch BIGINT NOT NULL, expires_ms BIGINT NOT "
         "NULL, PRIMARY KEY (breaker, node));"
         "CREATE TABLE IF NOT EXISTS " +
         epochs + " (" + key +
         " PRIMARY KEY, epoch BIGINT NOT NULL);"
         "CREATE TABLE IF NOT EXISTS " +
         probes + " (" + key + ", place INTEGER NOT NULL, holder VARCHAR(64)" + exact +
         " NOT NULL, expires_ms BIGINT NOT NULL, PRIMARY KEY (breaker, place));";
}

sql::fragment upsert_node(sql::dialect d, const std::string& nodes, const breaker_report& r) {
  sql::fragment f("INSERT INTO " + nodes + " (breaker, node, stance, epoch, expires_ms) VALUES (");
  f.param(r.key).sql(", ").param(r.node).sql(", ").param(to_string(r.stance));
  f.sql(", ").param(r.epoch).sql(", ").sql(now_ms(d)).sql(" + ");
  f.param(whole_milliseconds(r.ttl)).sql(")");
  return f.sql(
      is_mysql(d) ? " ON DUPLICATE KEY UPDATE stance = VALUES(stance), epoch = VALUES(epoch), "
                    "expires_ms = VALUES(expires_ms)"
                  : " ON CONFLICT (breaker, node) DO UPDATE SET stance = excluded.stance, "
                    "epoch = excluded.epoch, expires_ms = excluded.expires_ms"
  );
}

}  // namespace

sql_breaker_store::sql_breaker_store(sql::pool& connections, std::string prefix)
    : pool_(connections),
      nodes_(prefix + "breaker_node"),
      epochs_(prefix + "breaker_epoch"),
      probes_(std::move(prefix) + "breaker_probe") {}

result<std::unique_ptr<sql_breaker_store>> sql_breaker_store::open(
    sql::pool& connections, std::string prefix
) {
  if (auto plain = sql::check_table_prefix(prefix); !plain) {
    return std::move(plain).error().with_context("sql_breaker_store: prefix");
  }
  std::unique_ptr<sql_breaker_store> store(new sql_breaker_store(connections, std::move(prefix)));
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  auto made =
      (*db)->execute_script(schema((*db)->dialect(), store->nodes_, store->epochs_, store->probes_)
      );
  if (!made) return std::move(made).error().with_context("sql_breaker_store");
  return store;
}

result<breaker_poll> sql_breaker_store::exchange(const breaker_report& r) {
  if (auto fine = check_breaker_names(r.key, r.node); !fine) return fine.error();
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  if (r.stance == breaker_stance::recovered) {
    auto moved = next_epoch(**db, r);
    if (!moved) return std::move(moved).error().with_context("breaker store");
  }
  auto all = report_and_poll(**db, r);
  if (!all) return std::move(all).error().with_context("breaker store");
  return all;
}

// Votes carry their epoch, so that the next one voids them all at once. An epoch without a row is
// 0; there is no row of that.
result<void> sql_breaker_store::next_epoch(sql::connection& db, const breaker_report& r) const {
  sql::fragment move;
  if (r.epoch == 0) {
    move.sql(insert_if_absent(db.dialect())).sql(epochs_).sql(" (breaker, epoch) VALUES (");
    move.param(r.key).sql(", 1)").sql(if_absent(db.dialect()));
  } else {
    move.sql("UPDATE ").sql(epochs_).sql(" SET epoch = epoch + 1 WHERE breaker = ").param(r.key);
    move.sql(" AND epoch = ").param(r.epoch);
  }
  auto done = sql::execute(db, move);
  if (!done) return done.error();
  return {};
}

// Counts the others, for what the reporter says is known: so PostgreSQL may do both in one
// statement, whose parts do not see each other's changes.
result<breaker_poll> sql_breaker_store::report_and_poll(
    sql::connection& db, const breaker_report& r
) const {
  const sql::dialect d = db.dialect();
  const sql::fragment said = upsert_node(d, nodes_, r);
  sql::fragment all;
  if (d == sql::dialect::postgres) {
    all.sql("WITH said AS (").append(said).sql(") ");
  } else if (auto done = sql::execute(db, said); !done) {
    return done.error();
  }
  sql::fragment epoch("COALESCE((SELECT epoch FROM " + epochs_ + " WHERE breaker = ");
  epoch.param(r.key).sql("), 0)");
  all.sql("SELECT COUNT(*), COUNT(CASE WHEN n.stance = 'failing' AND n.epoch = ");
  all.append(epoch).sql(" THEN 1 END), ").append(epoch);
  all.sql(" FROM " + nodes_ + " n WHERE n.breaker = ").param(r.key);
  all.sql(" AND n.node <> ").param(r.node).sql(" AND n.expires_ms > ").sql(now_ms(d));
  const sql::statement s(all, d);
  auto found = db.query(s.text, s.params);
  if (!found) return found.error();
  auto more = (*found)->next();
  if (!more) return more.error();
  if (!*more) return error(errc::internal, "a count that returned no row");
  const auto row = (*found)->row();
  breaker_poll poll{
      static_cast<std::uint32_t>(row[0].as_uint64() + 1),
      static_cast<std::uint32_t>(row[1].as_uint64()),
      row[2].as_uint64()};
  if (r.stance == breaker_stance::failing && r.epoch == poll.epoch) ++poll.failing;
  return poll;
}

// A place that another takes between the inner query and the update is left alone: its lease has
// not run out any more.
result<bool> sql_breaker_store::take_place(
    sql::connection& db,
    std::string_view key,
    std::string_view holder,
    std::uint32_t most,
    std::int64_t ttl_ms
) const {
  const std::string now = now_ms(db.dialect());
  sql::fragment update("UPDATE " + probes_ + " SET holder = ");
  update.param(holder).sql(", expires_ms = ").sql(now).sql(" + ").param(ttl_ms);
  update.sql(" WHERE breaker = ").param(key).sql(" AND expires_ms <= ").sql(now);
  // MariaDB lets a table be read inside its own update if it is a derived one.
  update.sql(" AND place = (SELECT free.place FROM (SELECT MIN(place) AS place FROM " + probes_);
  update.sql(" WHERE breaker = ").param(key).sql(" AND place < ").param(std::int64_t{most});
  update.sql(" AND expires_ms <= ").sql(now).sql(") free)");
  auto done = sql::execute(db, update);
  if (!done) return done.error();
  return done->affected_rows > 0;
}

// True if there were too few.
result<bool> sql_breaker_store::make_places(
    sql::connection& db, std::string_view key, std::uint32_t most
) const {
  bool made = false;
  for (std::int64_t place = 0; place < most; ++place) {
    sql::fragment insert(std::string(insert_if_absent(db.dialect())) + probes_);
    insert.sql(" (breaker, place, holder, expires_ms) VALUES (").param(key).sql(", ");
    insert.param(place).sql(", '', 0)").sql(if_absent(db.dialect()));
    auto done = sql::execute(db, insert);
    if (!done) return done.error();
    made = made || done->affected_rows > 0;
  }
  return made;
}

result<probe_lease> sql_breaker_store::lease_probe(
    std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
) {
  if (auto fine = check_breaker_names(key, holder); !fine) return fine.error();
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  const std::int64_t ms = whole_milliseconds(ttl);
  auto taken = take_place(**db, key, holder, most, ms);
  if (taken && !*taken) {
    auto made = make_places(**db, key, most);
    if (!made) return std::move(made).error().with_context("breaker store");
    if (*made) taken = take_place(**db, key, holder, most, ms);
  }
  if (!taken) return std::move(taken).error().with_context("breaker store");
  return *taken ? probe_lease::granted : probe_lease::taken;
}

result<void> sql_breaker_store::return_probe(std::string_view key, std::string_view holder) {
  if (auto fine = check_breaker_names(key, holder); !fine) return fine.error();
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  sql::fragment update("UPDATE " + probes_ + " SET expires_ms = 0, holder = '' WHERE breaker = ");
  update.param(key).sql(" AND holder = ").param(holder);
  auto done = sql::execute(**db, update);
  if (!done) return std::move(done).error().with_context("breaker store");
  return {};
}

result<std::int64_t> sql_breaker_store::purge_expired() {
  auto db = pool_.acquire(sql::access::write);
  if (!db) return db.error();
  sql::fragment remove("DELETE FROM " + nodes_ + " WHERE expires_ms <= ");
  auto done = sql::execute(**db, std::move(remove).sql(now_ms((*db)->dialect())));
  if (!done) return std::move(done).error().with_context("breaker store");
  return done->affected_rows;
}

}  // namespace scalekit::inline v0::resilience
