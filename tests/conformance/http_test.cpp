// SPDX-License-Identifier: BSL-1.0
#include <scalekit/http/client.hpp>
#include <scalekit/testing/fake_transport.hpp>
#include <scalekit/testing/http_conformance.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace scalekit;

namespace {

// [fixture]
class client_fixture : public testing::http_fixture {
 public:
  explicit client_fixture(http::client_pool_options pool = {}) : pool_(pool) {}
  result<std::unique_ptr<http::transport>> open() override {
    return http::client::open({.pool = pool_}).transform([](auto c) {
      return std::unique_ptr<http::transport>(std::move(c));
    });
  }
  testing::http_places places() override { return server_->places(); }

 private:
  http::client_pool_options pool_;
  std::unique_ptr<testing::http_conformance_server> server_ =
      testing::http_conformance_server::start().value();
};
// [fixture]

class fake_fixture final : public testing::http_fixture {
 public:
  result<std::unique_ptr<http::transport>> open() override {
    return std::unique_ptr<http::transport>(
        std::make_unique<testing::fake_transport>(site_, &clock_)
    );
  }
  testing::http_places places() override { return testing::fake_http_places(); }
  bool blocks() const override { return false; }

 private:
  testing::manual_clock clock_;
  testing::fake_transport::answer_fn site_ = testing::fake_http_site();
};

std::set<std::string> run_all(testing::http_fixture& f) {
  std::set<std::string> skipped;
  const auto sum = testing::run_http_conformance(
      f,
      [&](std::string_view name, const testing::conformance_outcome& outcome) {
        CAPTURE(name);
        CHECK_MESSAGE(outcome.verdict != testing::verdict::failed, outcome.message);
        if (outcome.verdict == testing::verdict::skipped) skipped.emplace(name);
      }
  );
  CHECK(sum.passed + sum.failed + sum.skipped == testing::http_conformance_cases().size());
  return skipped;
}

/// Breaks what a transport must do, in one way.
class flawed final : public http::transport {
 public:
  using flaw_fn = result<http::response> (*)(http::transport&, http::outgoing_request);
  flawed(std::unique_ptr<http::transport> inner, flaw_fn flaw)
      : inner_(std::move(inner)), flaw_(flaw) {}
  result<http::response> send(const http::outgoing_request& r) override {
    return flaw_(*inner_, r);
  }

 private:
  std::unique_ptr<http::transport> inner_;
  flaw_fn flaw_;
};

class flawed_fixture final : public testing::http_fixture {
 public:
  explicit flawed_fixture(flawed::flaw_fn flaw, bool blocks) : flaw_(flaw), blocks_(blocks) {}
  result<std::unique_ptr<http::transport>> open() override {
    auto inner = sound_.open();
    return std::unique_ptr<http::transport>(std::make_unique<flawed>(*std::move(inner), flaw_));
  }
  testing::http_places places() override { return sound_.places(); }
  bool blocks() const override { return blocks_; }

 private:
  fake_fixture sound_;
  flawed::flaw_fn flaw_;
  bool blocks_;
};

/// Whether that case fails a transport with that flaw.
bool finds(std::string_view name, flawed::flaw_fn flaw, bool blocks = false) {
  flawed_fixture f(flaw, blocks);
  for (const auto& c : testing::http_conformance_cases()) {
    if (c.name == name) return c.run(f).verdict == testing::verdict::failed;
  }
  return false;
}

}  // namespace

TEST_CASE("the client passes everything") {
  client_fixture f;
  CHECK(run_all(f).empty());
}

TEST_CASE("with one connection for all threads too") {
  client_fixture f({.max_per_origin = 1});
  // The case that stops a call asks through the same transport whether it is under way.
  for (const auto& c : testing::http_conformance_cases()) {
    if (c.name == "faults/stopped while it waits") continue;
    CAPTURE(c.name);
    const auto outcome = c.run(f);
    CHECK_MESSAGE(outcome.verdict != testing::verdict::failed, outcome.message);
  }
}

TEST_CASE("and with a connection for each request") {
  client_fixture f({.max_idle_per_origin = 0});
  CHECK(run_all(f).empty());
}

TEST_CASE("the fake passes all that needs no thread to wait") {
  fake_fixture f;
  CHECK(run_all(f) == std::set<std::string>{"faults/stopped while it waits"});
}

TEST_CASE("what is wrong with a transport is found") {
  CHECK(finds("faults/an answer is lost, or not whole", [](auto& t, auto r) {
    auto answer = t.send(r);
    if (!answer && answer.error().outcome_unknown()) return t.send(r);
    return answer;
  }));
  CHECK(finds("answers/any status is a value", [](auto& t, auto r) -> result<http::response> {
    auto answer = t.send(r);
    if (answer && answer->status >= 500) return error(errc::unavailable);
    return answer;
  }));
  CHECK(finds("answers/redirects are not followed", [](auto& t, auto r) {
    auto answer = t.send(r);
    if (!answer || answer->status != 302) return answer;
    r.to = *r.to.resolve(*answer->headers.find("Location"));
    return t.send(r);
  }));
  CHECK(finds("answers/fields, whatever their case, repeated ones apart", [](auto& t, auto r) {
    auto answer = t.send(r);
    if (answer) {
      const auto joined = answer->headers.joined("Set-Cookie");
      static_cast<void>(answer->headers.set("Set-Cookie", joined));
    }
    return answer;
  }));
  CHECK(finds("requests/methods, as they are written", [](auto& t, auto r) {
    if (r.method == "get") r.method = "GET";
    return t.send(r);
  }));
  CHECK(finds("requests/refused before anything is sent", [](auto& t, auto r) {
    r.headers.remove("Host");
    return t.send(r);
  }));
  CHECK(finds("answers/bodies up to a limit", [](auto& t, auto r) {
    r.max_body_bytes = SIZE_MAX;
    return t.send(r);
  }));
  CHECK(finds("requests/bodies of all kinds", [](auto& t, auto r) {
    r.body = r.body.c_str();  // up to its first NUL
    return t.send(r);
  }));
  CHECK(finds("faults/nobody listens", [](auto& t, auto r) -> result<http::response> {
    auto answer = t.send(r);
    if (!answer && answer.error().code() == errc::unavailable) return errc::outcome_unknown;
    return answer;
  }));
  CHECK(finds("faults/errors tell no secrets", [](auto& t, auto r) -> result<http::response> {
    auto answer = t.send(r);
    if (!answer) return std::move(answer).error().with_context(r.to.text());
    return answer;
  }));
  CHECK(finds("faults/no connection in time", [](auto& t, auto r) -> result<http::response> {
    auto answer = t.send(r);
    if (!answer && answer.error().code() == errc::timed_out) return errc::outcome_unknown;
    return answer;
  }));
}

TEST_CASE("a call that ends before it could be stopped is found, and not waited for") {
  const auto never_sent = [](auto& t, auto r) -> result<http::response> {
    if (r.to.target().starts_with("/stuck/")) return error(errc::unavailable);
    return t.send(r);
  };
  CHECK(finds("faults/stopped while it waits", never_sent, true));
}

TEST_CASE("case names are distinct") {
  std::set<std::string_view> names;
  for (const auto& c : testing::http_conformance_cases()) CHECK(names.insert(c.name).second);
}
