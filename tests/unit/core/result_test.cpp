// SPDX-License-Identifier: BSL-1.0
#include <scalekit/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using scalekit::errc;
using scalekit::error;
using scalekit::result;

namespace {
result<int> parse(bool good) {
  if (!good) return error(errc::busy, "locked", {"sqlite", 5});
  return 3;
}
result<std::unique_ptr<int>> boxed() { return std::make_unique<int>(4); }
}  // namespace

TEST_CASE("a result holds a value or an error") {
  CHECK(*parse(true) == 3);
  CHECK(parse(false).error().code() == errc::busy);
  CHECK(parse(false).value_or(9) == 9);
  CHECK(*boxed().value() == 4);
  CHECK(result<void>().has_value());
  CHECK_FALSE(result<bool>(errc::not_found).has_value());
}

TEST_CASE("value() throws what the error said") {
  try {
    static_cast<void>(parse(false).value());
    FAIL("did not throw");
  } catch (const scalekit::bad_result& e) {
    CHECK(e.code() == errc::busy);
    CHECK(e.error().cause().code == 5);
    CHECK(std::string(e.what()).find("locked") != std::string::npos);
  }
  CHECK_THROWS_AS(result<void>(errc::internal).value(), std::system_error);
}

TEST_CASE("chaining keeps the first error") {
  auto twice = [](int v) { return result<int>(v * 2); };
  CHECK(*parse(true).and_then(twice) == 6);
  CHECK(parse(false).and_then(twice).error().message() == "locked");
  CHECK(*parse(true).transform([](int v) { return std::to_string(v); }) == "3");
  CHECK(*parse(false).or_else([](const error&) { return result<int>(7); }) == 7);
  CHECK(result<void>().and_then([] { return result<int>(1); }).has_value());
  int seen = 0;
  CHECK(parse(true).transform([&](int v) { seen = v; }).has_value());
  CHECK(result<void>().transform([&] { ++seen; }).has_value());
  CHECK(parse(false).transform([&](int) { seen = 0; }).error().code() == errc::busy);
  CHECK(seen == 4);
}

TEST_CASE("errors say what may be done about them") {
  CHECK(error(errc::busy).retryable());
  CHECK(error(errc::unavailable).retryable());
  CHECK_FALSE(error(errc::outcome_unknown).retryable());
  CHECK(error(errc::outcome_unknown).outcome_unknown());
  CHECK_FALSE(error(errc::conflict).retryable());
  CHECK(
      error(errc::busy, "x", {"sqlite", 5}).with_context("open").describe() ==
      "busy: open: x (sqlite 5)"
  );
  CHECK(error(errc::busy).with_retry_after(std::chrono::seconds(2)).retry_after()->count() == 2000);
  for (int i = 1; i <= static_cast<int>(errc::internal); ++i) {
    CHECK(scalekit::to_string(static_cast<errc>(i)) != "unknown");
  }
}
