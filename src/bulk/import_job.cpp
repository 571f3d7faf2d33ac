// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_feed.hpp"
#include "bulk/import_impl.hpp"
#include "bulk/import_patience.hpp"
#include "bulk/import_writer.hpp"

#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

/// The threads of one run. A task that begins when the run is over finds it closed.
class crew : public std::enable_shared_from_this<crew> {
 public:
  crew(const import_plan& plan, import_state_board& board, std::optional<std::size_t> only)
      : plan_(plan), board_(board), only_(only), next_(only.value_or(0)) {}

  [[nodiscard]] result<void> run(std::size_t writers) {
    try {
      for (std::size_t i = 1; i < writers; ++i) {
        plan_.options.executor([self = shared_from_this()] { self->help(); });
      }
    } catch (...) {  // NOLINT(bugprone-empty-catch): then there are fewer of us
    }
    work();
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.wait(lock, [this] { return running_ == 0; });
    if (failure_) return *failure_;
    return {};
  }

 private:
  void help() {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      ++running_;
    }
    work();
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }

  void work() {
    result<void> done = guarded();
    if (done) return;
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(done).error();
    board_.ask_to_stop(import_stop::failure);
  }

  /// What a rule or a transform of the host throws becomes an error: on a host's thread nobody
  /// would catch it.
  result<void> guarded() {
    try {
      return write_batches();
    } catch (const std::exception& e) {
      return error(errc::internal, std::string("import: exception: ") + e.what());
    } catch (...) {
      return error(errc::internal, "import: exception of an unknown type");
    }
  }

  result<void> write_batches() {
    read_ahead batches(
        import_feed(plan_, board_, [self = shared_from_this()] { return self->claim(); }),
        plan_.options.executor
    );
    import_writer writer(plan_, board_);
    import_batch batch;
    for (;;) {
      if (board_.stop() != import_stop::none) return {};
      auto more = batches.next(batch);
      if (!more) return more.error();
      if (!*more) return {};
      if (auto written = writer.write(batch); !written) return written;
    }
  }

  std::optional<import_feed::piece> claim() {
    const std::lock_guard lock(mutex_);
    const std::optional<std::size_t> number = board_.next_open(next_);
    if (!number || (only_ && *number != *only_)) return {};
    next_ = *number + 1;
    return import_feed::piece{*number, board_.chunk(*number)};
  }

  const import_plan& plan_;
  import_state_board& board_;
  const std::optional<std::size_t> only_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_;
  std::size_t running_ = 0;
  bool closed_ = false;
  std::optional<::scalekit::error> failure_;
};

import_outcome outcome_of(import_stop why) noexcept {
  switch (why) {
    case import_stop::limit:
      return import_outcome::too_many_rejected;
    case import_stop::pause:
      return import_outcome::paused;
    case import_stop::cancel:
      return import_outcome::cancelled;
    case import_stop::none:
    case import_stop::failure:
      break;
  }
  return import_outcome::unfinished;
}

/// Rules run over the sample and the search for equal keys; what they throw is an error here too.
result<std::vector<import_chunk>> started(import_plan& plan) {
  try {
    return start_job(plan);
  } catch (const std::exception& e) {
    return error(errc::internal, std::string("import: exception: ") + e.what());
  } catch (...) {
    return error(errc::internal, "import: exception of an unknown type");
  }
}

}  // namespace

import_job::import_job(std::shared_ptr<impl> state) noexcept : impl_(std::move(state)) {}
import_job::~import_job() = default;

result<std::unique_ptr<import_job>> import_job::start(
    sql::pool& connections, csv::input_file& file, import_options options
) {
  auto plan = make_plan(connections, file, std::move(options));
  if (!plan) return plan.error();
  auto chunks = started(**plan);
  if (!chunks) return chunks.error();
  return std::unique_ptr<import_job>(
      new import_job(std::make_shared<impl>(*std::move(plan), *std::move(chunks)))
  );
}

result<std::unique_ptr<import_job>> import_job::resume(
    sql::pool& connections,
    csv::input_file& file,
    import_options options,
    std::string_view id,
    verify how
) {
  auto plan = make_plan(connections, file, std::move(options));
  if (!plan) return plan.error();
  auto chunks = take_up_job(**plan, id, how);
  if (!chunks) return chunks.error();
  return std::unique_ptr<import_job>(
      new import_job(std::make_shared<impl>(*std::move(plan), *std::move(chunks)))
  );
}

const std::string& import_job::id() const noexcept { return impl_->plan->record.id; }
std::size_t import_job::chunk_count() const noexcept { return impl_->board.chunk_count(); }

/// What the database has of the job; reading waits out an outage as writing does.
result<stored_job> import_job::impl::load() {
  return read_patiently(*plan, board, [this](sql::connection& db) -> result<stored_job> {
    auto record = plan->store.find(db, plan->record.id);
    if (!record) return record.error();
    if (!*record) {
      return error(errc::not_found, "import " + plan->record.id + ": it has been forgotten");
    }
    auto chunks = plan->store.chunks(db, plan->record.id);
    if (!chunks) return chunks.error();
    return stored_job{**std::move(record), *std::move(chunks)};
  });
}

result<void> import_job::impl::refresh() {
  auto now = load();
  if (!now) return now.error();
  if (now->record.state == import_state::cancelled) {
    return error(errc::conflict, "import " + plan->record.id + ": it was cancelled");
  }
  board.refresh(std::move(now->chunks));
  return {};
}

