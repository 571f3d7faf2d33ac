// SPDX-License-Identifier: BSL-1.0
#include <scalekit/log.hpp>

#include <doctest/doctest.h>

using scalekit::log_level;

TEST_CASE("levels are spelled and ordered") {
  CHECK(scalekit::to_string(log_level::debug) == "debug");
  CHECK(scalekit::to_string(log_level::info) == "info");
  CHECK(scalekit::to_string(log_level::warning) == "warning");
  CHECK(scalekit::to_string(log_level::error) == "error");
  CHECK(scalekit::to_string(static_cast<log_level>(9)) == "unknown");
  CHECK(log_level::debug < log_level::info);
  CHECK(log_level::info < log_level::warning);
  CHECK(log_level::warning < log_level::error);
}

TEST_CASE("silence is the default") {
  const scalekit::log_fn none;
  CHECK_FALSE(static_cast<bool>(none));
}
