// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_writer.hpp"

#include "bulk/import_patience.hpp"

#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

/// A full disk, tablespace or quota refuses whatever is next, and takes other rows again once
/// somebody has made a little room.
bool is_out_of_space(const ::scalekit::error& e) noexcept {
  constexpr int sqlite_too_big = 18;
  constexpr std::int64_t postgres_disk_full = 8'539'344;  // 53100 in base 36
  const native_cause cause = e.cause();
  if (e.code() != errc::limit_exceeded) return false;
  if (cause.system == "sqlite") return (cause.code & 0xFF) != sqlite_too_big;
  if (cause.system == "mariadb") return cause.code == 1021 || cause.code == 1114;
  return cause.system == "postgres" && cause.code == postgres_disk_full;
}

/// Whether a single row can be at fault, so that taking the batch apart may save the others.
bool may_be_one_row(const ::scalekit::error& e) noexcept {
  if (is_out_of_space(e)) return false;
  return e.code() == errc::conflict || e.code() == errc::invalid_argument ||
         e.code() == errc::limit_exceeded;
}

std::string_view reason(errc code) noexcept {
  switch (code) {
    case errc::conflict:
      return "database.constraint";
    case errc::limit_exceeded:
      return "database.limit";
    default:
      return "database.value";
  }
}

import_reject refused_row(const row_place& row, const ::scalekit::error& why) {
  row_error e{
      .code = std::string(reason(why.code())),
      .message = "the database refused the row: " + why.message(),
      .record = row.begin.record,
      .line = row.begin.line,
      .offset = row.begin.offset};
  return {row.begin, row.bytes, {std::move(e)}};
}

void count_rejects(const std::vector<import_reject>& rejects, import_counts& counts) {
  counts.rejected += rejects.size();
  for (const import_reject& r : rejects) {
    for (const row_error& e : r.errors) ++counts.codes[e.code];
  }
}

void add(const sql::upsert_counts& from, import_counts& to) {
  to.inserted += from.inserted;
  to.updated += from.updated;
  to.unchanged += from.unchanged;
  to.folded += from.folded;
}

}  // namespace

result<void> import_writer::bisect(
    sql::connection& db, const import_batch& b, std::size_t first, std::size_t count, attempt& out
) {
  auto guard = sql::savepoint::begin(db, "scalekit_rows");
  if (!guard) return guard.error();
  const std::size_t width = plan_.upsert.width();
  auto done = plan_.upsert.run(db, std::span(b.values).subspan(first * width, count * width));
  if (done) {
    // What a row breaks must show with the row, not at the commit.
    if (auto checked = db.check_deferred(); !checked) done = checked.error();
  }
  if (done) {
    add(*done, out.now.counts);
    return guard->release();
  }
  // Where the database has rolled everything back by itself, no row can be saved.
  if (!may_be_one_row(done.error()) || !db.in_transaction()) return done.error();
  if (auto undone = guard->rollback(); !undone) return undone;
  if (count == 1) {
    out.refused.push_back({first, done.error()});
    return {};
  }
  const std::size_t half = count / 2;
  if (auto left = bisect(db, b, first, half, out); !left) return left;
  return bisect(db, b, first + half, count - half, out);
}

result<void> import_writer::write_rows(
    sql::connection& db, const import_batch& b, care how, attempt& out
) {
  if (b.rows.empty()) return {};
  if (how == care::whole) {
    auto done = plan_.upsert.run(db, b.values);
    if (!done) return done.error();
    add(*done, out.now.counts);
    return {};
  }
  if (auto done = bisect(db, b, 0, b.rows.size(), out); !done) return done;
  // A row may have waited for another of the batch, as a child does for its parent. Either may
  // stand first, so each time the order is turned.
  for (std::size_t before = b.rows.size(); out.refused.size() < before;) {
    before = out.refused.size();
    std::vector<refusal> waiting = std::exchange(out.refused, {});
    std::ranges::reverse(waiting);
    for (const refusal& r : waiting) {
      if (auto done = bisect(db, b, r.row, 1, out); !done) return done;
    }
    if (out.refused.empty()) return {};
  }
  std::ranges::sort(out.refused, {}, &refusal::row);
  return check_refusals(b, out);
}

