// SPDX-License-Identifier: BSL-1.0
// The endpoint inside a host's own Beast server.
#include "export_fixture.hpp"

#include <scalekit/http/beast_export_endpoint.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;
namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

namespace {

asio::awaitable<void> serve_one(
    http::export_endpoint& endpoint, tcp::acceptor& acceptor, std::vector<http::served>& log
) {
  beast::tcp_stream stream(co_await acceptor.async_accept(asio::use_awaitable));
  beast::flat_buffer buffer;
  for (;;) {
    beast::http::request_parser<beast::http::empty_body> parser;
    try {
      co_await beast::http::async_read_header(stream, buffer, parser, asio::use_awaitable);
    } catch (const std::exception&) {
      co_return;  // the client is done
    }
    const auto done =
        co_await http::async_serve(endpoint, stream, parser.get(), asio::use_awaitable);
    if (!done) co_return;
    log.push_back(*done);
    if (!done->keep_alive) co_return;
  }
}

struct host {
  explicit host(http::export_endpoint_options o = {}) : endpoint(pool, complete(std::move(o))) {
    asio::co_spawn(io, serve_one(endpoint, acceptor, log), asio::detached);
    thread = std::thread([this] { io.run(); });
  }
  ~host() {
    if (thread.joinable()) thread.join();
    workers.join();
  }
  http::export_endpoint_options complete(http::export_endpoint_options o) {
    o.define = [this](const http::request&) -> result<http::export_definition> {
      return http::export_definition{
          .what = http::custom_export{
              "fake", [this](sql::connection&) {
                return result<std::unique_ptr<bulk::chunk_source>>(test::play(plan));
              }}};
    };
    o.worker = [this](std::function<void()> task) { asio::post(workers, std::move(task)); };
    o.metrics = &metrics;
    return o;
  }
  [[nodiscard]] test::raw_client client() const {
    return test::raw_client(acceptor.local_endpoint().port());
  }

  std::shared_ptr<test::script> plan = std::make_shared<test::script>();
  test::watched_metrics metrics;
  test::fake_pool pool;
  asio::thread_pool workers{2};
  asio::io_context io{1};
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  http::export_endpoint endpoint;
  std::vector<http::served> log;
  std::thread thread;
};

}  // namespace

TEST_CASE("a host's connection is served, and comes back for the next request") {
  host h;
  {
    auto c = h.client();
    auto r = c.get("/any", "Accept-Encoding: identity\r\n");
    CHECK(r.trouble.empty());
    CHECK(r.body == h.plan->whole());
    CHECK(r.trailer("Repr-Digest") == test::sha256_field(h.plan->whole()));
    r = c.get("/any");
    CHECK(r.whole);
    REQUIRE(c.ask("PUT", "/any"));
    CHECK(c.read().status == 405);
    CHECK(c.get("/any", "Connection: close\r\n").whole);
  }
  h.thread.join();
  REQUIRE(h.log.size() == 4);
  CHECK(h.log[0].status == 200);
  CHECK(h.log[0].bytes == h.plan->whole().size());
  CHECK(h.log[0].keep_alive);
  CHECK(h.log[2].status == 405);
  CHECK_FALSE(h.log[3].keep_alive);
}

TEST_CASE("a host's client that goes away stops the scan") {
  host h;
  h.plan->block_at = 1;
  {
    auto c = h.client();
    REQUIRE(c.ask("GET", "/any"));
    REQUIRE(h.plan->blocked.reaches(1));
  }
  REQUIRE(h.plan->cancelled.reaches(1));
  h.thread.join();
  REQUIRE(h.log.size() == 1);
  CHECK_FALSE(h.log[0].keep_alive);
  CHECK(h.pool.out.value() == 0);
}

TEST_CASE("without a worker nothing is served, and the host is told") {
  test::fake_pool pool;
  http::export_endpoint endpoint(pool, {});
  asio::io_context io;
  beast::tcp_stream stream(io);
  const beast::http::request<beast::http::empty_body> what(beast::http::verb::get, "/x", 11);
  auto done = http::async_serve(endpoint, stream, what, asio::use_future);
  const beast::http::request<beast::http::empty_body> bad(beast::http::verb::get, "/%zz", 11);
  auto refused = http::async_serve(endpoint, stream, bad, asio::use_future);
  io.run();
  CHECK(done.get().error().code() == errc::invalid_argument);
  CHECK(refused.get().error().code() == errc::invalid_argument);
}
