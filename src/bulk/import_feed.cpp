// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_feed.hpp"

#include "bulk/import_patience.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

/// Rejects wait in memory until their batch is written.
constexpr std::size_t most_reject_bytes = std::size_t{4} * 1024 * 1024;

/// The file as long as it was: what somebody puts behind a last row without a line end is not part
/// of that row.
class pinned_source final : public csv::byte_source {
 public:
  pinned_source(std::unique_ptr<csv::byte_source> file, std::uint64_t left) noexcept
      : file_(std::move(file)), left_(left) {}
  result<std::size_t> read(std::span<char> into) override {
    if (left_ == 0) return std::size_t{0};
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    auto n = file_->read(into.first(most));
    if (n) left_ -= *n;
    return n;
  }

 private:
  std::unique_ptr<csv::byte_source> file_;
  std::uint64_t left_;
};

/// What a rule or a transform of the host throws must not be lost on a host's thread.
result<bool> fill_or_error(import_feed& feed, import_batch& out) {
  try {
    return feed.fill(out);
  } catch (const std::exception& e) {
    return error(errc::internal, std::string("import: exception: ") + e.what());
  } catch (...) {
    return error(errc::internal, "import: exception of an unknown type");
  }
}

}  // namespace

import_feed::import_feed(const import_plan& plan, import_state_board& board, claim_fn claim)
    : plan_(plan), board_(board), claim_(std::move(claim)) {}

result<void> import_feed::open(piece next) {
  stamp_ = plan_.file.stamp();
  if (auto same = verify_chunk(plan_, next.chunk); !same) return same;
  at_ = next.chunk.at;
  next_duplicate_ = 0;
  // From its beginning, for they are stored many at a time, under the place of the first.
  auto found = read_patiently(plan_, board_, [&](sql::connection& db) {
    return plan_.store.duplicates(db, plan_.record.id, next.chunk.begin.offset, next.chunk.end);
  });
  if (!found) return found.error();
  duplicates_ = *std::move(found);
  reader_.reset();
  auto source = plan_.file.open(at_.offset);
  if (!source) return source.error();
  source_ =
      std::make_unique<pinned_source>(*std::move(source), plan_.record.end.offset - at_.offset);
  auto reader = csv::reader::open_at(*source_, at_, plan_.record.header_columns, plan_.inside);
  if (!reader) return reader.error();
  reader_ = *std::move(reader);
  current_ = std::move(next);
  return {};
}

/// The error of a row that has lost to another with the same key.
row_error import_feed::duplicate_error(const csv::record& row, const import_duplicate& d) const {
  const std::string line = std::to_string(d.winner_line);
  if (d.key != 0) {
    row_error e = plan_.checker.error_at(row, d.key - 1);
    e.code = "rule.unique";
    e.message = "line " + line + " has the same value";
    e.suggestion = "make the value unique, or remove one of the two rows";
    return e;
  }
  return {
      .code = "rule.duplicate_key",
      .message = "line " + line + " has the same key",
      .suggestion = "keep one of the two",
      .record = row.begin().record,
      .line = row.begin().line,
      .offset = row.begin().offset};
}

const import_duplicate* import_feed::duplicate_at(std::uint64_t offset) noexcept {
  while (next_duplicate_ < duplicates_.size() && duplicates_[next_duplicate_].offset < offset) {
    ++next_duplicate_;
  }
  if (next_duplicate_ == duplicates_.size() || duplicates_[next_duplicate_].offset != offset) {
    return nullptr;
  }
  return &duplicates_[next_duplicate_];
}

bool import_feed::full(const import_batch& b) const noexcept {
  const import_options& o = plan_.options;
  return b.rows.size() >= o.batch_rows ||
         b.arena.used() + b.values.size() * sizeof(sql::value_view) >= o.batch_bytes ||
         b.records >= 4 * o.batch_rows || reject_bytes_ >= most_reject_bytes;
}

