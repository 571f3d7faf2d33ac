// SPDX-License-Identifier: BSL-1.0
#include "forked_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace scalekit_tests {

forked_process::forked_process(const std::function<void(int)>& work) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0) pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    try {
      work(ends[1]);
    } catch (...) {
      std::_Exit(1);  // it must not go on as a test program of its own
    }
    std::_Exit(0);
  }
  ::close(ends[1]);
  stream_ = ends[0];
}

forked_process::~forked_process() {
  ::close(stream_);
  kill();
}

void forked_process::send(int signal_number) const { ::kill(pid_, signal_number); }

void forked_process::kill() {
  if (pid_ < 0) return;
  send(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

namespace {

template <class Step>
bool all_of(std::size_t size, const Step& step) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = step(done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

bool write_all(int stream, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  return all_of(size, [&](std::size_t done) {
    return ::send(stream, bytes + done, size - done, MSG_NOSIGNAL);
  });
}

bool read_all(int stream, void* data, std::size_t size) {
  auto* bytes = static_cast<char*>(data);
  return all_of(size, [&](std::size_t done) {
    return ::recv(stream, bytes + done, size - done, 0);
  });
}

}  // namespace scalekit_tests