result<import_summary> import_job::impl::run(std::optional<std::size_t> only) {
  board.forget_failures();
  if (auto fresh = refresh(); !fresh) return fresh.error();
  run_begins();
  const std::size_t writers = plan->options.executor && !only ? plan->options.writers : 1;
  auto done = std::make_shared<crew>(*plan, board, only)->run(writers);
  run_ends();
  const import_stop why = board.take_pause();
  if (!done && done.error().code() != errc::cancelled) return done.error();
  auto now = summary(outcome_of(why));
  // A statement that somebody interrupted is no cancelled import.
  if (!done && now && now->outcome != import_outcome::cancelled) return done.error();
  return now;
}

result<import_summary> import_job::run() { return impl_->run(std::nullopt); }

result<import_summary> import_job::run_chunk(std::size_t chunk) {
  if (chunk >= chunk_count()) {
    return error(
        errc::invalid_argument,
        "import: there is no chunk " + std::to_string(chunk) + "; it has " +
            std::to_string(chunk_count()) + ", counted from 0"
    );
  }
  return impl_->run(chunk);
}

void import_job::pause() noexcept { impl_->board.ask_to_stop(import_stop::pause); }

result<void> import_job::cancel() {
  impl& s = *impl_;
  s.board.ask_to_stop(import_stop::cancel);
  auto db = s.plan->pool.acquire(sql::access::write);
  if (!db) return db.error();
  return s.plan->store.cancel(**db, s.plan->record.id);
}

import_progress import_job::progress() const {
  const impl& s = *impl_;
  const import_record& r = s.plan->record;
  const import_counts n = s.board.totals();
  import_progress p{
      .records = n.records,
      .inserted = n.inserted,
      .updated = n.updated,
      .unchanged = n.unchanged,
      .folded = n.folded,
      .rejected = n.rejected,
      .bytes = s.board.bytes_done(),
      .total_bytes = r.end.offset - r.begin.offset,
      .total_records = r.end.record - r.begin.record,
      .elapsed = s.elapsed()};
  const std::lock_guard lock(s.mutex);
  const double seconds = std::chrono::duration<double>(p.elapsed).count();
  if (seconds > 0) {
    p.rows_per_second = static_cast<double>(p.records - s.records_before) / seconds;
  }
  const std::uint64_t done = p.bytes - s.bytes_before;
  if (done > 0) {
    p.remaining = duration(static_cast<duration::rep>(
        static_cast<double>(p.elapsed.count()) * static_cast<double>(p.total_bytes - p.bytes) /
        static_cast<double>(done)
    ));
  }
  return p;
}

import_stats import_job::stats() const noexcept {
  const import_state_board& b = impl_->board;
  return {b.batches, b.contended, b.outages, b.in_doubt, b.given_up, b.bisected};
}

result<import_summary> import_job::summary() { return impl_->summary(import_outcome::unfinished); }

result<import_summary> import_job::impl::summary(import_outcome otherwise) {
  const import_record& r = plan->record;
  auto now = load();
  if (!now) return now.error();
  import_counts n;
  std::uint64_t bytes_read = 0;
  bool all = true;
  for (const import_chunk& c : now->chunks) {
    n.add(c.counts);
    bytes_read += c.at.offset - c.begin.offset;
    all = all && c.done();
  }
  import_summary out;
  out.file = r.file_name;
  out.file_sha256 = r.digest;
  out.dry_run = plan->options.mode == import_mode::dry_run;
  out.outcome = otherwise;
  if (now->record.state == import_state::cancelled) {
    out.outcome = import_outcome::cancelled;
  } else if (past_limits(n, plan->options.limits)) {
    out.outcome = import_outcome::too_many_rejected;
  } else if (all) {
    out.outcome = import_outcome::completed;
  }
  out.read = n.records;
  out.good = n.records - n.rejected;
  out.inserted = n.inserted;
  out.updated = n.updated;
  out.unchanged = n.unchanged;
  out.folded = n.folded;
  out.rejected = n.rejected;
  const std::uint64_t rows = r.end.record - r.begin.record;
  out.unprocessed = rows - std::min(rows, n.records);
  out.read_by_run = n.records - std::min(n.records, records_at_start());
  out.rejected_by_code = n.codes;
  out.bytes = bytes_read;
  out.elapsed = elapsed();
  return out;
}

result<std::vector<import_job::listing>> import_job::list(
    sql::pool& connections, std::string_view table_prefix
) {
  auto store = import_store::make(table_prefix);
  if (!store) return store.error();
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  if (auto made = store->create_tables(**db); !made) return made.error();
  auto records = store->all(**db);
  if (!records) return records.error();
  std::vector<listing> jobs;
  for (import_record& r : *records) {
    jobs.push_back(
        {std::move(r.id),
         std::move(r.name),
         std::move(r.file_name),
         r.created_at,
         r.state == import_state::cancelled}
    );
  }
  return jobs;
}

result<void> import_job::forget() {
  impl& s = *impl_;
  auto db = s.plan->pool.acquire(sql::access::write);
  if (!db) return db.error();
  return sql::run_transaction(**db, [&](sql::connection& tx) {
    return s.plan->store.forget(tx, s.plan->record.id);
  });
}

}  // namespace scalekit::inline v0::bulk
