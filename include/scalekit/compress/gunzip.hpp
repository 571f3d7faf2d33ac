// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_COMPRESS_GUNZIP_HPP
#define SCALEKIT_COMPRESS_GUNZIP_HPP

/// \file
/// Reads gzip (RFC 1952) where plain bytes are expected: as a stream, and as a file.

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace scalekit::inline v0::compress {

/// \brief Whether a file that begins like this is gzip: by its magic bytes. Three bytes are enough;
/// fewer never are.
[[nodiscard]] SCALEKIT_EXPORT bool is_gzip(std::string_view front) noexcept;

/// What to do with bytes behind the last gzip member. Zeros are padding, as on tapes, and always
/// skipped.
enum class trailing_garbage {
  /// An error, once all text before it has been read: it may be half of a file that was put
  /// together wrongly.
  refuse,
  ignore  ///< As gzip(1) does, which warns.
};

/// \brief The text of a gzip stream, one or more members long.
///
/// Header, CRC-32 and length of each member are checked, its end before the next is begun. A file
/// that was cut or damaged therefore never ends like a whole one; but text read before the damage
/// shows has been handed out by then.
///
/// \par Example
/// \snippet tests/unit/compress/gunzip_test.cpp example
///
/// \par Thread-safety  One thread at a time. `compressed` must outlive it.
/// \par Errors         `data_corrupted`, naming the member and the byte of the compressed stream,
/// where it is not gzip, damaged, or ends too early; `limit_exceeded` if there is no memory for the
/// 32 KiB window; what `compressed` gives. After an error every call returns it.
/// \par Complexity     Constant memory: about 110 KiB, however large the text becomes.
class SCALEKIT_EXPORT gunzip_source final : public csv::byte_source {
 public:
  explicit gunzip_source(
      csv::byte_source& compressed, trailing_garbage garbage = trailing_garbage::refuse
  );
  ~gunzip_source() override;
  [[nodiscard]] result<std::size_t> read(std::span<char> into) override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// \brief A gzip file as the file of its text: offsets are those of the text.
///
/// Opening it at an offset decompresses all that is before it; who reads it in pieces opens it once
/// and goes on.
///
/// \par Thread-safety  As \ref csv::input_file. `compressed` must outlive it.
/// \par Errors         Those of \ref gunzip_source, with the name of the file before them.
class SCALEKIT_EXPORT gunzip_file final : public csv::input_file {
 public:
  explicit gunzip_file(
      csv::input_file& compressed, trailing_garbage garbage = trailing_garbage::refuse
  ) noexcept
      : compressed_(&compressed), garbage_(garbage) {}

  /// \brief The compressed file's.
  [[nodiscard]] std::string_view name() const noexcept override { return compressed_->name(); }
  [[nodiscard]] result<std::unique_ptr<csv::byte_source>> open(std::uint64_t offset) override;
  [[nodiscard]] bool seekable() const noexcept override { return false; }
  [[nodiscard]] std::uint64_t stamp() const noexcept override { return compressed_->stamp(); }

 private:
  csv::input_file* compressed_;
  trailing_garbage garbage_;
};

}  // namespace scalekit::inline v0::compress

#endif
