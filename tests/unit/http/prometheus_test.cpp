// SPDX-License-Identifier: BSL-1.0
#include <scalekit/http/prometheus.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace scalekit;

TEST_CASE("counters, gauges and histograms in the text format") {
  http::prometheus_registry r;
  const auto rows = r.make_counter("b_rows_total", "Rows\nsent \\ all");
  rows.add(3);
  rows.add();
  const auto level = r.make_gauge("a_level", "Level");
  level.add(2.5);
  level.add(-4);
  const double bounds[] = {0.1, 1.0};
  const auto h = r.make_histogram("c_seconds", "Time", bounds);
  h.observe(0.1);  // a bound belongs to its bucket
  h.observe(0.5);
  h.observe(7);
  CHECK(
      r.render() ==
      "# HELP a_level Level\n# TYPE a_level gauge\na_level -1.5\n"
      "# HELP b_rows_total Rows\\nsent \\\\ all\n# TYPE b_rows_total counter\nb_rows_total 4\n"
      "# HELP c_seconds Time\n# TYPE c_seconds histogram\n"
      "c_seconds_bucket{le=\"0.1\"} 1\nc_seconds_bucket{le=\"1\"} 2\n"
      "c_seconds_bucket{le=\"+Inf\"} 3\nc_seconds_sum 7.6\nc_seconds_count 3\n"
  );
}

TEST_CASE("one name, one series; a name of another kind goes nowhere") {
  http::prometheus_registry r;
  r.make_counter("x", "first").add(1);
  r.make_counter("x", "second").add(1);
  r.make_gauge("x", "other").add(100);
  CHECK(r.render() == "# HELP x first\n# TYPE x counter\nx 2\n");
}

TEST_CASE("what Prometheus could not read is never written") {
  http::prometheus_registry r;
  for (const auto* name : {"", "1x", "a-b", "a b", "a\n", "a{b}"}) r.make_counter(name, "h").add(1);
  CHECK(r.render().empty());

  const double bounds[] = {
      1.0,
      std::numeric_limits<double>::quiet_NaN(),
      0.5,
      2.0,
      std::numeric_limits<double>::infinity()};
  r.make_histogram("h", "h", bounds).observe(1.5);
  const auto text = r.render();
  CHECK(text.find("le=\"0.5\"") == std::string::npos);
  CHECK(text.find("le=\"2\"} 1") != std::string::npos);
  CHECK(text.find("le=\"+Inf\"} 1") != std::string::npos);
}

TEST_CASE("handles outlive the registry") {
  metrics::counter kept;
  {
    http::prometheus_registry r;
    kept = r.make_counter("x", "h");
  }
  kept.add(1);
}

TEST_CASE("concurrent counting loses nothing") {
  http::prometheus_registry r;
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&r] {
      const auto c = r.make_counter("n_total", "h");
      const double bounds[] = {1.0};
      const auto h = r.make_histogram("h", "h", bounds);
      for (int i = 0; i < 5000; ++i) {
        c.add();
        h.observe(i % 3);
        if (i % 1000 == 0) static_cast<void>(r.render());
      }
    });
  }
  for (auto& t : all) t.join();
  const auto text = r.render();
  CHECK(text.find("\nn_total 20000\n") != std::string::npos);
  CHECK(text.find("\nh_count 20000\n") != std::string::npos);
}
