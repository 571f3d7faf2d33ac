// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_EXPORT_JOB_HPP
#define SCALEKIT_SRC_HTTP_EXPORT_JOB_HPP

#include "http/export_state.hpp"

#include <scalekit/bulk/export_session.hpp>
#include <scalekit/compress/gzip.hpp>
#include <scalekit/csv/buffer.hpp>
#include <scalekit/digest.hpp>
#include <scalekit/http/fields.hpp>
#include <scalekit/http/message.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// One chunk of a body as it goes over the wire; its memory is used again and again.
class export_chunk {
 public:
  [[nodiscard]] std::string_view view() const noexcept { return view_; }

 private:
  friend class export_job;
  csv::buffer plain_;
  std::string coded_;
  std::string_view view_;
};

/// How a response begins.
struct export_head {
  int status = 0;
  fields headers = {};
  std::string body = {};      ///< whole, unless `streams`
  bool streams = false;       ///< `first` holds the first chunk; the rest comes from `next`
  bool length_known = false;  ///< there is a Content-Length, hence no chunked coding
};

/// \brief The half of an export that may block: decides what is sent, borrows the connection, makes
/// chunks. It knows nothing of sockets.
///
/// \par Thread-safety  \ref prepare, \ref next and \ref close one at a time, on any thread;
/// \ref cancel and \ref status from any thread at any time.
class export_job {
 public:
  export_job(std::shared_ptr<export_endpoint::impl> endpoint, request what, worker_fn worker);
  export_job(const export_job&) = delete;
  export_job& operator=(const export_job&) = delete;
  ~export_job();

  /// Runs the request up to its first chunk.
  [[nodiscard]] export_head prepare(export_chunk& first);
  /// The next chunk, never empty unless the body ends with it.
  [[nodiscard]] result<void> next(export_chunk& out);
  /// The chunk made last is the last.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// `Repr-Digest` and `X-Export-Rows`, once it has ended.
  [[nodiscard]] fields trailers() const;
  /// Gives everything back; what runs now must have returned.
  void close() noexcept;

  void cancel() noexcept;
  [[nodiscard]] export_run_status status() const;
  [[nodiscard]] const request& what() const noexcept { return request_; }

 private:
  /// Which bytes of which export are wanted.
  struct wish {
    std::string id;            // empty: of a new one
    bool id_is_named = false;  // in the query
    std::optional<byte_range> range;
    std::uint64_t first = 0;  // what `range` comes to
    std::uint64_t last = UINT64_MAX;
    std::optional<bulk::export_totals> totals;

    [[nodiscard]] bool whole() const noexcept { return !range; }
  };
  using answer = std::optional<export_head>;  // nothing: go on

  // Decisions (export_head.cpp).
  [[nodiscard]] wish read_wish() const;
  [[nodiscard]] answer choose_coding(wish& w);
  [[nodiscard]] answer look_up(wish& w);
  [[nodiscard]] answer resolve_range(wish& w) const;
  [[nodiscard]] answer refuse(wish& w, errc why) const;
  [[nodiscard]] export_head head_only(const wish& w) const;
  [[nodiscard]] export_head begin(const wish& w, const export_chunk& first);
  [[nodiscard]] export_head fail(const error& e) const;
  void describe(fields& out) const;
  [[nodiscard]] bool resumable() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept;

  // Work (export_job.cpp).
  [[nodiscard]] answer open_or_answer(wish& w);
  [[nodiscard]] result<void> borrow();
  [[nodiscard]] result<void> open(const wish& w);
  [[nodiscard]] result<std::unique_ptr<bulk::chunk_source>> open_source(const wish& w);
  [[nodiscard]] result<void> set_up_coding();
  [[nodiscard]] result<void> keep_promise(std::string_view& text);
  [[nodiscard]] result<void> encode(export_chunk& out);
  [[nodiscard]] std::string repr_digest() const;
  void promise(const wish& w, const bulk::export_totals& totals) noexcept;
  void note_progress();

  const std::shared_ptr<export_endpoint::impl> endpoint_;
  const request request_;
  const worker_fn worker_;

  std::optional<export_definition> definition_;
  content_coding coding_ = content_coding::identity;
  sql::pooled_connection connection_;
  std::unique_ptr<bulk::chunk_source> source_;
  bulk::export_session* session_ = nullptr;  // source_, where it is one
  std::optional<compress::gzip_stream> gzip_;
  std::unique_ptr<digest> own_digest_;  // over the body as sent; null: the session keeps one
  std::string session_digest_;          // the algorithm of that one
  // A Content-Length binds: how much of it is to come, and whether it reaches the export's end.
  std::optional<std::uint64_t> promised_;
  bool promised_to_end_ = false;
  bool ended_ = false;

  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;  // guards what follows: `cancel` and `status` come from outside
  std::shared_ptr<sql::interrupt_handle> interrupt_;
  std::shared_ptr<bulk::canceller> canceller_;
  export_run_status status_;
};

}  // namespace scalekit::inline v0::http

#endif
