// SPDX-License-Identifier: BSL-1.0
#include "fake_server.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

using namespace scalekit;
using scalekit_tests::fake_server;
using scalekit_tests::is_ping;
using std::chrono::milliseconds;

namespace {

using said = std::optional<std::string>;

/// Logs in whoever asks, and answers every other command with `answer`.
fake_server::handler answering(said answer) {
  return [answer = std::move(answer)](std::string_view request) -> said {
    return is_ping(request) ? said("+PONG\r\n") : answer;
  };
}

std::unique_ptr<redis::client> connect(const fake_server& server) {
  auto made = redis::client::open({.port = server.port(), .command_timeout = milliseconds(100)});
  REQUIRE(made);
  return *std::move(made);
}

error failure_of(const fake_server& server) {
  const auto r = connect(server);
  auto answer = r->command({"GET", "k"});
  REQUIRE(!answer);
  CHECK(r->stats().idle == 0);
  CHECK(r->stats().in_use == 0);
  CHECK(r->stats().lost == 1);
  return answer.error();
}

}  // namespace

TEST_CASE("what does not speak Redis is unavailable") {
  fake_server server([](std::string_view) -> said { return "HTTP/1.1 400 Bad Request\r\n\r\n"; });
  const auto made = redis::client::open({.port = server.port()});
  REQUIRE(!made);
  CHECK(made.error().code() == errc::unavailable);
  CHECK(made.error().message().find("Protocol error") != std::string::npos);
}

TEST_CASE("an answer that is no Redis leaves the outcome unknown and the connection closed") {
  const error e = failure_of(fake_server(answering("garbage\r\n")));
  CHECK(e.outcome_unknown());
  CHECK(e.message().find("GET") != std::string::npos);
}

TEST_CASE("silence is an unknown outcome") {
  const error e = failure_of(fake_server(answering("")));
  CHECK(e.outcome_unknown());
  CHECK(e.message().find("no answer within 100 ms") != std::string::npos);
}

TEST_CASE("half an answer is none") {
  CHECK(failure_of(fake_server(answering("$100\r\nabc"))).outcome_unknown());
  CHECK(failure_of(fake_server(answering("*2\r\n:1\r\n"))).outcome_unknown());
}

TEST_CASE("a connection that ends instead of an answer is an unknown outcome") {
  CHECK(failure_of(fake_server(answering(std::nullopt))).outcome_unknown());
}

TEST_CASE("more answers than commands poison the connection") {
  const error e = failure_of(fake_server(answering("$1\r\na\r\n$1\r\nb\r\n")));
  CHECK(e.outcome_unknown());
  CHECK(e.message().find("more answers than commands") != std::string::npos);
}

TEST_CASE("deep nesting is read, or an unknown outcome where hiredis is too old for it") {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "*1\r\n";
  const fake_server server(answering(deep + ":1\r\n"));
  const auto r = connect(server);
  const auto answer = r->command({"GET", "k"});
  CHECK((answer ? answer->kind() == redis::reply::kind::array : answer.error().outcome_unknown()));
  CHECK(r->stats().lost == (answer ? 0U : 1U));
}

TEST_CASE("half an answer too many poisons it too") {
  CHECK(failure_of(fake_server(answering("$1\r\na\r\n$1\r\n"))).outcome_unknown());
}

TEST_CASE("what comes unasked between two commands costs the connection, not an answer") {
  fake_server server(answering("$1\r\na\r\n"));
  const auto r = connect(server);
  for (int i = 0; i < 10; ++i) {
    const auto answer = r->command({"GET", "k"});
    REQUIRE(answer);
    CHECK(*answer->as_text() == "a");
    server.say("$1\r\nb\r\n");
  }
  CHECK(r->stats().lost == 9);
}

TEST_CASE("a connection that the server closed is replaced in silence") {
  fake_server server(answering("+OK\r\n"));
  const auto r = connect(server);
  for (int i = 0; i < 20; ++i) {
    CHECK(r->command({"SET", "k", "v"}));
    server.hang_up();
  }
  CHECK(r->stats().commands == 20);
  CHECK(r->stats().errors == 0);
  CHECK(r->stats().reconnects == 19);
  CHECK(r->stats().lost == 19);
}

TEST_CASE("a replica that is read-only is left, for the name may lead to the new primary") {
  fake_server server(answering("-READONLY You can't write against a read only replica.\r\n"));
  const auto r = connect(server);
  CHECK(r->command({"SET", "k", "v"}).error().code() == errc::unavailable);
  CHECK(r->stats().idle == 0);
  CHECK(r->stats().errors == 1);
}

