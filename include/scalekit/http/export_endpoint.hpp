// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_EXPORT_ENDPOINT_HPP
#define SCALEKIT_HTTP_EXPORT_ENDPOINT_HPP

#include <scalekit/bulk/checkpoint_store.hpp>
#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/bulk/export_options.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/http/message.hpp>
#include <scalekit/log.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scalekit::inline v0::http {

/// \brief Runs a task on a thread that may block, now or later; must not drop it.
using worker_fn = std::function<void(std::function<void()>)>;

/// \brief An export that is not a plain table scan; it cannot be resumed.
struct custom_export {
  std::string name = {};  ///< what operators call it
  /// Makes its bytes; the connection is lent for as long as the source lives.
  std::function<result<std::unique_ptr<bulk::chunk_source>>(sql::connection&)> open = {};
};

/// \brief What one request downloads.
struct export_definition {
  /// Table, filters, columns, of which the `name` guards resuming: an id belongs to one name; if
  /// no `digest` is given, SHA-256 is kept. Or a source of the host's own.
  std::variant<bulk::export_options, custom_export> what;
  std::string file_name = "export.csv";  ///< UTF-8; made safe before it is sent
  std::string content_type = "text/csv; charset=utf-8; header=present";
};

struct export_endpoint_options {
  /// Decides whether and what this request may download; runs on a worker. An error is answered
  /// with its status and message (\ref problem). Required.
  std::function<result<export_definition>(const request&)> define = {};

  /// Where exports and their checkpoints are kept, so that a cut download can go on. Null: it
  /// cannot (`Accept-Ranges: none`). Must outlive the endpoint.
  bulk::checkpoint_store* store = nullptr;
  std::chrono::seconds lifetime = std::chrono::hours(24);  ///< how long it can go on

  /// Exports under way at once, each of which holds a connection of the pool; one more is answered
  /// with 503. At least 1.
  std::size_t max_concurrent = 8;
  /// What that 503 says in `Retry-After`.
  std::chrono::seconds retry_after{5};
  /// A client that takes no byte for so long is cut off.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);

  enum class compression { off, gzip } compress = compression::gzip;
  int gzip_level = 1;  ///< 1 (fast) to 9 (small)

  /// Where the scan runs. Empty: on the workers of the server it is mounted in; a host that serves
  /// on its own streams must give one.
  worker_fn worker = {};
  metrics::registry* metrics = nullptr;  ///< null: nowhere
  const clock* time = nullptr;           ///< null: the machine's; of stamps, not of timeouts
  random_source* random = nullptr;       ///< of export ids; null: the kernel's
  log_fn log = {};                       ///< one line for each export that did not end well
};

/// \brief One export that is being sent.
struct export_run_status {
  std::string id = {};
  std::string name = {};
  std::string remote_address = {};
  bulk::progress progress = {};  ///< after the chunk made last
  system_time started{};
};

/// \brief Counters since the endpoint was made, and what is under way.
struct export_endpoint_stats {
  std::uint64_t started = 0;    ///< a slot was taken
  std::uint64_t completed = 0;  ///< sent to the last byte
  std::uint64_t refused = 0;    ///< answered with an error before the first byte
  std::uint64_t rejected = 0;   ///< answered 503 for want of a slot
  std::uint64_t aborted_by_client = 0;
  std::uint64_t aborted_by_stall = 0;
  std::uint64_t aborted_by_server = 0;  ///< the scan failed half-way, or the operator stopped it
  std::uint64_t bytes = 0;              ///< of bodies, as sent
  std::vector<export_run_status> running = {};
};

/// \brief What became of a request.
struct served {
  int status = 0;           ///< as answered; 0 if nothing could be
  std::uint64_t bytes = 0;  ///< of the body, as sent
  bool keep_alive = false;  ///< the connection can take another request
};

/// \brief Sends exports to browsers and other HTTP/1.1 clients, at the client's pace.
///
/// The scan runs on a worker, one chunk ahead of the socket at most, so a slow client slows the
/// scan and nothing piles up. A client that goes away stops the statement that is running for it.
/// A body that could not be finished ends in a reset connection, never in a short file that looks
/// whole; one that could carries its `Repr-Digest` (RFC 9530) and `X-Export-Rows`, as headers where
/// they are known beforehand, else as trailers.
///
/// With a store, a cut download goes on at the byte: `Range: bytes=N-` with the `ETag` of the first
/// response in `If-Range`, or with the id in the query (`?export=ID`), which `Content-Location`
/// spells out. What the client sends, and what it gets:
/// - nothing of the kind, or a `Range` alone: 200, a new export
/// - `If-Range` that still holds, `Range: bytes=N-`: 206 from byte N
/// - `If-Range` of an export that is gone, or whose rows changed: 200, a new export
/// - `?export=ID`, with or without `Range`: 206 or 200; 410 if it is gone, 409 if it changed
/// - N at or beyond the end: 416
/// - `bytes=5-10`, `bytes=-500`: 206 once the length is known, else 200
/// - several ranges, or one that is malformed: 200
///
/// Until a run has reached the end the length is unknown. A 206 then says
/// `Content-Range: bytes N-9007199254740991/*` with chunked coding, as RFC 8673 lets a growing
/// representation do. gzip is another representation (another ETag) that knows no ranges; a client
/// that asks to go on gets identity if it accepts that. HTTP/1.0 has no chunks, so a cut file could
/// not be told from a whole one: such a client gets 505 unless the length is known.
///
/// \par Thread-safety  Safe for concurrent calls. Must outlive the server or streams it serves.
class SCALEKIT_EXPORT export_endpoint {
 public:
  /// `connections` must outlive it.
  export_endpoint(sql::pool& connections, export_endpoint_options options);
  export_endpoint(const export_endpoint&) = delete;
  export_endpoint& operator=(const export_endpoint&) = delete;
  ~export_endpoint();

  [[nodiscard]] export_endpoint_stats stats() const;

  /// \brief Cuts off every run of that export; false if there is none.
  bool cancel(std::string_view id);

  /// \brief The inside, for the streams of this library.
  struct impl;
  [[nodiscard]] const std::shared_ptr<impl>& shared() const noexcept { return impl_; }

 private:
  std::shared_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::http

#endif
