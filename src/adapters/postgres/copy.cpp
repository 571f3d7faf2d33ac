// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/session.hpp"

#include <scalekit/adapters/postgres/copy.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

// Starts `sql`, which must make the server answer with `wanted`.
result<void> start_copy(
    session& s, std::string_view sql, stake what, ExecStatusType wanted, std::string_view expected
) {
  if (may_commit(sql)) what = stake::commit;
  if (auto started = s.start_simple(sql, what); !started) return started;
  const auto first = s.next_answer();
  if (first != nullptr && PQresultStatus(first.get()) == wanted) {
    s.reading = true;
    return {};
  }
  std::optional<error> failed;
  if (first == nullptr || PQresultStatus(first.get()) == PGRES_FATAL_ERROR) {
    failed = s.failure(first.get());
  } else {
    failed = error(errc::invalid_argument, "not a " + std::string(expected) + ": " + excerpt(sql));
  }
  if (first != nullptr && PQresultStatus(first.get()) == PGRES_COPY_IN) {
    PQputCopyEnd(s.handle(), "nobody sends it data");
  }
  if (auto rest = s.collect(std::move(failed)); !rest) return rest.error();
  return {};
}

session& release(session*& s) noexcept {
  s->reading = false;
  return *std::exchange(s, nullptr);
}

}  // namespace

result<std::unique_ptr<copy_reader>> connection::copy_out(std::string_view sql) {
  auto started = start_copy(*session_, sql, stake::statement, PGRES_COPY_OUT, "COPY ... TO STDOUT");
  if (!started) return started.error();
  return std::make_unique<copy_reader>(*session_);
}

result<std::unique_ptr<copy_writer>> connection::copy_in(std::string_view sql) {
  // Until its end is announced, nothing of it can have been written.
  auto started = start_copy(*session_, sql, stake::nothing, PGRES_COPY_IN, "COPY ... FROM STDIN");
  if (!started) return started.error();
  return std::make_unique<copy_writer>(*session_);
}

copy_reader::~copy_reader() {
  PQfreemem(buffer_);
  if (session_ != nullptr) release(session_).abandon();
}

result<std::string_view> copy_reader::next() {
  if (session_ == nullptr) return std::string_view();
  PQfreemem(std::exchange(buffer_, nullptr));
  const int size = PQgetCopyData(session_->handle(), &buffer_, 0);
  if (size > 0) {
    ++session_->stats.rows;
    return std::string_view(buffer_, static_cast<std::size_t>(size));
  }
  if (auto rest = release(session_).collect(); !rest) return rest.error();
  return std::string_view();
}

copy_writer::~copy_writer() {
  if (session_ == nullptr) return;
  session& s = release(session_);
  PQputCopyEnd(s.handle(), "aborted by the client");
  static_cast<void>(s.collect());
}

result<void> copy_writer::write(std::string_view data) {
  constexpr std::size_t piece = std::size_t{1} << 20U;
  if (session_ == nullptr) return error(errc::invalid_argument, "the COPY has ended");
  for (; !data.empty(); data.remove_prefix(std::min(piece, data.size()))) {
    const auto size = static_cast<int>(std::min(piece, data.size()));
    if (PQputCopyData(session_->handle(), data.data(), size) == 1) continue;
    session& s = release(session_);
    error why = s.failure(nullptr);
    return s.collect(std::move(why)).error();
  }
  return {};
}

result<std::int64_t> copy_writer::finish() {
  if (session_ == nullptr) return error(errc::invalid_argument, "the COPY has ended");
  session& s = release(session_);
  s.raise(stake::statement);
  std::optional<error> failed;
  if (PQputCopyEnd(s.handle(), nullptr) != 1) failed = s.failure(nullptr);
  auto last = s.collect(std::move(failed));
  if (!last) return last.error();
  auto done = s.outcome(last->get(), "COPY");
  if (!done) return done.error();
  return done->affected_rows;
}

}  // namespace scalekit::inline v0::postgres
