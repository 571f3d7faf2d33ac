// SPDX-License-Identifier: BSL-1.0
#include "http/session.hpp"

#include "http/export_run.hpp"
#include "ports/http_text.hpp"

#include <boost/asio/ssl/stream_base.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

constexpr std::size_t read_size = std::size_t{16} * 1024;
// How long, and how far, a connection that is being closed is still read, so that the answer is
// not lost to a reset.
constexpr std::chrono::milliseconds goodbye_time = std::chrono::seconds(2);
constexpr std::size_t goodbye_bytes = std::size_t{1024} * 1024;

int status_of_parse(error_code failed) noexcept {
  if (failed == beast::http::error::header_limit) return 431;
  if (failed == beast::http::error::body_limit) return 413;
  if (failed == beast::http::error::bad_version) return 505;
  return 400;
}

result<response> call(const handler_fn& handler, const request& r, const server_core& core) {
  try {
    return handler(r);
  } catch (const std::exception& e) {
    core.log(log_level::error, r.method + " " + r.target + ": exception: " + e.what());
  } catch (...) {
    core.log(log_level::error, r.method + " " + r.target + ": exception of an unknown type");
  }
  return problem(500);
}

}  // namespace

session::session(server_core& core, tcp::socket socket) : core_(core) {
  error_code unknown;
  const auto peer = socket.remote_endpoint(unknown);
  if (!unknown) remote_address_ = peer.address().to_string();
  if (core.tls) {
    tls_ = std::make_unique<tls_stream>(beast::tcp_stream(std::move(socket)), *core.tls);
    wire_ = std::make_unique<stream_wire<tls_stream>>(*tls_);
  } else {
    plain_ = std::make_unique<beast::tcp_stream>(std::move(socket));
    wire_ = std::make_unique<stream_wire<beast::tcp_stream>>(*plain_);
  }
}

asio::awaitable<void> session::run() {
  bool more = co_await shake_hands();
  quiet_ = !more;
  while (more && !ending_) {
    more = co_await one_request();
  }
  co_await say_goodbye();
  wire_->close();
}

asio::awaitable<void> session::reject() {
  if (!tls_) {
    ending_ = true;
    response_ = problem(error(errc::busy));
    co_await write();
    co_await say_goodbye();
  }
  wire_->close();
}

void session::end_when_idle() {
  asio::post(executor(), [self = shared_from_this()] {
    self->ending_ = true;
    error_code ignored;
    if (self->idle_) self->wire_->socket().cancel(ignored);
  });
}

void session::cut_off() {
  asio::post(executor(), [self = shared_from_this()] {
    self->ending_ = true;
    self->wire_->close();
  });
}

asio::awaitable<bool> session::shake_hands() {
  if (!tls_) co_return true;
  deadline limit(*wire_);
  limit.arm(core_.options.header_timeout);
  const auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::server, awaited);
  co_return !failed;
}

asio::awaitable<bool> session::read_more() {
  const auto room = buffer_.prepare(read_size);
  const auto [failed, n] = co_await wire_->read_some(room);
  buffer_.commit(n);
  buffer_total_ += n;
  co_return !failed;
}

asio::awaitable<session::verdict> session::read_header(parser& p) {
  request_ = {};
  deadline limit(*wire_);
  if (buffer_.size() == 0) {
    limit.arm(core_.options.idle_timeout);
    idle_ = true;
    const bool began = co_await read_more();
    idle_ = false;
    if (!began) {
      quiet_ = true;
      co_return 0;
    }
  }
  // Armed once: a header that trickles in byte by byte gains no time.
  limit.arm(core_.options.header_timeout);
  for (;;) {
    error_code failed;
    buffer_.consume(p.put(buffer_.data(), failed));
    if (failed && failed != beast::http::error::need_more) co_return status_of_parse(failed);
    if (p.is_header_done()) co_return 200;
    const bool more = co_await read_more();
    if (!more) co_return limit.expired() ? 408 : 0;
  }
}

