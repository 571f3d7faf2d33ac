// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_WRITER_HPP
#define SCALEKIT_CSV_WRITER_HPP

/// \file
/// An encoder, a buffer and somewhere for the bytes to go.

#include <scalekit/csv/buffer.hpp>
#include <scalekit/csv/encoder.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::csv {

/// \brief Takes all of the bytes, or fails. Any callable with this signature is one.
template <class S>
concept byte_sink = requires(S& sink, std::string_view data) {
  { sink(data) } -> std::same_as<result<void>>;
};

/// \brief Appends to a string, which must outlive it.
class memory_sink {
 public:
  explicit memory_sink(std::string& out) noexcept : out_(&out) {}
  result<void> operator()(std::string_view data) {
    out_->append(data);
    return {};
  }

 private:
  std::string* out_;
};

/// \brief Writes to a file descriptor, which it does not own.
///
/// Goes on after signals and partial writes, and waits where the descriptor is non-blocking. A host
/// that writes to pipes or sockets ignores SIGPIPE.
///
/// \par Errors `limit_exceeded` (disk full, quota, file size), `invalid_argument` (not open for
/// writing), `unavailable` for the rest; the cause holds `errno`.
class SCALEKIT_EXPORT fd_sink {
 public:
  explicit fd_sink(int descriptor) noexcept : descriptor_(descriptor) {}
  [[nodiscard]] result<void> operator()(std::string_view data) const;

 private:
  int descriptor_;
};

/// \brief Writes a CSV file to a sink in large pieces that end at a row.
///
/// Destruction writes nothing, since it could not report a failure: the file is complete once
/// \ref flush succeeded after the last row. After the sink has failed every call returns that
/// error.
///
/// \code
/// auto csv = csv::writer<csv::fd_sink>::make(csv::fd_sink(fd));
/// if (!csv) return csv.error();
/// if (auto r = csv->row_of(1, "a"); !r) return r.error();
/// return csv->flush();
/// \endcode
///
/// \par Thread-safety  One thread at a time.
/// \par Errors those of the sink.
template <byte_sink Sink>
class writer {
 public:
  static constexpr std::size_t default_flush_size = 256 * 1024;

  /// \brief `flush_size`: how many bytes are gathered before the sink gets them.
  /// \par Errors those of \ref check.
  [[nodiscard]] static result<writer> make(
      Sink sink, const csv::dialect& options = {}, std::size_t flush_size = default_flush_size
  ) {
    auto made = encoder::make(options);
    if (!made) return made.error();
    return writer(std::move(sink), *std::move(made), flush_size);
  }

  /// \brief See \ref encoder::header.
  [[nodiscard]] result<void> header(std::span<const std::string> names) {
    if (failure_) return *failure_;
    encoder_.header(buffer_, names);
    return flush_if_full();
  }
  [[nodiscard]] result<void> header(std::span<const std::string_view> names) {
    if (failure_) return *failure_;
    encoder_.header(buffer_, names);
    return flush_if_full();
  }

  /// \brief See \ref encoder::row.
  [[nodiscard]] result<void> row(
      std::span<const sql::value_view> values, std::span<const column_format> formats = {}
  ) {
    if (failure_) return *failure_;
    encoder_.row(buffer_, values, formats);
    ++rows_;
    return flush_if_full();
  }

  /// \brief See \ref encoder::row_of.
  template <class... Ts>
  [[nodiscard]] result<void> row_of(const Ts&... fields) {
    if (failure_) return *failure_;
    encoder_.row_of(buffer_, fields...);
    ++rows_;
    return flush_if_full();
  }

  /// \brief Hands everything so far to the sink.
  [[nodiscard]] result<void> flush() {
    if (failure_) return *failure_;
    if (buffer_.empty()) return {};
    if (auto taken = sink_(buffer_.view()); !taken) {
      failure_ = taken.error();
      return *failure_;
    }
    flushed_ += buffer_.size();
    buffer_.clear();
    return {};
  }

  /// \brief Rows written, the header not counted; some may still wait in the buffer.
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  /// \brief The length of the file so far, what waits in the buffer included.
  [[nodiscard]] std::uint64_t size() const noexcept { return flushed_ + buffer_.size(); }

 private:
  writer(Sink sink, encoder made, std::size_t flush_size)
      : sink_(std::move(sink)), encoder_(std::move(made)), flush_size_(flush_size) {}

  result<void> flush_if_full() {
    if (buffer_.size() < flush_size_) [[likely]]
      return {};
    return flush();
  }

  Sink sink_;
  encoder encoder_;
  buffer buffer_;
  std::size_t flush_size_;
  std::uint64_t rows_ = 0;
  std::uint64_t flushed_ = 0;
  std::optional<::scalekit::error> failure_;
};

}  // namespace scalekit::inline v0::csv

#endif
