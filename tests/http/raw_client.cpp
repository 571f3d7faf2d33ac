// SPDX-License-Identifier: BSL-1.0
#include "raw_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace scalekit::test {

raw_client::raw_client(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{30, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) close();
}

raw_client::raw_client(raw_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      pending_(std::move(other.pending_)),
      reset_(other.reset_) {}

raw_client::~raw_client() { close(); }

void raw_client::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void raw_client::half_close() { ::shutdown(fd_, SHUT_WR); }

void raw_client::abort() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool raw_client::send(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool raw_client::ask(std::string_view method, std::string_view target, std::string_view lines) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(lines);
  return send(text + "\r\n");
}

reply raw_client::get(std::string_view target, std::string_view lines) {
  ask("GET", target, lines);
  return read();
}

bool raw_client::fill() {
  char some[65536];
  const auto n = ::recv(fd_, some, sizeof some, 0);
  if (n < 0) reset_ = errno == ECONNRESET;
  if (n <= 0) return false;
  pending_.append(some, static_cast<std::size_t>(n));
  return true;
}

std::string raw_client::take(std::size_t n) {
  if (pending_.empty() && !fill()) return {};
  std::string out = pending_.substr(0, n);
  pending_.erase(0, out.size());
  return out;
}

bool raw_client::closed() { return pending_.empty() && !fill() && !reset_ && errno != EAGAIN; }

bool raw_client::sees_reset() const {
  pollfd state{fd_, 0, 0};
  return ::poll(&state, 1, 30000) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

bool raw_client::line(std::string& out) {
  for (;;) {
    if (const auto end = pending_.find("\r\n"); end != std::string::npos) {
      out = pending_.substr(0, end);
      pending_.erase(0, end + 2);
      return true;
    }
    if (!fill()) return false;
  }
}

bool raw_client::exactly(std::size_t n, std::string& out) {
  while (pending_.size() < n) {
    n -= pending_.size();
    out += std::exchange(pending_, {});
    if (!fill()) return false;
  }
  out.append(pending_, 0, n);
  pending_.erase(0, n);
  return true;
}

bool raw_client::block(http::fields& out, std::string& trouble) {
  std::string text;
  while (line(text)) {
    if (text.empty()) return true;
    const auto colon = text.find(": ");
    if (colon == std::string::npos || !out.add(text.substr(0, colon), text.substr(colon + 2))) {
      trouble = "bad field line: " + text;
      return false;
    }
  }
  trouble = "the header block is cut";
  return false;
}

reply raw_client::read_head() {
  reply out;
  std::string start;
  if (!line(start)) {
    out.trouble = "no status line";
    return out;
  }
  if (start.size() < 13 || !start.starts_with("HTTP/1.1 ") || start[12] != ' ') {
    out.trouble = "bad status line: " + start;
    return out;
  }
  std::from_chars(start.data() + 9, start.data() + 12, out.status);
  block(out.headers, out.trouble);
  return out;
}

void raw_client::read_chunks(reply& out) {
  for (;;) {
    std::string text;
    if (!line(text)) return;
    std::size_t size = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size, 16);
    if (text.empty() || end != text.data() + text.size() || failed != std::errc{}) {
      out.trouble = "bad chunk size: " + text;
      return;
    }
    if (size == 0) {
      out.whole = block(out.trailers, out.trouble);
      return;
    }
    if (!exactly(size, out.body)) return;
    std::string end_of_chunk;
    if (!exactly(2, end_of_chunk)) return;
    if (end_of_chunk != "\r\n") {
      out.trouble = "a chunk does not end where it said";
      return;
    }
  }
}

reply raw_client::read(bool head_only) {
  reply out = read_head();
  if (!out.trouble.empty()) return out;
  out.chunked = out.headers.contains("Transfer-Encoding");
  if (out.chunked && out.headers.contains("Content-Length")) out.trouble = "two lengths";
  if (head_only || out.status == 204 || out.status == 304) {
    out.whole = true;
  } else if (out.chunked) {
    read_chunks(out);
  } else if (const auto length = out.header("Content-Length"); !length.empty()) {
    out.whole = exactly(static_cast<std::size_t>(std::stoull(length)), out.body);
  } else {
    out.trouble = "a body without a length";
  }
  return out;
}

}  // namespace scalekit::test
