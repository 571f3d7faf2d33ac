// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_FORKED_PROCESS_HPP
#define SCALEKIT_TESTS_SUPPORT_FORKED_PROCESS_HPP

#include <cstddef>
#include <functional>
#include <sys/types.h>

namespace scalekit_tests {

/// A copy of this process that runs `work` with its end of a socket, and then is gone; killed when
/// this goes, or we do. Fork before there are threads, and open in `work` what it is to use.
class forked_process {
 public:
  /// Throws std::system_error if it cannot be started.
  explicit forked_process(const std::function<void(int)>& work);
  forked_process(const forked_process&) = delete;
  forked_process& operator=(const forked_process&) = delete;
  ~forked_process();

  /// Our end of the socket.
  [[nodiscard]] int stream() const noexcept { return stream_; }
  void send(int signal_number) const;
  /// SIGKILL and wait; nothing if it has been.
  void kill();

 private:
  pid_t pid_ = -1;
  int stream_ = -1;
};

/// All of it, or false: the other end is gone.
[[nodiscard]] bool write_all(int stream, const void* data, std::size_t size);
[[nodiscard]] bool read_all(int stream, void* data, std::size_t size);

}  // namespace scalekit_tests

#endif
