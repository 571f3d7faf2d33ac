// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/interrupter.hpp"

#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

#ifdef LIBPQ_HAS_ASYNC_CANCEL
// Since libpq 17 a cancel is encrypted where its connection is.
PGcancelConn* make_cancel(PGconn* conn) noexcept { return PQcancelCreate(conn); }
void free_cancel(PGcancelConn* c) noexcept { PQcancelFinish(c); }
bool send_cancel(PGcancelConn* c) noexcept {
  const bool sent = PQcancelBlocking(c) == 1;
  PQcancelReset(c);
  return sent;
}
#else
PGcancel* make_cancel(PGconn* conn) noexcept { return PQgetCancel(conn); }
void free_cancel(PGcancel* c) noexcept { PQfreeCancel(c); }
bool send_cancel(PGcancel* c) noexcept {
  char why[256];
  return PQcancel(c, why, sizeof why) == 1;
}
#endif

}  // namespace

interrupter::interrupter(PGconn* conn) noexcept : cancel_(make_cancel(conn)) {}

interrupter::~interrupter() { detach(); }

void interrupter::interrupt() noexcept {
  // Asked before the lock too, so that whoever interrupts again and again does not keep it from
  // the statement that ends.
  if (!running_.load()) return;
  const std::scoped_lock lock(mutex_);
  if (!running_.load() || cancel_ == nullptr) return;
  // Set first, for the statement may fail before we hear that the cancel has arrived.
  const bool before = sent_.exchange(true);
  if (!send_cancel(cancel_)) sent_.store(before);
}

bool interrupter::settled_sent() noexcept {
  if (!sent_.load()) return false;
  const std::scoped_lock lock(mutex_);
  return sent_.load();
}

void interrupter::detach() noexcept {
  running_.store(false);
  const std::scoped_lock lock(mutex_);
  if (cancel_ != nullptr) free_cancel(std::exchange(cancel_, nullptr));
}

void interrupter::begin() noexcept {
  sent_.store(false);
  running_.store(true);
}

void interrupter::end() noexcept {
  running_.store(false);
  const std::scoped_lock lock(mutex_);
}

}  // namespace scalekit::inline v0::postgres
