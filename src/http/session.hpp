// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_SESSION_HPP
#define SCALEKIT_SRC_HTTP_SESSION_HPP

#include "http/router.hpp"
#include "http/wire.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace scalekit::inline v0::http {

/// What all connections of a server share.
struct server_core {
  server_options options;
  router routes;
  worker_fn worker;
  std::optional<asio::ssl::context> tls;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> requests{0};

  void log(log_level level, std::string_view text) const {
    if (options.log) options.log(level, text);
  }
};

/// \brief One connection, from the handshake to the close. It runs on its own strand.
class session : public std::enable_shared_from_this<session> {
 public:
  session(server_core& core, tcp::socket socket);

  asio::awaitable<void> run();
  /// Answers 503 and closes: for a connection too many.
  asio::awaitable<void> reject();

  [[nodiscard]] asio::any_io_executor executor() { return wire_->stream().get_executor(); }
  /// Any thread: ends it now if it waits for a request, else after the one under way.
  void end_when_idle();
  /// Any thread: ends it now.
  void cut_off();

 private:
  using parser = beast::http::request_parser<beast::http::string_body>;
  using tls_stream = beast::ssl_stream<beast::tcp_stream>;
  // What reading came to: 200 is fine, 0 is a connection at its end, else what to answer.
  using verdict = int;

  asio::awaitable<bool> shake_hands();
  asio::awaitable<bool> one_request();
  asio::awaitable<verdict> read_request(parser& p);
  asio::awaitable<verdict> read_header(parser& p);
  asio::awaitable<verdict> read_body(parser& p);
  asio::awaitable<verdict> expect();
  asio::awaitable<bool> read_more();
  asio::awaitable<bool> respond();
  asio::awaitable<bool> download(export_endpoint& endpoint);
  asio::awaitable<void> handle(const handler_fn& handler);
  /// Sends `response_`; false if the connection ends with it.
  asio::awaitable<bool> write();
  asio::awaitable<void> say_goodbye();
  [[nodiscard]] verdict take(parser& p);
  [[nodiscard]] verdict check_framing();
  [[nodiscard]] std::size_t longest_message() const noexcept;
  [[nodiscard]] verdict malformed(std::string_view why);

  server_core& core_;
  std::unique_ptr<beast::tcp_stream> plain_;
  std::unique_ptr<tls_stream> tls_;
  std::unique_ptr<wire> wire_;
  beast::flat_buffer buffer_;
  std::size_t buffer_total_ = 0;  // bytes read for the body under way
  std::string remote_address_;
  std::string trouble_;  // why a request is malformed, where it is known
  request request_;      // the one being answered
  response response_;    // to it
  bool idle_ = false;
  bool ending_ = false;
  bool quiet_ = false;  // no answer is on its way that a reset could destroy
};

}  // namespace scalekit::inline v0::http

#endif
