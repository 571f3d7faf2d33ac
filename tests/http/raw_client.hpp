// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_RAW_CLIENT_HPP
#define SCALEKIT_TESTS_HTTP_RAW_CLIENT_HPP

#include <scalekit/http/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::test {

/// What came back, read by the letter: the framing is checked here, by code that shares nothing
/// with the server's.
struct reply {
  int status = 0;
  http::fields headers;
  http::fields trailers;
  std::string body;
  bool chunked = false;
  bool whole = false;   // Content-Length reached, or the last chunk seen
  std::string trouble;  // what was wrong with the framing; empty: nothing

  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
  [[nodiscard]] std::string trailer(std::string_view name) const {
    return std::string(trailers.find(name).value_or(""));
  }
};

/// A client that says exactly what it is told. Every wait ends after 30 s at the latest.
class raw_client {
 public:
  /// `receive_buffer`: bytes the kernel takes in for it; 0: as it likes.
  explicit raw_client(std::uint16_t port, int receive_buffer = 0);
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  raw_client(raw_client&& other) noexcept;
  ~raw_client();

  [[nodiscard]] bool connected() const noexcept { return fd_ >= 0; }
  /// False if the peer does not take it.
  bool send(std::string_view text);
  /// `method target HTTP/1.1` with a Host and these further lines, each ending in CRLF.
  bool ask(std::string_view method, std::string_view target, std::string_view lines = {});
  [[nodiscard]] reply read(bool head_only = false);
  /// A header block by itself, as of a 100.
  [[nodiscard]] reply read_head();
  [[nodiscard]] reply get(std::string_view target, std::string_view lines = {});

  /// At most `n` bytes of whatever comes; empty at the end.
  std::string take(std::size_t n);
  /// The server has closed in good order and sent nothing more.
  [[nodiscard]] bool closed();
  /// Waits, without reading, until the server has reset the connection.
  [[nodiscard]] bool sees_reset() const;
  /// A read has met a reset.
  [[nodiscard]] bool was_reset() const noexcept { return reset_; }

  void half_close();
  /// Closes with a reset.
  void abort();
  void close();
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  bool fill();
  bool line(std::string& out);
  bool exactly(std::size_t n, std::string& out);
  bool block(http::fields& out, std::string& trouble);
  void read_chunks(reply& out);

  int fd_ = -1;
  std::string pending_;
  bool reset_ = false;
};

}  // namespace scalekit::test

#endif
