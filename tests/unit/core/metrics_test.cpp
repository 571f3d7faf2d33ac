// SPDX-License-Identifier: BSL-1.0
#include "recording_registry.hpp"

#include <scalekit/metrics.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace metrics = scalekit::metrics;

TEST_CASE("handles write to the series they were made for") {
  scalekit_tests::recording_registry registry;
  const auto rows = registry.make_counter("rows_total", "Rows");
  const auto again = registry.make_counter("rows_total", "Rows");
  const auto level = registry.make_gauge("level", "Level");
  const auto wait = registry.make_histogram("wait_seconds", "Wait", metrics::duration_bounds());
  rows.add();
  again.add(5000);
  level.add(2.5);
  level.add(-1);
  wait.observe(0.25);
  CHECK(registry.values("rows_total") == std::vector<double>{1, 5000});
  CHECK(registry.values("level") == std::vector<double>{2.5, -1});
  CHECK(registry.values("wait_seconds") == std::vector<double>{0.25});
}

TEST_CASE("a handle keeps its series when the registry is gone") {
  metrics::counter kept;
  {
    scalekit_tests::recording_registry registry;
    kept = registry.make_counter("x_total", "x");
  }
  kept.add();
}

TEST_CASE("default handles and the registry to nowhere swallow everything") {
  metrics::counter().add(3);
  metrics::gauge().add(-1);
  metrics::histogram().observe(1);
  metrics::registry& nowhere = metrics::registry::nowhere();
  CHECK(&nowhere == &metrics::registry::nowhere());
  nowhere.make_counter("a_total", "a").add();
  nowhere.make_gauge("b", "b").add(1);
  nowhere.make_histogram("c_seconds", "c", {}).observe(1);
}

TEST_CASE("the bounds for durations ascend from half a millisecond to a minute") {
  const auto bounds = metrics::duration_bounds();
  CHECK(bounds.front() == 0.0005);
  CHECK(bounds.back() == 60.0);
  CHECK(std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) == bounds.end());
}
