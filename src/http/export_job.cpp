// SPDX-License-Identifier: BSL-1.0
#include "http/export_job.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/crypto/sha256.hpp>
#include <scalekit/encoding.hpp>

#include <utility>

namespace scalekit::inline v0::http {

export_job::export_job(
    std::shared_ptr<export_endpoint::impl> endpoint, request what, worker_fn worker
)
    : endpoint_(std::move(endpoint)), request_(std::move(what)), worker_(std::move(worker)) {
  status_.remote_address = request_.remote_address;
  status_.started = endpoint_->time().system_now();
}

export_job::~export_job() { close(); }

export_head export_job::prepare(export_chunk& first) {
  auto definition = endpoint_->options.define(request_);
  if (!definition) {
    auto r = problem(definition.error());
    if (r.status >= 500) endpoint_->log(log_level::error, definition.error().describe());
    return {.status = r.status, .headers = std::move(r.headers), .body = std::move(r.body)};
  }
  definition_.emplace(std::move(*definition));
  fields probe;
  if (auto ok = probe.set("Content-Type", definition_->content_type); !ok) {
    return fail(error(errc::internal, ok.error().message()));
  }
  wish w = read_wish();
  if (auto said = choose_coding(w)) return *std::move(said);
  if (auto said = look_up(w)) return *std::move(said);
  if (request_.method == "HEAD") return head_only(w);
  if (auto said = open_or_answer(w)) return *std::move(said);
  if (session_ != nullptr && session_->totals() && coding_ == content_coding::identity) {
    promise(w, *session_->totals());
  }
  if (auto made = next(first); !made) return fail(made.error());
  return begin(w, first);
}

export_job::answer export_job::open_or_answer(wish& w) {
  if (auto lent = borrow(); !lent) return fail(lent.error());
  auto opened = open(w);
  if (!opened && !w.id.empty()) {
    const errc why = opened.error().code();
    if (why == errc::conflict || why == errc::not_found ||
        (why == errc::invalid_argument && w.first > 0)) {
      endpoint_->log(log_level::info, opened.error().describe());
      if (auto said = refuse(w, why)) return said;
      opened = open(w);
    }
  }
  if (!opened) return fail(opened.error());
  return std::nullopt;
}

result<void> export_job::borrow() {
  // Without waiting: the exports that hold the connections need this worker to go on.
  auto lent = endpoint_->connections.try_acquire(sql::access::read);
  if (!lent) return lent.error();
  connection_ = std::move(*lent);
  auto handle = connection_->interrupt_handle();
  const std::lock_guard lock(mutex_);
  interrupt_ = std::move(handle);
  return {};
}

result<void> export_job::open(const wish& w) {
  if (cancelled_) return errc::cancelled;
  auto made = open_source(w);
  if (!made) return made.error();
  if (*made == nullptr) return error(errc::internal, "the export's source is null");
  source_ = std::move(*made);
  {
    const std::lock_guard lock(mutex_);
    canceller_ = source_->cancel_handle();
    status_.name = name();
    status_.id = session_ != nullptr ? session_->id() : endpoint_->random().hex_id();
  }
  return set_up_coding();
}

result<std::unique_ptr<bulk::chunk_source>> export_job::open_source(const wish& w) {
  if (const auto* custom = std::get_if<custom_export>(&definition_->what)) {
    return custom->open(*connection_);
  }
  const auto& o = endpoint_->options;
  auto what = std::get<bulk::export_options>(definition_->what);
  if (o.store == nullptr) {
    what.digest = {};  // the body is hashed as it is sent; nobody would ask for the other
    auto stream = bulk::export_stream::open(*connection_, std::move(what));
    if (!stream) return stream.error();
    return std::unique_ptr<bulk::chunk_source>(std::move(*stream));
  }
  if (!what.digest) what.digest = crypto::sha256_factory();
  session_digest_ = what.digest()->algorithm();
  const bulk::session_options session{.lifetime = o.lifetime, .time = o.time, .random = o.random};
  auto made = w.id.empty()
                  ? bulk::export_session::start(*connection_, *o.store, std::move(what), session)
                  : bulk::export_session::resume(
                        *connection_, *o.store, std::move(what), w.id, w.first, session
                    );
  if (!made) return made.error();
  session_ = made->get();
  return std::unique_ptr<bulk::chunk_source>(std::move(*made));
}

result<void> export_job::set_up_coding() {
  if (coding_ == content_coding::gzip) {
    auto encoder =
        compress::gzip_stream::make({.level = endpoint_->options.gzip_level, .executor = worker_});
    if (!encoder) return encoder.error();
    gzip_.emplace(std::move(*encoder));
  }
  if (gzip_ || session_ == nullptr) own_digest_ = std::make_unique<crypto::sha256>();
  return {};
}

void export_job::promise(const wish& w, const bulk::export_totals& totals) noexcept {
  if (w.first > totals.bytes) return;
  const auto wanted = w.last < totals.bytes ? w.last + 1 : totals.bytes;
  promised_ = wanted - w.first;
  promised_to_end_ = wanted == totals.bytes;
}

result<void> export_job::next(export_chunk& out) {
  out.view_ = {};
  while (!ended_ && out.view_.empty()) {
    if (cancelled_) return errc::cancelled;
    auto more = source_->next(out.plain_);
    if (!more) return more.error();
    note_progress();
    ended_ = !*more || source_->position().at_end;
    out.view_ = out.plain_.view();
    if (auto kept = keep_promise(out.view_); !kept) return kept;
    if (gzip_) {
      if (auto coded = encode(out); !coded) return coded;
    }
    if (own_digest_) own_digest_->update(as_bytes(out.view_));
  }
  return {};
}

/// Holds the body to its Content-Length: never a byte more, never an end too soon, and the last
/// byte only once the source has confirmed that it is the last.
result<void> export_job::keep_promise(std::string_view& text) {
  if (!promised_) return {};
  const auto changed = [] {
    return error(
        errc::conflict, "the export has another length than when it was finished: rows have changed"
    );
  };
  if (text.size() >= *promised_ && !promised_to_end_) {
    text = text.substr(0, static_cast<std::size_t>(*promised_));
    ended_ = true;
  }
  if (text.size() > *promised_) return changed();
  *promised_ -= text.size();
  if (ended_ != (*promised_ == 0)) {
    if (ended_) return changed();
    csv::buffer beyond;
    auto more = source_->next(beyond);
    if (!more) return more.error();
    if (*more || !beyond.empty()) return changed();
    ended_ = true;
  }
  return {};
}

result<void> export_job::encode(export_chunk& out) {
  out.coded_.clear();
  if (auto ok = gzip_->write(out.view_, out.coded_); !ok) return ok;
  if (ended_) {
    if (auto ok = gzip_->finish(out.coded_); !ok) return ok;
  }
  out.view_ = out.coded_;
  return {};
}

void export_job::note_progress() {
  auto now = source_->progress();
  const std::lock_guard lock(mutex_);
  status_.progress = std::move(now);
}

std::string export_job::repr_digest() const {
  if (own_digest_) {
    return digest_field(own_digest_->algorithm(), as_text(own_digest_->value()));
  }
  if (session_ == nullptr || !session_->totals()) return {};
  const auto raw = from_hex(session_->totals()->digest_hex);
  if (!raw || raw->empty()) return {};
  return digest_field(session_digest_, as_text(*raw));
}

fields export_job::trailers() const {
  fields out;
  if (const auto digest = repr_digest(); !digest.empty()) {
    static_cast<void>(out.set("Repr-Digest", digest));
  }
  const auto rows = session_ != nullptr && session_->totals() ? session_->totals()->rows
                                                              : source_->position().rows;
  static_cast<void>(out.set("X-Export-Rows", std::to_string(rows)));
  return out;
}

void export_job::close() noexcept {
  {
    // First: nobody may interrupt the connection once another may have it.
    const std::lock_guard lock(mutex_);
    canceller_.reset();
    interrupt_.reset();
  }
  gzip_.reset();
  session_ = nullptr;
  source_.reset();
  connection_.release();
}

void export_job::cancel() noexcept {
  cancelled_ = true;
  const std::lock_guard lock(mutex_);
  if (canceller_) {
    canceller_->cancel();
  } else if (interrupt_) {
    interrupt_->interrupt();
  }
}

export_run_status export_job::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace scalekit::inline v0::http
