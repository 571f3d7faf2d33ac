// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_EXPORT_STATE_HPP
#define SCALEKIT_SRC_HTTP_EXPORT_STATE_HPP

#include <scalekit/http/export_endpoint.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::http {

class export_job;

/// Why an export ended before its last byte.
enum class abort_reason { none, client_gone, stalled, server_error, cancelled };

/// What one run adds to the endpoint's books, and how others reach it.
///
/// \par Thread-safety  Safe for concurrent calls.
struct export_entry {
  std::shared_ptr<export_job> job;
  /// Hands `abort(cancelled)` to the run's own executor; safe to call when that has ended.
  std::function<void()> cut_off;
};

/// The inside of an endpoint: its options, its books, its slots.
///
/// \par Thread-safety  Safe for concurrent calls.
struct export_endpoint::impl {
  impl(sql::pool& p, export_endpoint_options o);

  /// Takes a slot; false if none is free.
  [[nodiscard]] bool enter(const std::shared_ptr<export_entry>& entry);
  void leave(const std::shared_ptr<export_entry>& entry) noexcept;
  void count_end(abort_reason why, bool began) noexcept;
  void count_bytes(std::uint64_t n) noexcept;
  void log(log_level level, std::string_view text) const;

  [[nodiscard]] const clock& time() const noexcept {
    return options.time != nullptr ? *options.time : clock::system();
  }
  [[nodiscard]] random_source& random() const noexcept {
    return options.random != nullptr ? *options.random : random_source::system();
  }

  sql::pool& connections;
  const export_endpoint_options options;

  struct meters {
    explicit meters(metrics::registry& r);
    metrics::counter started, completed, aborted, refused, rejected, bytes;
    metrics::gauge active;
    metrics::histogram first_byte;
  } const meter;

  mutable std::mutex mutex;
  std::vector<std::shared_ptr<export_entry>> entries;
  export_endpoint_stats counts;  // but for `running`
};

}  // namespace scalekit::inline v0::http

#endif
