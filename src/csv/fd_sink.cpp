// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/writer.hpp>

#include <cerrno>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace scalekit::inline v0::csv {

namespace {

error write_error(int code, std::size_t left) {
  errc what = errc::unavailable;
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      what = errc::limit_exceeded;
      break;
    case EBADF:
    case EINVAL:
      what = errc::invalid_argument;
      break;
    default:
      break;
  }
  return {
      what,
      "csv: cannot write " + std::to_string(left) +
          " more bytes to the file descriptor: " + std::generic_category().message(code),
      {"errno", code}};
}

/// Waits until a non-blocking descriptor takes bytes again; what is wrong with it, if anything, the
/// next write reports.
void wait_until_writable(int descriptor) noexcept {
  pollfd p{descriptor, POLLOUT, 0};
  static_cast<void>(::poll(&p, 1, -1));
}

}  // namespace

result<void> fd_sink::operator()(std::string_view data) const {
  while (!data.empty()) {
    const ssize_t n = ::write(descriptor_, data.data(), data.size());
    if (n > 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0) {
      return write_error(EIO, data.size());
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_until_writable(descriptor_);
    } else if (errno != EINTR) {
      return write_error(errno, data.size());
    }
  }
  return {};
}

}  // namespace scalekit::inline v0::csv
