// SPDX-License-Identifier: BSL-1.0
#include "bulk/csv_scan.hpp"
#include "bulk/export_meter.hpp"
#include "bulk/export_plan.hpp"

#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/keyset/scan.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace scalekit::inline v0::bulk {

struct export_stream::impl {
  impl(sql::connection& connection, export_plan p, csv::encoder e)
      : db(connection),
        plan(std::move(p)),
        encoder(std::move(e)),
        rows(plan),
        meter(plan.options),
        watch(*cancel, db.interrupt_handle()) {}

  sql::connection& db;
  const export_plan plan;
  csv::encoder encoder;
  row_pipeline rows;
  export_meter meter;
  std::unique_ptr<digest> hash;
  // Declared before the scan, so that it ends after it.
  std::optional<sql::transaction> snapshot;
  std::optional<keyset::scan> scan;
  std::optional<csv_scan> lines;  // in place of `scan` where the database spells the rows
  std::shared_ptr<canceller> cancel = std::make_shared<canceller>();
  canceller::watch watch;
  checkpoint at;
  // Of the chunk being made: part of the position once it is whole.
  std::uint64_t chunk_rows = 0;
  std::vector<sql::value> chunk_key;
  std::optional<error> failed;

  result<void> start_scan();
  result<bool> make_chunk(csv::buffer& out, std::uint64_t chunk_bytes);
  result<bool> fill(csv::buffer& out, std::uint64_t chunk_bytes);
  result<bool> fill_with_lines(csv::buffer& out, std::uint64_t chunk_bytes);
  void close_chunk(const csv::buffer& out, bool at_end);
};

result<void> export_stream::impl::start_scan() {
  if (plan.options.read_view == read_view::run && !db.in_transaction()) {
    auto began = sql::transaction::begin(
        db,
        {.mode = sql::transaction_mode::deferred,
         .level = sql::isolation::repeatable_read,
         .access = sql::transaction_options::access::read_only}
    );
    if (!began) return std::move(began).error().with_context("export: snapshot");
    snapshot.emplace(*std::move(began));
  }
  auto spelled = csv_scan::open(db, plan, at.key);
  if (!spelled) return std::move(spelled).error().with_context("export");
  lines = *std::move(spelled);
  if (lines) return {};
  auto opened = keyset::scan::open(
      db,
      plan.options.source,
      plan.options.order,
      {.after = at.key.empty() ? std::nullopt : std::optional(at.key),
       .page_rows = plan.options.page_rows}
  );
  if (!opened) return std::move(opened).error().with_context("export");
  scan.emplace(*std::move(opened));
  return {};
}

/// Adds rows until the chunk is full; false when the scan has ended.
result<bool> export_stream::impl::fill(csv::buffer& out, std::uint64_t chunk_bytes) {
  bool moved = false;
  while (out.size() < chunk_bytes) {
    if (cancel->cancelled()) return error(errc::cancelled, "export: cancelled");
    auto more = scan->next();
    if (!more) return std::move(more).error().with_context("export");
    if (!*more) return false;
    moved = true;
    auto row = rows.apply(scan->row());
    if (!row) return row.error();
    if (row->empty()) continue;
    encoder.row(out, *row, plan.formats);
    ++chunk_rows;
  }
  if (moved) {
    if (auto taken = scan->key(chunk_key); !taken) return taken.error();
  }
  // The consumer may take long to come back: no snapshot is held for it meanwhile. A server has
  // sent the page, or most of it, and would have to be told in a round trip to stop.
  if (plan.options.read_view == read_view::page && db.dialect() == sql::dialect::sqlite) {
    if (auto released = scan->release(); !released) return released.error();
  }
  return true;
}

result<bool> export_stream::impl::fill_with_lines(csv::buffer& out, std::uint64_t chunk_bytes) {
  const std::size_t before = out.size();
  while (out.size() < chunk_bytes) {
    if (cancel->cancelled()) return error(errc::cancelled, "export: cancelled");
    auto more = lines->next(out);
    if (!more) return std::move(more).error().with_context("export");
    if (!*more) return false;
    ++chunk_rows;
  }
  if (out.size() != before) {
    if (auto taken = lines->key(chunk_key); !taken) return std::move(taken).error();
  }
  return true;
}