TEST_CASE("a script's error says so too, with its place in front before Redis 7") {
  fake_server server(
      answering("-ERR Error running script (call to f_0): @user_script:1: @user_script: 1: "
                "-READONLY You can't write against a read only replica.\r\n")
  );
  const auto r = connect(server);
  CHECK(r->command({"EVALSHA", "x", "0"}).error().code() == errc::unavailable);
  CHECK(r->stats().idle == 0);
  CHECK(r->stats().lost == 1);
}

TEST_CASE("an answer that only quotes that word keeps the connection") {
  fake_server server(answering("-ERR unknown command 'READONLYX'\r\n"));
  const auto r = connect(server);
  CHECK(r->command({"GET", "k"}).error().code() == errc::invalid_argument);
  CHECK(r->stats().idle == 1);
}

TEST_CASE("a transaction that the server could not end costs the connection") {
  fake_server server(answering("+OK\r\n+QUEUED\r\n-NOPERM no permission to run exec\r\n"));
  const auto r = connect(server);
  const std::string_view multi[] = {"MULTI"};
  const std::string_view set[] = {"SET", "k", "v"};
  const std::string_view exec[] = {"EXEC"};
  const redis::arguments commands[] = {multi, set, exec};
  const auto replies = r->pipeline(commands);
  REQUIRE(replies);
  CHECK((*replies)[2].failure().code() == errc::unauthenticated);
  CHECK(r->stats().idle == 0);
}

TEST_CASE("a server that quotes the password does not get it into our message") {
  fake_server server([](std::string_view) -> said {
    return "-ERR unknown command `AUTH`, with args beginning with: `app`, `s3cret`\r\n+PONG\r\n";
  });
  const auto made =
      redis::client::open({.port = server.port(), .username = "app", .password = "s3cret"});
  REQUIRE(!made);
  CHECK(made.error().code() == errc::unauthenticated);
  CHECK(made.error().message().find("s3cret") == std::string::npos);
  CHECK(made.error().message().find("app@127.0.0.1:") != std::string::npos);
}

TEST_CASE("old and idle connections are closed rather than used again") {
  fake_server server(answering("+OK\r\n"));
  testing::manual_clock clock;
  auto r = redis::client::open(
      {.port = server.port(),
       .max_idle = milliseconds(1000),
       .max_lifetime = milliseconds(5000),
       .clock = &clock}
  );
  REQUIRE(r);
  const auto set = [&] { return (*r)->command({"SET", "k", "v"}); };
  CHECK(set());
  clock.advance(milliseconds(1000));
  CHECK(set());
  CHECK(server.connections() == 1);
  clock.advance(milliseconds(1001));
  CHECK(set());
  CHECK(server.connections() == 2);
  for (int i = 0; i < 10; ++i) {
    clock.advance(milliseconds(900));
    CHECK(set());
  }
  CHECK(server.connections() == 3);
  CHECK((*r)->stats().lost == 0);
  CHECK((*r)->stats().reconnects == 0);
}

TEST_CASE("expired connections are closed before another is opened in their place") {
  std::mutex mutex;
  std::condition_variable changed;
  int asked = 0;
  fake_server* self = nullptr;
  std::atomic<bool> within_bound{true};
  fake_server server([&](std::string_view request) -> said {
    if (is_ping(request)) {
      if (!self->wait_for_closed(2)) within_bound = false;
      return "+PONG\r\n";
    }
    std::unique_lock lock(mutex);
    ++asked;
    changed.notify_all();
    changed.wait(lock, [&] { return asked >= 2; });
    return "+OK\r\n";
  });
  self = &server;
  testing::manual_clock clock;
  redis::client_options o;
  o.port = server.port();
  o.connect_timeout = o.command_timeout = milliseconds(60'000);
  o.max_connections = 2;
  o.max_idle = o.max_lifetime = milliseconds(0);
  o.clock = &clock;
  SUBCASE("the idle ones") { o.max_idle = milliseconds(1000); }
  SUBCASE("the old ones") { o.max_lifetime = milliseconds(1000); }
  const auto r = redis::client::open(o);
  REQUIRE(r);
  const auto set = [&] { CHECK((*r)->command({"SET", "k", "v"})); };
  std::thread beside(set);
  set();
  beside.join();
  CHECK((*r)->stats().idle == 2);
  clock.advance(milliseconds(1001));
  set();
  CHECK(within_bound);
  CHECK(server.connections() == 3);
  CHECK((*r)->stats().idle == 1);
  CHECK((*r)->stats().in_use == 0);
  CHECK((*r)->stats().lost == 0);
}
