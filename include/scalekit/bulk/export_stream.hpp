// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_EXPORT_STREAM_HPP
#define SCALEKIT_BULK_EXPORT_STREAM_HPP

#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/bulk/export_options.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <memory>

namespace scalekit::inline v0::bulk {

/// \brief Streams a table as CSV in constant memory: one connection, one keyset scan, chunks on
/// demand.
///
/// Nothing runs between two calls of `next`, so a slow consumer stops the scan; a server may go on
/// to the end of one page of `page_rows`, as far as the network's buffers take it. Memory is one
/// chunk and one row, whatever the table's size; a single row larger than a chunk makes a larger
/// chunk.
///
/// \par Example
/// \code
/// auto stream = bulk::export_stream::open(db, options);
/// if (!stream) return stream.error();
/// csv::buffer chunk;
/// for (;;) {
///   auto more = (*stream)->next(chunk);
///   if (!more) return more.error();
///   if (!*more) break;
///   send(chunk.view());
/// }
/// \endcode
///
/// \par Thread-safety  As \ref chunk_source. The connection must outlive it and be used for nothing
/// else meanwhile.
/// \par Complexity     One statement a page; no allocation a row.
class SCALEKIT_EXPORT export_stream final : public chunk_source {
 public:
  /// \brief Begins at the first row: checks the options, takes the upper bound.
  /// \par Errors `invalid_argument` naming the option; whatever the database gives.
  [[nodiscard]] static result<std::unique_ptr<export_stream>> open(
      sql::connection& db, export_options options
  );

  /// \brief Goes on behind `from`, up to the bound that was taken when the export began.
  /// \par Errors `conflict` if `expected` is not the fingerprint of these options and this schema
  /// (the message says which parts changed); `data_corrupted` if the digest state does not restore.
  [[nodiscard]] static result<std::unique_ptr<export_stream>> resume(
      sql::connection& db,
      export_options options,
      const checkpoint& from,
      const sql::value& upper_bound,
      const export_fingerprint& expected
  );

  ~export_stream() override;

  [[nodiscard]] result<bool> next(csv::buffer& out) override;
  /// \brief The same, with a chunk size of its own; the chunk ends with the row that reaches it.
  [[nodiscard]] result<bool> next(csv::buffer& out, std::uint64_t chunk_bytes);

  [[nodiscard]] const checkpoint& position() const noexcept override;
  [[nodiscard]] bulk::progress progress() const override;
  [[nodiscard]] std::shared_ptr<canceller> cancel_handle() const noexcept override;

  [[nodiscard]] const export_fingerprint& fingerprint() const noexcept;
  /// \brief The bound column's value taken at the start; null if there is no bound column.
  [[nodiscard]] const sql::value& upper_bound() const noexcept;
  /// \brief The hash of all bytes so far; empty if no digest is kept.
  [[nodiscard]] bytes digest_value() const;

 private:
  struct impl;
  explicit export_stream(std::unique_ptr<impl> state) noexcept;
  std::unique_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::bulk

#endif
