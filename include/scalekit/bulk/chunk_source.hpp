// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_CHUNK_SOURCE_HPP
#define SCALEKIT_BULK_CHUNK_SOURCE_HPP

#include <scalekit/bulk/checkpoint.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/csv/buffer.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief Stops an export from another thread.
///
/// \par Thread-safety  Safe for concurrent calls; may outlive the export.
class SCALEKIT_EXPORT canceller {
 public:
  /// \brief The running statement is interrupted and the next call of `next` fails with
  /// `cancelled`.
  void cancel() noexcept;
  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed);
  }

  /// \brief While it lives, \ref cancel interrupts the connection's statement; no longer, since the
  /// connection may then serve somebody else.
  class SCALEKIT_EXPORT watch {
   public:
    watch(canceller& owner, std::shared_ptr<sql::interrupt_handle> handle);
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch();

   private:
    canceller& owner_;
    std::shared_ptr<sql::interrupt_handle> handle_;
  };

 private:
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::vector<sql::interrupt_handle*> watched_;
};

/// \brief How far an export is.
struct progress {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  duration elapsed{};            ///< since this run began; a resumed run counts from its resume
  double rows_per_second = 0.0;  ///< over this run
  std::optional<double> fraction = {};  ///< 0 to 1, where an estimate of the whole exists
  std::optional<duration> remaining = {};
};

/// \brief Output that is made only when it is asked for, a chunk at a time.
///
/// A consumer that stops asking stops the work behind it: that is the whole of backpressure.
///
/// \par Thread-safety  One thread at a time; \ref cancel_handle is for the others.
class SCALEKIT_EXPORT chunk_source {
 public:
  chunk_source() = default;
  chunk_source(const chunk_source&) = delete;
  chunk_source& operator=(const chunk_source&) = delete;
  virtual ~chunk_source();

  /// \brief Clears `out` and fills it with the next chunk, which ends between two rows; false (and
  /// an empty buffer) at the end.
  ///
  /// The buffer is the caller's, so that one chunk can be sent while the next is made.
  ///
  /// \par Errors whatever the database gave; `cancelled`. After an error only destruction is left.
  [[nodiscard]] virtual result<bool> next(csv::buffer& out) = 0;

  /// \brief The place behind the chunk that \ref next gave last.
  [[nodiscard]] virtual const checkpoint& position() const noexcept = 0;

  [[nodiscard]] virtual bulk::progress progress() const = 0;

  [[nodiscard]] virtual std::shared_ptr<canceller> cancel_handle() const noexcept = 0;
};

}  // namespace scalekit::inline v0::bulk

#endif
