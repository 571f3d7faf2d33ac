// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/export_session.hpp>
#include <scalekit/encoding.hpp>

#include <utility>

namespace scalekit::inline v0::bulk {

struct export_session::impl {
  checkpoint_store& store;
  session_options options;
  export_record record;
  std::unique_ptr<export_stream> stream;
  std::uint64_t first_byte = 0;
  std::uint64_t last_stored = 0;
  // Checkpoints of an earlier run may lie ahead: what they record must come out again.
  bool replaying = false;
  csv::buffer ready;  // made while resuming, not yet handed out; begins at `skip`
  std::size_t skip = 0;

  result<bool> next_chunk(csv::buffer& out);
  result<void> replay(csv::buffer& out, const checkpoint& expected);
  result<void> store_position();
  result<void> finish();
  result<void> rewind_to(std::uint64_t offset);
};

namespace {

const clock& clock_of(const session_options& o) noexcept {
  return o.time != nullptr ? *o.time : clock::system();
}

result<void> check(const session_options& o) {
  if (o.lifetime <= std::chrono::seconds::zero()) {
    return error(errc::invalid_argument, "session_options: lifetime must be positive");
  }
  return {};
}

error changed_behind_us(std::string_view id) {
  return {
      errc::conflict,
      "export " + std::string(id) +
          ": rows that were already delivered have changed since; start a new one"};
}

}  // namespace

/// Stores the place behind the chunk just made, before anybody sees the chunk.
result<void> export_session::impl::store_position() {
  const checkpoint& at = stream->position();
  if (!at.at_end && at.bytes - last_stored < options.checkpoint_every) return {};
  if (auto stored = store.append(record.id, at); !stored) {
    return std::move(stored).error().with_context("export " + record.id);
  }
  last_stored = at.bytes;
  return {};
}

result<void> export_session::impl::finish() {
  const checkpoint& at = stream->position();
  const export_totals totals{at.rows, at.bytes, to_hex(stream->digest_value())};
  if (record.totals == totals) return {};
  if (record.totals) {
    return error(
        errc::conflict,
        "export " + record.id + ": an earlier run came to another end; rows have " +
            "changed since; start a new one"
    );
  }
  record.totals = totals;
  return store.finish(record.id, totals);
}

/// Makes again what an earlier run made up to `expected`, and checks that it is the same.
result<void> export_session::impl::replay(csv::buffer& out, const checkpoint& expected) {
  auto made = stream->next(out, expected.bytes - stream->position().bytes);
  if (!made) return made.error();
  if (stream->position().bytes != expected.bytes || stream->position().digest != expected.digest) {
    return changed_behind_us(record.id);
  }
  return {};
}

/// Makes again the chunk that holds `offset`.
result<void> export_session::impl::rewind_to(std::uint64_t offset) {
  const std::uint64_t from = stream->position().bytes;
  if (from == offset) return {};
  auto next_stored = store.after(record.id, offset);
  if (!next_stored) return next_stored.error();
  if (!*next_stored) {
    return error(
        errc::invalid_argument,
        "export " + record.id + ": byte " + std::to_string(offset) +
            " lies behind everything produced so far"
    );
  }
  if (auto same = replay(ready, **next_stored); !same) return same;
  skip = static_cast<std::size_t>(offset - from);
  return {};
}

result<bool> export_session::impl::next_chunk(csv::buffer& out) {
  if (replaying) {
    auto ahead = store.after(record.id, stream->position().bytes);
    if (!ahead) return ahead.error();
    if (*ahead) {
      if (auto same = replay(out, **ahead); !same) return same.error();
      return true;
    }
    replaying = false;
  }
  auto more = stream->next(out);
  if (!more) return more;
  auto recorded = *more ? store_position() : result<void>();
  if (recorded && stream->position().at_end) recorded = finish();
  if (!recorded) return recorded.error();
  return more;
}

export_session::export_session(std::unique_ptr<impl> state) noexcept : impl_(std::move(state)) {}
export_session::~export_session() = default;

result<std::unique_ptr<export_session>> export_session::start(
    sql::connection& db,
    checkpoint_store& store,
    export_options what,
    const session_options& options
) {
  if (auto ok = check(options); !ok) return ok.error();
  std::string name = what.name;
  auto stream = export_stream::open(db, std::move(what));
  if (!stream) return stream.error();
  random_source& random = options.random != nullptr ? *options.random : random_source::system();
  const system_time now = clock_of(options).system_now();
  export_record record{
      .id = random.hex_id(),
      .name = std::move(name),
      .fingerprint = (*stream)->fingerprint(),
      .upper_bound = (*stream)->upper_bound(),
      .created_at = now,
      .expires_at = now + options.lifetime,
      .totals = {}};
  if (auto created = store.create(record); !created) return created.error();
  return std::unique_ptr<export_session>(new export_session(std::unique_ptr<impl>(new impl{
      .store = store,
      .options = options,
      .record = std::move(record),
      .stream = *std::move(stream),
      .ready = {}})));
}

result<std::unique_ptr<export_session>> export_session::resume(
    sql::connection& db,
    checkpoint_store& store,
    export_options what,
    std::string_view id,
    std::uint64_t offset,
    const session_options& options
) {
  if (auto ok = check(options); !ok) return ok.error();
  auto record = store.find(id, clock_of(options).system_now());
  if (!record) return record.error();
  if (!*record) {
    return error(
        errc::not_found, "export " + std::string(id) + ": unknown, or expired; start a new one"
    );
  }
  auto from = store.at_or_before(id, offset);
  if (!from) return from.error();
  auto stream = export_stream::resume(
      db,
      std::move(what),
      from->value_or(checkpoint()),
      (*record)->upper_bound,
      (*record)->fingerprint
  );
  if (!stream) return stream.error();
  auto state = std::unique_ptr<impl>(new impl{
      .store = store,
      .options = options,
      .record = **std::move(record),
      .stream = *std::move(stream),
      .first_byte = offset,
      .ready = {}});
  state->last_stored = state->stream->position().bytes;
  state->replaying = true;
  if (auto there = state->rewind_to(offset); !there) return there.error();
  return std::unique_ptr<export_session>(new export_session(std::move(state)));
}

result<bool> export_session::next(csv::buffer& out) {
  impl& s = *impl_;
  out.clear();
  if (s.skip < s.ready.size()) {
    out.append(s.ready.view().substr(s.skip));
    s.ready = {};
    s.skip = 0;
    return true;
  }
  auto more = s.next_chunk(out);
  if (!more) out.clear();
  return more;
}

const checkpoint& export_session::position() const noexcept { return impl_->stream->position(); }
bulk::progress export_session::progress() const { return impl_->stream->progress(); }
std::shared_ptr<canceller> export_session::cancel_handle() const noexcept {
  return impl_->stream->cancel_handle();
}
const std::string& export_session::id() const noexcept { return impl_->record.id; }
std::uint64_t export_session::first_byte() const noexcept { return impl_->first_byte; }
const std::optional<export_totals>& export_session::totals() const noexcept {
  return impl_->record.totals;
}

}  // namespace scalekit::inline v0::bulk
