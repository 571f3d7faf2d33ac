// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_COMPRESS_GZIP_HPP
#define SCALEKIT_COMPRESS_GZIP_HPP

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace scalekit::inline v0::compress {

struct gzip_options {
  /// 1 (fast) to 9 (small). One core makes about 100 MB/s of CSV with zlib at 1; at 6 it makes a
  /// third of that, a tenth smaller. ISA-L is three times as fast at 1 and no larger; it has three
  /// levels: 1, 2 to 5, 6 to 9.
  int level = 1;
  /// Input bytes per block, 4 KiB to 64 MiB. Blocks share no history, which costs 0.5 % of size
  /// at 256 KiB and 1.6 % at 64 KiB. The first output byte waits for one block of input.
  std::size_t block_size = 256 * 1024;
  /// Most blocks being compressed at once, 1 to 1024; twice the executor's threads keeps them
  /// busy. Memory is about twice `block_size`, and zlib's 0.3 MB, for each.
  std::size_t max_in_flight = 4;
  /// Runs a task on another thread, now or later; empty: blocks are compressed inside `write`.
  /// It may be slow, or drop tasks: a block not begun when its turn comes is compressed by `write`
  /// itself, so that even an executor whose every thread is inside `write` cannot deadlock. It
  /// must not throw. A task never throws, and may run after the stream is gone.
  std::function<void(std::function<void()>)> executor{};
};

/// \brief A gzip encoder (RFC 1952) that can use as many cores as the caller lends it.
///
/// The input is cut every `block_size` bytes, each block is deflated on its own and ended on a byte
/// boundary, and the pieces are joined in order into **one** gzip member with one CRC, as pigz does
/// with `--independent`. The bytes depend on the input and the options only: never on threads, on
/// how the input was split between calls, or on time (`mtime` is 0, `OS` is 255). Another version
/// of the deflate library, or with ISA-L another kind of CPU, may make other, equally valid bytes.
///
/// \par Example
/// \snippet tests/unit/compress/gzip_test.cpp example
///
/// \par Thread-safety  One thread at a time. Destroying it does not wait for blocks in flight:
/// those not begun are dropped, and a running one owns all it touches.
/// \par Complexity  Constant memory: `max_in_flight + 1` blocks.
class SCALEKIT_EXPORT gzip_stream {
 public:
  /// \par Errors `invalid_argument` naming the option and its range.
  [[nodiscard]] static result<gzip_stream> make(gzip_options options = {});

  gzip_stream(gzip_stream&&) noexcept;
  gzip_stream& operator=(gzip_stream&&) noexcept;
  ~gzip_stream();

  /// \brief Takes `data` whole and appends to `out` the compressed bytes that are ready, if any.
  ///
  /// Waits only while `max_in_flight` blocks are under way.
  /// \par Errors `invalid_argument` after \ref finish; `limit_exceeded` if the deflate library got
  /// no memory: the stream is then broken, every later call says so, and `out` must be discarded.
  [[nodiscard]] result<void> write(std::string_view data, std::string& out);

  /// \brief Appends all the rest and the trailer; the stream is at its end.
  /// \par Errors As \ref write.
  [[nodiscard]] result<void> finish(std::string& out);

  /// \brief Input bytes taken so far.
  [[nodiscard]] std::uint64_t bytes_in() const noexcept;

 private:
  struct state;
  explicit gzip_stream(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::compress

#endif
