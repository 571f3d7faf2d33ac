// SPDX-License-Identifier: BSL-1.0
// backpressure [--seconds N] [--chart FILE] [--json]: what a spike of load, and a partner that is
// down for a while, do to a service that just tries again, and to one that goes by the rules of
// scalekit::resilience. Four runs of N seconds (5), on the loopback interface alone; a table or
// JSON, and a chart (backpressure.svg).
#include "chart.hpp"
#include "experiment.hpp"
#include "report.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <getopt.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace scalekit;
using namespace backpressure;

struct arguments {
  int seconds = 5;
  std::string chart = "backpressure.svg";
  enum class format { table, json } print = format::table;
};

/// Nothing if they cannot be understood.
std::optional<arguments> parse(int count, char** values) {
  constexpr option options[] = {
      {"seconds", required_argument, nullptr, 's'},
      {"chart", required_argument, nullptr, 'c'},
      {"json", no_argument, nullptr, 'j'},
      {}};
  arguments a;
  for (int code; (code = getopt_long(count, values, "", options, nullptr)) != -1;) {
    if (code == 's') {
      const std::string_view text = optarg;
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), a.seconds);
      if (failed != std::errc() || end != text.data() + text.size()) return {};
      // The budget's window is ten seconds: longer runs would have several.
      if (a.seconds < 1 || a.seconds > 8) return {};
    } else if (code == 'c') {
      a.chart = optarg;
    } else if (code == 'j') {
      a.print = arguments::format::json;
    } else {
      return {};
    }
  }
  return optind == count ? std::optional(a) : std::nullopt;
}

result<void> run(const arguments& a) {
  std::vector<run_result> runs;
  for (const scenario what : {scenario::spike, scenario::outage}) {
    for (const arm how : {arm::without, arm::with}) {
      std::fprintf(
          stderr,
          "%s, %s the rules: %d s\n",
          std::string(to_string(what)).c_str(),
          std::string(to_string(how)).c_str(),
          a.seconds
      );
      auto r = run_once({.what = what, .how = how, .length = std::chrono::seconds(a.seconds)});
      if (!r) return r.error();
      runs.push_back(*std::move(r));
    }
  }
  const bool json = a.print == arguments::format::json;
  std::fputs((json ? as_json(runs) : as_table(runs)).c_str(), stdout);
  std::ofstream file(a.chart);
  file << as_svg(runs);
  file.close();
  if (!file) return error(errc::unavailable, a.chart + " cannot be written");
  std::fprintf(stderr, "%s shows them over time\n", a.chart.c_str());
  return {};
}

}  // namespace

int main(int count, char** values) {
  const auto a = parse(count, values);
  if (!a) {
    std::fputs("usage: backpressure [--seconds 1..8] [--chart FILE] [--json]\n", stderr);
    return 2;
  }
  if (auto done = run(*a); !done) {
    std::fprintf(stderr, "backpressure: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
