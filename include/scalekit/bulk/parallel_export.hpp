// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_PARALLEL_EXPORT_HPP
#define SCALEKIT_BULK_PARALLEL_EXPORT_HPP

#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/bulk/export_options.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace scalekit::inline v0::bulk {

/// \brief Runs a task, now or later, here or on another thread. It must run every task it accepts
/// before it is destroyed.
using executor_fn = std::function<void(std::function<void()>)>;

struct parallel_options {
  /// Where ranges are read. Empty: all work happens inside `next`, on the caller's thread.
  executor_fn executor = {};
  /// Ranges in work or waiting to be taken; each holds one chunk. Memory is this times the size of
  /// a range. At least 1.
  std::size_t in_flight = 4;
  /// Rows in a range. A range is one task of some milliseconds; smaller ones cost more look-ahead.
  std::int64_t range_rows = 5000;
};

/// \brief The export of \ref export_stream made on several cores: byte for byte the same output,
/// in the same order.
///
/// Each task first steps over the keys of the next range (an index scan, serial), then reads and
/// formats that range (parallel), on a connection of its own from the pool. Tasks are started by
/// `next` only, so a slow consumer stops the work, and no task ever waits for another thread: if
/// the executor is busy, `next` does the work itself.
///
/// Each range sees its own snapshot; `read_view::run` is refused. A transform runs on several
/// threads at once and must allow that.
///
/// \par Thread-safety  As \ref chunk_source. The pool must outlive it; destruction waits for tasks.
class SCALEKIT_EXPORT parallel_export final : public chunk_source {
 public:
  /// \par Errors as \ref export_stream::open; `invalid_argument` for `read_view::run`.
  [[nodiscard]] static result<std::unique_ptr<parallel_export>> open(
      sql::pool& connections, export_options options, parallel_options how
  );

  /// \brief As \ref export_stream::resume.
  [[nodiscard]] static result<std::unique_ptr<parallel_export>> resume(
      sql::pool& connections,
      export_options options,
      parallel_options how,
      const checkpoint& from,
      const sql::value& upper_bound,
      const export_fingerprint& expected
  );

  ~parallel_export() override;

  [[nodiscard]] result<bool> next(csv::buffer& out) override;
  [[nodiscard]] const checkpoint& position() const noexcept override;
  [[nodiscard]] bulk::progress progress() const override;
  [[nodiscard]] std::shared_ptr<canceller> cancel_handle() const noexcept override;

  [[nodiscard]] const export_fingerprint& fingerprint() const noexcept;
  [[nodiscard]] const sql::value& upper_bound() const noexcept;
  [[nodiscard]] bytes digest_value() const;

 private:
  struct impl;
  explicit parallel_export(std::shared_ptr<impl> state) noexcept;
  std::shared_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::bulk

#endif