void export_stream::impl::close_chunk(const csv::buffer& out, bool at_end) {
  at.rows += std::exchange(chunk_rows, 0);
  if (!chunk_key.empty()) at.key = std::exchange(chunk_key, {});
  at.bytes += out.size();
  at.at_end = at_end;
  if (hash != nullptr) {
    hash->update(as_bytes(out.view()));
    at.digest = hash->save();
  }
}

result<bool> export_stream::impl::make_chunk(csv::buffer& out, std::uint64_t chunk_bytes) {
  export_meter::chunk timed(meter, at);
  if (at.bytes == 0 && plan.options.header == export_options::header_row::present) {
    encoder.header(out, plan.headers);
  }
  bool more = !plan.nothing_to_read;
  if (more && !scan && !lines) {
    if (auto started = start_scan(); !started) return started.error();
  }
  if (more) {
    auto filled = lines ? fill_with_lines(out, chunk_bytes) : fill(out, chunk_bytes);
    if (!filled) return filled.error();
    more = *filled;
  }
  close_chunk(out, !more);
  if (!more) {
    scan.reset();
    lines.reset();
    snapshot.reset();
  }
  timed.done(out.size());
  return !out.empty();
}

export_stream::export_stream(std::unique_ptr<impl> state) noexcept : impl_(std::move(state)) {}
export_stream::~export_stream() = default;

namespace {

struct parts {
  export_plan plan;
  csv::encoder encoder;
};

result<parts> prepare(sql::connection& db, export_options options, const sql::value* known_bound) {
  auto plan = export_plan::make(db, std::move(options), known_bound);
  if (!plan) return plan.error();
  auto encoder = csv::encoder::make(plan->options.dialect);
  if (!encoder) return encoder.error();
  return parts{*std::move(plan), *std::move(encoder)};
}

}  // namespace

result<std::unique_ptr<export_stream>> export_stream::open(
    sql::connection& db, export_options options
) {
  auto made = prepare(db, std::move(options), nullptr);
  if (!made) return made.error();
  auto state = std::make_unique<impl>(db, std::move(made->plan), std::move(made->encoder));
  if (state->plan.options.digest) state->hash = state->plan.options.digest();
  return std::unique_ptr<export_stream>(new export_stream(std::move(state)));
}

result<std::unique_ptr<export_stream>> export_stream::resume(
    sql::connection& db,
    export_options options,
    const checkpoint& from,
    const sql::value& upper_bound,
    const export_fingerprint& expected
) {
  auto made = prepare(db, std::move(options), &upper_bound);
  if (!made) return made.error();
  if (auto same = made->plan.check_same(expected); !same) return same.error();
  auto hash = restore_digest(made->plan.options, from);
  if (!hash) return hash.error();
  auto state = std::make_unique<impl>(db, std::move(made->plan), std::move(made->encoder));
  state->hash = *std::move(hash);
  state->at = from;
  state->meter.start_at(from.rows, state->plan.fraction(from));
  return std::unique_ptr<export_stream>(new export_stream(std::move(state)));
}

result<bool> export_stream::next(csv::buffer& out) {
  const export_options& o = impl_->plan.options;
  const bool first = impl_->at.bytes == 0;
  return next(out, first ? std::min(o.first_chunk_bytes, o.chunk_bytes) : o.chunk_bytes);
}

result<bool> export_stream::next(csv::buffer& out, std::uint64_t chunk_bytes) {
  out.clear();
  if (impl_->failed) return *impl_->failed;
  if (impl_->at.at_end) return false;
  auto made = impl_->make_chunk(out, chunk_bytes);
  if (!made) {
    out.clear();
    impl_->failed = made.error();
  }
  return made;
}

const checkpoint& export_stream::position() const noexcept { return impl_->at; }

bulk::progress export_stream::progress() const {
  return impl_->meter.progress(impl_->at, impl_->plan.fraction(impl_->at));
}

std::shared_ptr<canceller> export_stream::cancel_handle() const noexcept { return impl_->cancel; }

const export_fingerprint& export_stream::fingerprint() const noexcept {
  return impl_->plan.fingerprint;
}

const sql::value& export_stream::upper_bound() const noexcept { return impl_->plan.upper_bound; }

bytes export_stream::digest_value() const {
  return impl_->hash == nullptr ? bytes() : impl_->hash->value();
}

}  // namespace scalekit::inline v0::bulk