result<void> import_feed::read_record(const csv::record& row, import_batch& out) {
  ++out.records;
  if (const import_duplicate* d = duplicate_at(row.begin().offset)) {
    if (d->key == 0 && plan_.options.duplicates != sql::duplicate_policy::reject) {
      ++out.folded;
      return {};
    }
    errors_.assign(1, duplicate_error(row, *d));
  } else {
    errors_.clear();
    if (plan_.checker.check(row, row_, errors_)) {
      out.add_row(row_.values(), {row.begin(), row.bytes()});
      return {};
    }
  }
  out.rejects.push_back({row.begin(), row.bytes(), std::move(errors_)});
  reject_bytes_ += size_of(out.rejects.back());
  errors_ = {};
  return {};
}

result<bool> import_feed::fill(import_batch& out) {
  out.clear();
  reject_bytes_ = 0;
  if (current_ && at_.offset >= current_->chunk.end) current_.reset();
  if (!current_) {
    std::optional<piece> next = claim_();
    if (!next) return false;
    if (auto opened = open(*std::move(next)); !opened) return opened.error();
  }
  out.chunk = current_->number;
  out.from = at_.offset;
  if (auto read = read_rows(out); !read) return read.error();
  if (plan_.file.stamp() != stamp_) return unsettled_file(plan_);
  out.to = at_;
  return true;
}

result<void> import_feed::read_rows(import_batch& out) {
  for (;;) {
    auto more = reader_->next();
    if (!more) return std::move(more).error().with_context(std::string(plan_.file.name()));
    if (!*more || reader_->row().begin().offset >= current_->chunk.end) {
      if (!*more && reader_->position().offset < plan_.record.end.offset) {
        return changed_file(plan_, reader_->position());
      }
      at_ = *more ? reader_->row().begin() : reader_->position();
      at_.offset = current_->chunk.end;
      return {};
    }
    if (auto read = read_record(reader_->row(), out); !read) return read;
    at_ = reader_->position();
    if (full(out)) return {};
  }
}

struct read_ahead::state {
  explicit state(import_feed f) : feed(std::move(f)) {}

  enum class phase { idle, offered, running, ready };

  /// Runs the offered work, unless somebody else has taken it.
  void attempt() {
    {
      const std::lock_guard lock(mutex);
      if (at != phase::offered) return;
      at = phase::running;
    }
    result<bool> filled = fill_or_error(*feed, batch);
    {
      const std::lock_guard lock(mutex);
      outcome = std::move(filled);
      at = phase::ready;
    }
    changed.notify_all();
  }

  std::optional<import_feed> feed;  // used in `running` only; gone with the read_ahead
  import_batch batch;
  std::mutex mutex;
  std::condition_variable changed;
  phase at = phase::idle;
  result<bool> outcome = false;
};

read_ahead::read_ahead(import_feed feed, std::function<void(std::function<void()>)> executor)
    : state_(std::make_shared<state>(std::move(feed))), executor_(std::move(executor)) {}

read_ahead::~read_ahead() {
  std::unique_lock lock(state_->mutex);
  if (state_->at == state::phase::offered) state_->at = state::phase::idle;
  state_->changed.wait(lock, [this] { return state_->at != state::phase::running; });
  state_->feed.reset();
}

result<bool> read_ahead::next(import_batch& out) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->at == state::phase::idle) state_->at = state::phase::offered;
  }
  state_->attempt();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->at == state::phase::ready; });
  if (!state_->outcome || !*state_->outcome) return state_->outcome;  // stays the answer
  std::swap(out, state_->batch);
  state_->at = state::phase::idle;
  if (!executor_) return true;
  state_->at = state::phase::offered;
  lock.unlock();
  try {
    executor_([s = state_] { s->attempt(); });
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody else does it, so we will
  }
  return true;
}

}  // namespace scalekit::inline v0::bulk