/// A table that is gone, a right that was taken away, a full disk: these refuse rows too, all of
/// them from some moment on. That is no fault of theirs.
result<void> import_writer::check_refusals(const import_batch& b, const attempt& a) {
  constexpr std::size_t enough = 8;
  const ::scalekit::error& last = a.refused.back().why;
  if (last.code() == errc::conflict) return {};
  const bool all = a.refused.size() == b.rows.size() && b.rows.size() > 1;
  const bool the_rest = last.code() == errc::limit_exceeded && a.refused.size() >= enough &&
                        a.refused[a.refused.size() - enough].row + enough == b.rows.size() &&
                        a.refused[a.refused.size() - enough].why.code() == errc::limit_exceeded;
  const bool alike = std::ranges::all_of(a.refused, [&](const refusal& r) {
    return r.why.message() == last.message();
  });
  if (!the_rest && !(all && alike)) return {};
  ::scalekit::error why = last;
  return std::move(why).with_context("every row is refused alike");
}

result<void> import_writer::apply(
    sql::connection& db, const import_batch& b, care how, attempt& out
) {
  if (plan_.options.mode == import_mode::dry_run) {
    auto undo = sql::savepoint::begin(db, "scalekit_dry_run");
    if (!undo) return undo.error();
    if (auto done = write_rows(db, b, how, out); !done) return done;
    if (auto checked = db.check_deferred(); !checked) return checked;
    if (auto undone = undo->rollback(); !undone) return undone;
  } else if (auto done = write_rows(db, b, how, out); !done) {
    return done;
  }
  std::vector<import_reject> rejects = b.rejects;
  for (const refusal& r : out.refused) rejects.push_back(refused_row(b.rows[r.row], r.why));
  std::ranges::sort(rejects, {}, [](const import_reject& r) { return r.begin.offset; });
  out.now.at = b.to;
  out.now.counts.records += b.records;
  out.now.counts.folded += b.folded;
  count_rejects(rejects, out.now.counts);
  auto moved = plan_.store.advance(db, plan_.record.id, b.chunk, b.from, out.now);
  if (!moved) return moved.error();
  if (!*moved) {
    auto record = plan_.store.find(db, plan_.record.id);
    if (!record) return record.error();
    if (!*record || (*record)->state == import_state::cancelled) {
      return error(errc::cancelled, "it was cancelled, or forgotten, by another process");
    }
    return error(
        errc::stale_token,
        "chunk " + std::to_string(b.chunk) +
            " has been moved on by another process; let one work on it"
    );
  }
  return plan_.store.add_rejects(db, plan_.record.id, rejects);
}

result<void> import_writer::try_once(const import_batch& b, care how, attempt& out) {
  out.now = board_.chunk(b.chunk);
  auto db = plan_.pool.acquire(sql::access::write);
  if (!db) {
    // A pool that is drained is an outage to us: the database itself has not been asked.
    if (db.error().code() != errc::busy) return db.error();
    return error(errc::unavailable, db.error().message());
  }
  auto tx = sql::transaction::begin(**db);
  if (!tx) return tx.error();
  if (auto done = apply(**db, b, how, out); !done) {
    // What a connection said as it broke (that there is no transaction, say) is no verdict on rows.
    if (may_be_one_row(done.error()) && (*db)->is_broken()) {
      return error(errc::unavailable, done.error().message());
    }
    return done;
  }
  return tx->commit();
}

/// Whether the chunk stands where the batch would have put it.
result<bool> import_writer::has_moved(const import_batch& b) {
  auto db = plan_.pool.acquire(sql::access::write);
  if (!db) return db.error();
  auto at = plan_.store.position(**db, plan_.record.id, b.chunk);
  if (!at) return at.error();
  return *at == b.to.offset;
}

result<void> import_writer::write(const import_batch& b) {
  import_patience waiting(plan_.options, board_);
  care how = care::whole;
  // What a commit without an answer leaves behind if it took effect. The batch is then tried again
  // like any other, for the checkpoint lets only one of the two through.
  std::optional<import_chunk> doubted;
  for (;;) {
    attempt a;
    auto done = try_once(b, how, a);
    if (done) {
      board_.committed(b.chunk, a.now);
      return {};
    }
    ::scalekit::error e = std::move(done).error();
    if (e.code() == errc::stale_token && doubted) {
      auto moved = has_moved(b);
      if (moved && *moved) {
        board_.committed(b.chunk, *doubted);
        return {};
      }
      if (!moved) e = std::move(moved).error();
    }
    if (e.outcome_unknown()) {
      ++board_.in_doubt;
      doubted = std::move(a.now);
    }
    if (how == care::whole && may_be_one_row(e)) {
      ++board_.bisected;
      how = care::each_row;
    } else if (!waiting.lasts_after(e.code())) {
      return std::move(e).with_context(
          "import " + plan_.record.id + ": rows from line " +
          std::to_string(b.rows.empty() ? b.to.line : b.rows.front().begin.line)
      );
    }
  }
}

}  // namespace scalekit::inline v0::bulk