asio::awaitable<session::verdict> session::read_body(parser& p) {
  p.eager(true);
  deadline limit(*wire_);
  buffer_total_ = buffer_.size();
  bool begun = !p.chunked();
  while (!p.is_done()) {
    error_code failed;
    std::size_t taken = 0;
    const std::string_view there(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    if (!there.empty() && (begun || !is_part_of_last_chunk(there))) {
      taken = p.put(buffer_.data(), failed);
    }
    begun = begun || taken > 0;
    buffer_.consume(taken);
    if (failed && failed != beast::http::error::need_more) co_return status_of_parse(failed);
    if (taken > 0) continue;
    // What the parser cannot take yet is the line of a chunk's size, or a trailer.
    if (buffer_.size() > core_.options.max_header_bytes) co_return 431;
    if (buffer_total_ > longest_message()) co_return 413;
    limit.arm(core_.options.stall_timeout);
    const bool more = co_await read_more();
    if (!more) co_return limit.expired() ? 408 : 0;
  }
  co_return 200;
}

session::verdict session::take(parser& p) {
  const auto& header = p.get();
  request_ = {};
  request_.method = header.method_string();
  request_.target = header.target();
  request_.minor_version = header.version() >= 11 ? 1 : 0;
  request_.remote_address = remote_address_;
  auto parsed = parse_target(request_.target);
  if (!parsed) return malformed(parsed.error().message());
  request_.parsed = std::move(*parsed);
  for (const auto& f : header) {
    const auto ok = request_.headers.add(f.name_string(), f.value());
    if (!ok) return malformed(ok.error().message());
  }
  if (auto framed = check_framing(); framed != 200) return framed;
  const auto hosts = request_.headers.count("Host");
  if (hosts == 1 || (hosts == 0 && request_.minor_version == 0)) return 200;
  return malformed("a request needs exactly one Host field");
}

/// Only framing that everybody in front of this server reads alike (RFC 9112 sections 6.1 and 6.3).
session::verdict session::check_framing() {
  const auto coding = request_.headers.find("Transfer-Encoding");
  if (!coding) return 200;
  const bool plain =
      request_.minor_version == 1 && request_.headers.count("Transfer-Encoding") == 1 &&
      !request_.headers.contains("Content-Length") && equal_ignoring_case(trim(*coding), "chunked");
  if (plain) return 200;
  return malformed("the only transfer coding taken is chunked, without a Content-Length");
}

/// Bytes a body may take on the wire: chunks of one byte each are still a body, endless chunk
/// extensions are not.
std::size_t session::longest_message() const noexcept {
  constexpr std::size_t framing_of_a_byte = 6;
  return framing_of_a_byte * core_.options.max_body_bytes + 2 * core_.options.max_header_bytes;
}

session::verdict session::malformed(std::string_view why) {
  trouble_ = why;
  return 400;
}

asio::awaitable<session::verdict> session::expect() {
  if (!request_.headers.contains("Expect") || request_.minor_version == 0) co_return 200;
  if (!request_.headers.has_token("Expect", "100-continue")) co_return 417;
  if (buffer_.size() > 0) co_return 200;  // the client did not wait
  const wire_buffers go_on{piece("HTTP/1.1 100 Continue\r\n\r\n"), {}, {}, {}};
  const auto failed = co_await wire_->send(go_on, core_.options.stall_timeout);
  co_return failed ? 0 : 200;
}

asio::awaitable<session::verdict> session::read_request(parser& p) {
  verdict v = co_await read_header(p);
  if (v != 200) co_return v;
  ++core_.requests;
  v = take(p);
  if (v != 200 || p.is_done()) co_return v;
  v = co_await expect();
  if (v != 200) co_return v;
  v = co_await read_body(p);
  request_.body = std::move(p.get().body());
  co_return v;
}

asio::awaitable<bool> session::one_request() {
  parser p;
  p.header_limit(
      static_cast<std::uint32_t>(std::min<std::size_t>(core_.options.max_header_bytes, UINT32_MAX))
  );
  p.body_limit(core_.options.max_body_bytes);
  const verdict v = co_await read_request(p);
  if (v == 0) co_return false;
  if (v != 200) {
    // Where the next request would begin is not known any more.
    ending_ = true;
    response_ = problem(v, v == 400 ? trouble_ : std::string());
    co_return co_await write();
  }
  co_return co_await respond();
}

asio::awaitable<bool> session::respond() {
  const auto found = core_.routes.find(request_);
  if (found.target == nullptr) {
    response_ = problem(found.allow.empty() ? 404 : 405);
    if (!found.allow.empty()) static_cast<void>(response_.headers.set("Allow", found.allow));
    co_return co_await write();
  }
  if (found.target->download != nullptr) co_return co_await download(*found.target->download);
  co_await handle(found.target->handler);
  co_return co_await write();
}

asio::awaitable<bool> session::download(export_endpoint& endpoint) {
  auto inside = endpoint.shared();
  auto worker = inside->options.worker ? inside->options.worker : core_.worker;
  const bool keep_alive = request_.keep_alive() && !ending_;
  const auto done = co_await serve_export(
      std::move(inside), *wire_, std::move(request_), std::move(worker), keep_alive
  );
  co_return done.keep_alive;
}

asio::awaitable<void> session::handle(const handler_fn& handler) {
  // The session stays until the worker is done, so what it is given may be the session's own.
  auto work = [this, &handler] { return call(handler, request_, core_); };
  auto out = co_await on_worker(core_.worker, std::move(work));
  if (out) {
    response_ = std::move(*out);
    co_return;
  }
  response_ = problem(out.error());
  if (response_.status >= 500) {
    core_.log(
        log_level::error, request_.method + " " + request_.target + ": " + out.error().describe()
    );
  }
}

asio::awaitable<bool> session::write() {
  auto& out = response_;
  if (out.status < 200 || out.status > 599) out = problem(500);
  for (const auto* name : {"Connection", "Content-Length", "Transfer-Encoding"}) {
    out.headers.remove(name);
  }
  const bool keep_alive = request_.keep_alive() && !ending_;
  const clock& time = core_.options.time != nullptr ? *core_.options.time : clock::system();
  add_common_fields(out.headers, time, request_, keep_alive);
  const bool bodiless = out.status == 204 || out.status == 304;
  if (!bodiless) {
    static_cast<void>(out.headers.add("Content-Length", std::to_string(out.body.size())));
  }
  if (bodiless || request_.method == "HEAD") out.body.clear();
  const auto start = header_block(out.status, out.headers);
  const wire_buffers all{piece(start), piece(out.body), {}, {}};
  const auto failed = co_await wire_->send(all, core_.options.stall_timeout);
  if (failed) {
    wire_->reset_on_close(true);  // what the kernel still holds shall not outlive the connection
    wire_->close();
  }
  co_return keep_alive && !failed;
}

asio::awaitable<void> session::say_goodbye() {
  if (quiet_ || !wire_->socket().is_open()) co_return;
  deadline limit(*wire_);
  limit.arm(goodbye_time);
  if (tls_) {
    co_await tls_->async_shutdown(awaited);
    co_return;
  }
  error_code failed;
  wire_->socket().shutdown(tcp::socket::shutdown_send, failed);
  for (std::size_t seen = 0; !failed && seen < goodbye_bytes && !limit.expired();) {
    buffer_.clear();
    const bool more = co_await read_more();
    if (!more) co_return;
    seen += buffer_.size();
  }
}

}  // namespace scalekit::inline v0::http
