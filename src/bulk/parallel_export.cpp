// SPDX-License-Identifier: BSL-1.0
#include "bulk/export_meter.hpp"
#include "bulk/export_plan.hpp"

#include <scalekit/bulk/parallel_export.hpp>
#include <scalekit/keyset/scan.hpp>

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace scalekit::inline v0::bulk {

namespace {

/// One range, read and formatted.
struct piece {
  csv::buffer text;
  std::uint64_t rows = 0;
  std::vector<sql::value> last_key;  ///< empty in the last range, which ends where the rows end
};

struct range {
  std::uint64_t number = 0;
  std::optional<std::vector<sql::value>> after;
  std::optional<std::vector<sql::value>> up_to;
};

}  // namespace

struct parallel_export::impl : std::enable_shared_from_this<parallel_export::impl> {
  impl(sql::pool& connections, export_plan p, parallel_options h)
      : pool(connections), plan(std::move(p)), how(std::move(h)), meter(plan.options) {}

  sql::pool& pool;
  const export_plan plan;
  parallel_options how;
  export_meter meter;  // consumer only
  std::unique_ptr<digest> hash;
  std::shared_ptr<canceller> cancel = std::make_shared<canceller>();
  checkpoint at;
  bool header_due = false;

  // Held while a range is being measured out, so that ranges follow each other.
  std::mutex scout;
  std::optional<std::vector<sql::value>> boundary;
  bool measured_all = false;

  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t started = 0;  ///< ranges measured out so far
  std::uint64_t taken = 0;    ///< ranges the consumer has had
  std::size_t queued = 0;     ///< tasks given to the executor that have not begun
  std::size_t running = 0;    ///< tasks that have
  bool closed = false;        ///< tasks that begin from now on do nothing
  std::map<std::uint64_t, result<piece>> done;

  enum class worker { consumer, helper };
  result<std::optional<piece>> attempt(std::optional<std::uint64_t>& number);
  void work(worker who);
  void run_task();
  result<std::optional<range>> measure(sql::connection& db);
  result<piece> read(sql::connection& db, const range& r);
  void top_up();
  result<std::optional<piece>> take();
};

/// Steps over the keys of the next range; nothing if there is none left.
result<std::optional<range>> parallel_export::impl::measure(sql::connection& db) {
  const std::lock_guard lock(scout);
  if (measured_all || cancel->cancelled()) return std::optional<range>();
  keyset::source keys_only = plan.options.source;
  keys_only.columns.clear();
  auto scan = keyset::scan::open(
      db, keys_only, plan.options.order, {.after = boundary, .page_rows = how.range_rows}
  );
  if (!scan) return scan.error();
  range r;
  r.after = boundary;
  std::vector<sql::value> last;
  for (std::int64_t row = 0; row < how.range_rows; ++row) {
    auto more = scan->next();
    if (!more) return more.error();
    if (!*more) {
      measured_all = true;
      break;
    }
    if (row + 1 == how.range_rows) {
      if (auto copied = scan->key(last); !copied) return copied.error();
      r.up_to = last;
      boundary = last;
    }
  }
  const std::lock_guard guard(mutex);
  r.number = started++;
  return std::optional(std::move(r));
}

result<piece> parallel_export::impl::read(sql::connection& db, const range& r) {
  auto encoder = csv::encoder::make(plan.options.dialect);
  if (!encoder) return encoder.error();
  auto scan = keyset::scan::open(
      db,
      plan.options.source,
      plan.options.order,
      {.after = r.after, .up_to = r.up_to, .page_rows = 0}
  );
  if (!scan) return scan.error();
  row_pipeline pipeline(plan);
  piece p;
  for (;;) {
    if (cancel->cancelled()) return error(errc::cancelled, "export: cancelled");
    auto more = scan->next();
    if (!more) return more.error();
    if (!*more) break;
    auto row = pipeline.apply(scan->row());
    if (!row) return row.error();
    if (row->empty()) continue;
    encoder->row(p.text, *row, plan.formats);
    ++p.rows;
  }
  if (r.up_to) p.last_key = *r.up_to;
  return p;
}

/// Measures a range out and reads it; `number` is set once the range has one.
result<std::optional<piece>> parallel_export::impl::attempt(std::optional<std::uint64_t>& number) {
  try {
    auto db = pool.acquire(sql::access::read);
    if (!db) return db.error();
    const canceller::watch watch(*cancel, (*db)->interrupt_handle());
    auto r = measure(**db);
    if (!r) return r.error();
    if (!*r) return std::optional<piece>();
    number = (*r)->number;
    auto p = read(**db, **r);
    if (!p) return p.error();
    return std::optional(*std::move(p));
  } catch (const std::exception& e) {
    // A transform of the host's, or no memory; on an executor's thread nobody else would see it.
    return error(errc::internal, std::string("exception: ") + e.what());
  } catch (...) {
    return error(errc::internal, "exception of an unknown type");
  }
}

/// Puts one range where the consumer finds it.
void parallel_export::impl::work(worker who) {
  std::optional<std::uint64_t> number;
  auto made = attempt(number);
  const std::lock_guard lock(mutex);
  if (!made) {
    // A helper that found no connection free has begun nothing: the consumer will.
    const bool no_help = who == worker::helper && !number && made.error().code() == errc::busy;
    if (!no_help) {
      // Without a number the failure stands in for the next range, so that the consumer meets it.
      done.try_emplace(number.value_or(started), std::move(made).error().with_context("export"));
      if (!number) ++started;
    }
  } else if (*made) {
    done.try_emplace(*number, **std::move(made));
  }
  changed.notify_all();
}

void parallel_export::impl::run_task() {
  {
    const std::lock_guard lock(mutex);
    --queued;
    if (closed) return;
    ++running;
  }
  work(worker::helper);
  const std::lock_guard lock(mutex);
  --running;
  changed.notify_all();
}

/// Starts tasks until as many are in flight as may be.
void parallel_export::impl::top_up() {
  while (how.executor) {
    {
      const std::lock_guard lock(mutex);
      if (queued + (started - taken) >= how.in_flight || cancel->cancelled()) return;
      ++queued;
    }
    try {
      how.executor([self = shared_from_this()] { self->run_task(); });
    } catch (...) {
      // An executor that takes no more is no help; `next` does the work itself.
      const std::lock_guard lock(mutex);
      --queued;
      return;
    }
    const std::lock_guard lock(scout);
    if (measured_all) return;
  }
}

/// The next range in order; nothing at the end. Works itself where nobody else has begun.
result<std::optional<piece>> parallel_export::impl::take() {
  top_up();
  std::unique_lock lock(mutex);
  for (;;) {
    if (auto found = done.find(taken); found != done.end()) {
      result<piece> p = std::move(found->second);
      done.erase(found);
      ++taken;
      if (!p) return p.error();
      return std::optional(*std::move(p));
    }
    if (taken < started) {
      changed.wait(lock);
      continue;
    }
    lock.unlock();
    {
      const std::lock_guard guard(scout);
      if (measured_all) {
        lock.lock();
        if (taken == started) return std::optional<piece>();
        continue;
      }
    }
    if (cancel->cancelled()) return error(errc::cancelled, "export: cancelled");
    work(worker::consumer);
    lock.lock();
  }
}

parallel_export::parallel_export(std::shared_ptr<impl> state) noexcept : impl_(std::move(state)) {}

parallel_export::~parallel_export() {
  impl_->cancel->cancel();
  std::unique_lock lock(impl_->mutex);
  // Tasks that have not begun are not waited for: this may be the thread they are waiting for.
  impl_->closed = true;
  impl_->changed.wait(lock, [this] { return impl_->running == 0; });
  impl_->how.executor = {};
}

namespace {

result<export_plan> prepare(
    sql::pool& connections,
    export_options options,
    const parallel_options& how,
    const sql::value* known_bound
) {
  if (options.read_view == read_view::run) {
    return error(
        errc::invalid_argument,
        "parallel_export: read_view::run needs one connection; use export_stream"
    );
  }
  if (how.in_flight == 0 || how.range_rows <= 0) {
    return error(
        errc::invalid_argument, "parallel_options: in_flight and range_rows must be positive"
    );
  }
  auto db = connections.acquire(sql::access::read);
  if (!db) return db.error();
  return export_plan::make(**db, std::move(options), known_bound);
}

}  // namespace

result<std::unique_ptr<parallel_export>> parallel_export::open(
    sql::pool& connections, export_options options, parallel_options how
) {
  auto plan = prepare(connections, std::move(options), how, nullptr);
  if (!plan) return plan.error();
  auto state = std::make_shared<impl>(connections, *std::move(plan), std::move(how));
  if (state->plan.options.digest) state->hash = state->plan.options.digest();
  state->header_due = state->plan.options.header == export_options::header_row::present;
  state->measured_all = state->plan.nothing_to_read;
  return std::unique_ptr<parallel_export>(new parallel_export(std::move(state)));
}

result<std::unique_ptr<parallel_export>> parallel_export::resume(
    sql::pool& connections,
    export_options options,
    parallel_options how,
    const checkpoint& from,
    const sql::value& upper_bound,
    const export_fingerprint& expected
) {
  auto plan = prepare(connections, std::move(options), how, &upper_bound);
  if (!plan) return plan.error();
  if (auto same = plan->check_same(expected); !same) return same.error();
  auto hash = restore_digest(plan->options, from);
  if (!hash) return hash.error();
  auto state = std::make_shared<impl>(connections, *std::move(plan), std::move(how));
  state->hash = *std::move(hash);
  state->header_due =
      from.bytes == 0 && state->plan.options.header == export_options::header_row::present;
  state->at = from;
  if (!from.key.empty()) state->boundary = from.key;
  state->measured_all = state->plan.nothing_to_read || from.at_end;
  state->meter.start_at(from.rows, state->plan.fraction(from));
  return std::unique_ptr<parallel_export>(new parallel_export(std::move(state)));
}

result<bool> parallel_export::next(csv::buffer& out) {
  impl& s = *impl_;
  out.clear();
  if (s.at.at_end) return false;
  export_meter::chunk timed(s.meter, s.at);
  if (std::exchange(s.header_due, false)) {
    auto encoder = csv::encoder::make(s.plan.options.dialect);
    if (!encoder) return encoder.error();
    encoder->header(out, s.plan.headers);
  }
  // A transform may have dropped every row of a range; an empty chunk would look like the end.
  do {
    auto p = s.take();
    if (!p) {
      out.clear();
      return p.error();
    }
    s.at.at_end = !*p || (*p)->last_key.empty();
    if (!*p) break;
    s.at.rows += (*p)->rows;
    if (!s.at.at_end) s.at.key = std::move((*p)->last_key);
    if (out.empty()) {
      std::swap(out, (*p)->text);
    } else {
      out.append((*p)->text.view());
    }
  } while (out.empty() && !s.at.at_end);
  s.at.bytes += out.size();
  if (s.hash != nullptr) {
    s.hash->update(as_bytes(out.view()));
    s.at.digest = s.hash->save();
  }
  timed.done(out.size());
  return !out.empty();
}

const checkpoint& parallel_export::position() const noexcept { return impl_->at; }

bulk::progress parallel_export::progress() const {
  return impl_->meter.progress(impl_->at, impl_->plan.fraction(impl_->at));
}

std::shared_ptr<canceller> parallel_export::cancel_handle() const noexcept { return impl_->cancel; }

const export_fingerprint& parallel_export::fingerprint() const noexcept {
  return impl_->plan.fingerprint;
}

const sql::value& parallel_export::upper_bound() const noexcept { return impl_->plan.upper_bound; }

bytes parallel_export::digest_value() const {
  return impl_->hash == nullptr ? bytes() : impl_->hash->value();
}

}  // namespace scalekit::inline v0::bulk
