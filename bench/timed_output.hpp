// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_TIMED_OUTPUT_HPP
#define SCALEKIT_BENCH_TIMED_OUTPUT_HPP

#include "measure.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace bench {

/// Standard output, and when each chunk was through.
class timed_output {
 public:
  static constexpr std::size_t chunk_size = 256 * 1024;

  void write(std::string_view chunk) {
    while (!chunk.empty()) {
      const ssize_t n = ::write(STDOUT_FILENO, chunk.data(), chunk.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail(std::string("write: ") + std::strerror(errno));
      chunk.remove_prefix(static_cast<std::size_t>(n));
      bytes_ += static_cast<std::uint64_t>(n);
    }
    const auto now = steady::now();
    chunk_ms_.push_back(std::chrono::duration<double, std::milli>(now - last_).count());
    last_ = now;
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// The first is the time to the first byte.
  [[nodiscard]] const std::vector<double>& chunk_ms() const { return chunk_ms_; }

 private:
  std::uint64_t bytes_ = 0;
  steady::time_point last_ = steady::now();
  std::vector<double> chunk_ms_;
};

}  // namespace bench

#endif
