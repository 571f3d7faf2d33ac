// SPDX-License-Identifier: BSL-1.0
#include "http/export_run.hpp"
#include "http/wire.hpp"

#include <scalekit/http/beast_export_endpoint.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <new>
#include <utility>

namespace scalekit::inline v0::http::detail {

namespace {

void finish(serve_handler handler, const asio::any_io_executor& executor, result<served> r) {
  const auto target = asio::get_associated_executor(handler, executor);
  asio::dispatch(target, [h = std::move(handler), r = std::move(r)]() mutable {
    std::move(h)(std::move(r));
  });
}

template <class Stream>
asio::awaitable<void> serve(
    std::shared_ptr<export_endpoint::impl> endpoint,
    Stream& stream,
    request what,
    serve_handler handler
) {
  const auto executor = co_await asio::this_coro::executor;
  result<served> done = error(errc::internal, "memory ran out while an export was served");
  try {
    stream_wire<Stream> wire(stream);
    const auto worker = endpoint->options.worker;
    const bool keep_alive = what.keep_alive();
    done = co_await serve_export(endpoint, wire, std::move(what), worker, keep_alive);
  } catch (const std::bad_alloc&) {
    beast::get_lowest_layer(stream).close();
  }
  finish(std::move(handler), executor, std::move(done));
}

template <class Stream>
void start(export_endpoint& e, Stream& stream, result<request> what, serve_handler handler) {
  const asio::any_io_executor executor = stream.get_executor();
  auto endpoint = e.shared();
  const auto refuse = [&](error why) {
    asio::post(executor, [h = std::move(handler), executor, why = std::move(why)]() mutable {
      finish(std::move(h), executor, std::move(why));
    });
  };
  if (!what) return refuse(std::move(what).error());
  if (!endpoint->options.worker) {
    return refuse({errc::invalid_argument, "export_endpoint_options: worker is empty"});
  }
  asio::co_spawn(
      executor,
      serve(std::move(endpoint), stream, std::move(*what), std::move(handler)),
      asio::detached
  );
}

}  // namespace

result<request> to_request(const beast_request_header& header, const beast::tcp_stream& stream) {
  request out;
  out.method = header.method_string();
  out.target = header.target();
  out.minor_version = header.version() >= 11 ? 1 : 0;
  auto parsed = parse_target(out.target);
  if (!parsed) return parsed.error();
  out.parsed = std::move(*parsed);
  for (const auto& f : header) {
    if (auto ok = out.headers.add(f.name_string(), f.value()); !ok) return ok.error();
  }
  error_code unknown;
  const auto peer = stream.socket().remote_endpoint(unknown);
  if (!unknown) out.remote_address = peer.address().to_string();
  return out;
}

void start_serve(
    export_endpoint& endpoint,
    beast::tcp_stream& stream,
    result<request> what,
    serve_handler handler
) {
  start(endpoint, stream, std::move(what), std::move(handler));
}

void start_serve(
    export_endpoint& endpoint, beast_tls_stream& stream, result<request> what, serve_handler handler
) {
  start(endpoint, stream, std::move(what), std::move(handler));
}

}  // namespace scalekit::inline v0::http::detail
