// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_INTERRUPTER_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_INTERRUPTER_HPP

#include <scalekit/ports/sql.hpp>

#include <atomic>
#include <libpq-fe.h>
#include <mutex>

namespace scalekit::inline v0::postgres {

/// Cancels what runs on a connection, and only that: \ref end waits for a cancel under way, which
/// PostgreSQL has delivered when it hangs up, so none can hit the next statement.
class interrupter final : public sql::interrupt_handle {
 public:
  explicit interrupter(PGconn* conn) noexcept;
  ~interrupter() override;

  void interrupt() noexcept override;
  /// After this, \ref interrupt does nothing.
  void detach() noexcept;

  /// A statement begins, no cancel has been sent for it yet.
  void begin() noexcept;
  void end() noexcept;
  /// Whether one was sent since the latest \ref begin.
  [[nodiscard]] bool sent() const noexcept { return sent_.load(); }
  /// The same, once a cancel that is under way has got through or failed.
  [[nodiscard]] bool settled_sent() noexcept;

 private:
  std::mutex mutex_;
  std::atomic<bool> running_{false};
  std::atomic<bool> sent_{false};
#ifdef LIBPQ_HAS_ASYNC_CANCEL
  PGcancelConn* cancel_;
#else
  PGcancel* cancel_;
#endif
};

}  // namespace scalekit::inline v0::postgres

#endif
