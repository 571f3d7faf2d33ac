// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/redis/client.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace scalekit;

namespace {

using words = std::vector<std::string_view>;

/// Would have to connect to port 1 for anything that it does not refuse.
std::unique_ptr<redis::client> nowhere() {
  auto made = redis::client::open({.port = 1, .first = redis::first_connection::when_needed});
  REQUIRE(made);
  return *std::move(made);
}

result<std::vector<redis::reply>> pipeline(redis::client& r, const std::vector<words>& commands) {
  const std::vector<redis::arguments> views(commands.begin(), commands.end());
  return r.pipeline(views);
}

}  // namespace

TEST_CASE("what would change a shared connection is refused before it is sent") {
  const auto r = nowhere();
  const std::vector<words> refused{
      {"SUBSCRIBE", "news"},
      {"psubscribe", "n*"},
      {"SSubscribe", "n"},
      {"MONITOR"},
      {"SELECT", "3"},
      {"AUTH", "secret"},
      {"HELLO", "3"},
      {"WATCH", "k"},
      {"UNWATCH"},
      {"MULTI"},
      {"exec"},
      {"DISCARD"},
      {"RESET"},
      {"QUIT"},
      {"PSYNC", "?", "-1"},
      {"CLIENT", "REPLY", "OFF"},
      {"client", "tracking", "on"},
      {"SCRIPT", "DEBUG", "YES"},
      {"CLIENT", "SETNAME", "x"},
      {"READONLY"},
      {"ASKING"},
  };
  for (const words& command : refused) {
    CAPTURE(command.front());
    const auto answer = r->command(command);
    REQUIRE(!answer);
    CHECK(answer.error().code() == errc::invalid_argument);
    CHECK(answer.error().message().find("refused before it is sent: ") != std::string::npos);
    CHECK(answer.error().message().find("secret") == std::string::npos);
  }
  CHECK(r->stats().lost == 0);
  CHECK(r->stats().refused == 0);
}

TEST_CASE("their harmless relatives are not") {
  const auto r = nowhere();
  for (const words& command : std::vector<words>{
           {"PUBLISH", "news", "x"},
           {"PUBSUB", "CHANNELS"},
           {"CLIENT", "LIST"},
           {"CLIENT"},
           {"SCRIPT", "LOAD", "return 1"},
           {"SELECTED"},
           {"SELEC"},
           {"CLIENTS", "REPLY"}}) {
    CAPTURE(command.front());
    CHECK(r->command(command).error().code() == errc::unavailable);
  }
}

TEST_CASE("each refusal says what to do instead") {
  const auto r = nowhere();
  const auto said = [&](const words& w) { return r->command(w).error().message(); };
  CHECK(said({"SELECT", "1"}).find("client_options") != std::string::npos);
  CHECK(said({"WATCH", "k"}).find("script") != std::string::npos);
  CHECK(said({"MULTI"}).find("one pipeline") != std::string::npos);
  CHECK(said({"SUBSCRIBE", "c"}).find("connection of its own") != std::string::npos);
}

TEST_CASE("commands without a name are refused") {
  const auto r = nowhere();
  CHECK(r->command({}).error().code() == errc::invalid_argument);
  CHECK(r->command({""}).error().code() == errc::invalid_argument);
  CHECK(pipeline(*r, {{"PING"}, {}}).error().code() == errc::invalid_argument);
}

TEST_CASE("a word longer than Redis takes is refused") {
  const auto r = nowhere();
  const char byte = 'x';
  // Never looked into: only its length counts.
  const std::string_view huge(&byte, (std::size_t{512} << 20U) + 1);
  const auto refused = r->command({"SET", "k", huge});
  CHECK(refused.error().code() == errc::limit_exceeded);
  CHECK(refused.error().message().find("word 2 of SET") != std::string::npos);
}

TEST_CASE("a pipeline may hold whole transactions, and no part of one") {
  const auto r = nowhere();
  const auto code = [&](const std::vector<words>& commands) {
    return pipeline(*r, commands).error().code();
  };
  // These get as far as connecting.
  CHECK(code({{"MULTI"}, {"SET", "a", "1"}, {"EXEC"}}) == errc::unavailable);
  CHECK(code({{"multi"}, {"discard"}, {"MULTI"}, {"EXEC"}}) == errc::unavailable);
  CHECK(code({{"MULTI"}, {"SET", "a", "1"}}) == errc::invalid_argument);
  CHECK(code({{"MULTI"}, {"EXEC"}, {"MULTI"}}) == errc::invalid_argument);
  // The server refuses this EXEC and keeps the transaction open.
  CHECK(code({{"MULTI"}, {"EXEC", "now"}}) == errc::invalid_argument);
  CHECK(code({{"MULTI"}, {"SELECT", "1"}, {"EXEC"}}) == errc::invalid_argument);
  CHECK(code({{"WATCH", "a"}, {"MULTI"}, {"EXEC"}}) == errc::invalid_argument);
}

TEST_CASE("an empty pipeline needs no server") {
  const auto r = nowhere();
  const auto none = r->pipeline({});
  REQUIRE(none);
  CHECK(none->empty());
}
