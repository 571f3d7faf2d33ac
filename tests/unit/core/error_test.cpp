// SPDX-License-Identifier: BSL-1.0
#include <scalekit/error.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using scalekit::errc;
using scalekit::error;

namespace {
constexpr int last_code = static_cast<int>(errc::internal);
}

TEST_CASE("every code has a spelling of its own") {
  std::set<std::string_view> seen;
  for (int code = 1; code <= last_code; ++code) {
    seen.insert(scalekit::to_string(static_cast<errc>(code)));
  }
  CHECK(seen.size() == static_cast<std::size_t>(last_code));
  CHECK(seen.count("unknown") == 0);
  CHECK(scalekit::to_string(static_cast<errc>(0)) == "unknown");
  CHECK(scalekit::to_string(static_cast<errc>(last_code + 1)) == "unknown");
}

TEST_CASE("only what had no effect may be retried") {
  for (int code = 1; code <= last_code; ++code) {
    const error e(static_cast<errc>(code));
    const bool transient =
        e.code() == errc::busy || e.code() == errc::unavailable || e.code() == errc::timed_out;
    CHECK(e.retryable() == transient);
    CHECK(e.outcome_unknown() == (e.code() == errc::outcome_unknown));
    CHECK_FALSE((e.retryable() && e.outcome_unknown()));
  }
}

TEST_CASE("an error is also a std::error_code") {
  const std::error_code ec = errc::busy;
  CHECK(ec == errc::busy);
  CHECK(ec != errc::conflict);
  CHECK(ec.category() == scalekit::error_category());
  CHECK(std::string(ec.category().name()) == "scalekit");
  CHECK(ec.message() == "busy");
  CHECK(ec != std::error_code(static_cast<int>(errc::busy), std::generic_category()));
}

TEST_CASE("a description has the code, the message and the cause, as far as they are known") {
  CHECK(error(errc::not_found).describe() == "not_found");
  CHECK(error(errc::not_found, "no such job").describe() == "not_found: no such job");
  CHECK(error(errc::unavailable, "", {"errno", -5}).describe() == "unavailable (errno -5)");
  CHECK(error(errc::busy, "locked", {"sqlite", 5}).describe() == "busy: locked (sqlite 5)");
}

TEST_CASE("context goes before the message and leaves the rest") {
  const error e = error(errc::busy, "locked", {"sqlite", 5})
                      .with_retry_after(std::chrono::seconds(3))
                      .with_context("claim")
                      .with_context("worker 7");
  CHECK(e.message() == "worker 7: claim: locked");
  CHECK(e.code() == errc::busy);
  CHECK(e.cause().system == "sqlite");
  CHECK(e.cause().code == 5);
  CHECK(e.retry_after() == std::chrono::milliseconds(3000));
  CHECK_FALSE(error(errc::busy).retry_after().has_value());
}
