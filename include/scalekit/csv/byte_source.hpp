// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_BYTE_SOURCE_HPP
#define SCALEKIT_CSV_BYTE_SOURCE_HPP

/// \file
/// Where a reader's bytes come from: a stream, and a file of which a stream can be opened anywhere.

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::csv {

/// \brief A stream of bytes, read once from its beginning to its end.
///
/// \par Thread-safety  One thread at a time.
class SCALEKIT_EXPORT byte_source {
 public:
  byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  virtual ~byte_source();

  /// \brief Fills the front of `into`, which is not empty, and says how many bytes; 0 at the end
  /// (and ever after). Fewer than asked for does not mean the end.
  /// \par Errors whatever stands in the way: `unavailable` (the cause holds `errno`),
  /// `data_corrupted`.
  [[nodiscard]] virtual result<std::size_t> read(std::span<char> into) = 0;
};

/// \brief Reads text in memory, which must outlive it.
class SCALEKIT_EXPORT memory_source final : public byte_source {
 public:
  explicit memory_source(std::string_view text) noexcept : rest_(text) {}
  [[nodiscard]] result<std::size_t> read(std::span<char> into) override;

 private:
  std::string_view rest_;
};

/// \brief Reads a file descriptor, which it does not own: a pipe, a socket, a file.
///
/// Goes on after signals, and waits where the descriptor is non-blocking.
///
/// \par Errors `invalid_argument` (not open for reading, a folder), `unavailable` for the rest; the
/// cause holds `errno`.
class SCALEKIT_EXPORT fd_source final : public byte_source {
 public:
  explicit fd_source(int descriptor) noexcept : descriptor_(descriptor) {}
  [[nodiscard]] result<std::size_t> read(std::span<char> into) override;

 private:
  int descriptor_;
};

/// \brief A file whose bytes can be read from any offset, more than once: what parallel reading,
/// resuming, and quoting a bad row's own bytes need.
///
/// \par Thread-safety  Safe for concurrent calls; each source it opens is used by one thread. The
/// file must outlive its sources.
class SCALEKIT_EXPORT input_file {
 public:
  input_file() = default;
  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;
  virtual ~input_file();

  /// \brief What people call it, for messages: a path, an object's key.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// \brief A stream from byte `offset` to the end. An offset behind the end gives an empty stream.
  /// \par Errors whatever stands in the way, as \ref byte_source::read.
  [[nodiscard]] virtual result<std::unique_ptr<byte_source>> open(std::uint64_t offset) = 0;
  /// \brief Whether opening at a high offset costs no more than at a low one. A compressed file
  /// says no: it is then read once, from its beginning.
  [[nodiscard]] virtual bool seekable() const noexcept { return true; }
  /// \brief A number that becomes another when somebody writes to the file, so that whoever reads
  /// it for long can tell; 0 if that is not known.
  [[nodiscard]] virtual std::uint64_t stamp() const noexcept { return 0; }
};

/// \brief A regular file on disk, held open; it is the file that was opened even if the name is
/// given to another meanwhile.
///
/// \par Thread-safety  As \ref input_file.
class SCALEKIT_EXPORT disk_file final : public input_file {
 public:
  /// \par Errors `not_found`; `invalid_argument` if it is not a regular file or may not be read;
  /// `unavailable` for the rest. The cause holds `errno`.
  [[nodiscard]] static result<std::unique_ptr<disk_file>> open_path(std::string path);
  ~disk_file() override;

  [[nodiscard]] std::string_view name() const noexcept override { return path_; }
  [[nodiscard]] result<std::unique_ptr<byte_source>> open(std::uint64_t offset) override;
  /// \brief Of its length, and the time it was last written to.
  [[nodiscard]] std::uint64_t stamp() const noexcept override;

 private:
  disk_file(std::string path, int descriptor) noexcept;
  std::string path_;
  int descriptor_;
};

/// \brief A file in memory, for tests and small uploads. The text must outlive it.
class SCALEKIT_EXPORT memory_file final : public input_file {
 public:
  explicit memory_file(std::string_view text, std::string name = "memory") noexcept
      : text_(text), name_(std::move(name)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] result<std::unique_ptr<byte_source>> open(std::uint64_t offset) override;

 private:
  std::string_view text_;
  std::string name_;
};

}  // namespace scalekit::inline v0::csv

#endif
