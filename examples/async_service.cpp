// SPDX-License-Identifier: BSL-1.0
// A TCP service on one event loop that asks a blocking database, never blocks the loop, and gives
// up on a query whose time is over. It is its own client, so that it runs by itself.
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/asio/offload.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <variant>

namespace {

using namespace scalekit;
namespace net = boost::asio;
using net::ip::tcp;

/// What a service holds: connections, and threads that may block on them.
struct service {
  sql::pool& connections;
  net::thread_pool threads{4};
};

result<std::string> first_value(
    sql::pool& connections, std::string_view sql, std::stop_token stop
) {
  auto db = connections.acquire(sql::access::read);
  if (!db) return db.error();
  // A cancelled call interrupts the statement it is in, and begins none.
  const std::stop_callback hand_on(stop, [h = (*db)->interrupt_handle()] { h->interrupt(); });
  if (stop.stop_requested()) return errc::cancelled;
  auto rows = (*db)->query(sql);
  if (!rows) return rows.error();
  auto any = (*rows)->next();
  if (!any) return any.error();
  return *any ? std::to_string((*rows)->row()[0].as_int64()) : std::string("none");
}

// [async]
/// Answers one request within `limit`; the event loop goes on while the database works.
net::awaitable<std::string> answer(service& s, std::string sql, std::chrono::milliseconds limit) {
  using namespace net::experimental::awaitable_operators;
  net::steady_timer deadline(co_await net::this_coro::executor, limit);
  auto value = asio::offload(
      s.threads.get_executor(),
      [&](std::stop_token stop) { return first_value(s.connections, sql, std::move(stop)); },
      net::use_awaitable
  );
  auto time_is_over = deadline.async_wait(net::as_tuple(net::use_awaitable));
  // Whichever is later is cancelled; the query's thread and connection are free again at once.
  auto first = co_await (std::move(value) || std::move(time_is_over));
  if (first.index() == 1) co_return "error: the time is over\n";
  auto& got = std::get<0>(first);
  co_return got ? *got + "\n" : "error: " + got.error().message() + "\n";
}
// [async]

net::awaitable<void> serve_client(service& s, tcp::socket client) {
  for (std::string in;;) {
    const auto [failed, size] = co_await net::async_read_until(
        client, net::dynamic_buffer(in), '\n', net::as_tuple(net::use_awaitable)
    );
    if (failed) co_return;
    const std::string line = in.substr(0, size - 1);
    in.erase(0, size);
    std::string sql = "SELECT sum(amount) FROM entry WHERE account = 7";
    if (line == "report") {
      sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    }
    const std::string out = co_await answer(s, sql, std::chrono::milliseconds(500));
    co_await net::async_write(client, net::buffer(out), net::use_awaitable);
  }
}

net::awaitable<void> serve(service& s, tcp::acceptor& acceptor) {
  for (;;) {
    tcp::socket client = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(acceptor.get_executor(), serve_client(s, std::move(client)), net::detached);
  }
}

result<void> run(const std::string& path) {
  auto connections = sqlite::pool::open(path);
  if (!connections) return connections.error();
  auto made = (*connections)->acquire(sql::access::write).and_then([](auto db) {
    return db->execute_script(
        "CREATE TABLE entry (account INTEGER, amount INTEGER);"
        "INSERT INTO entry VALUES (7, 1250), (8, 1), (7, -50)"
    );
  });
  if (!made) return made;
  service s{.connections = **connections};
  net::io_context loop(1);
  tcp::acceptor acceptor(loop, {net::ip::address_v4::loopback(), 0});
  net::co_spawn(loop, serve(s, acceptor), net::detached);
  std::jthread serving([&] { loop.run(); });
  for (const char* request : {"report", "balance"}) {
    tcp::iostream to(acceptor.local_endpoint());
    to << request << std::endl;
    std::string line;
    std::getline(to, line);
    std::printf("%s: %s\n", request, line.c_str());
  }
  loop.stop();
  s.threads.join();
  return {};
}

}  // namespace

int main() {
  const auto path = std::filesystem::temp_directory_path() /
                    ("scalekit-async-" + std::to_string(::getpid()) + ".db");
  const auto done = run(path.string());
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  if (done) return 0;
  std::fprintf(stderr, "async_service: %s\n", done.error().describe().c_str());
  return 1;
}
