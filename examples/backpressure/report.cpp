// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <array>
#include <cmath>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace backpressure {

namespace {

/// Every measure under the name it has in JSON, and as people read it.
struct measure {
  const char* name;
  const char* text;
  int digits;
  double (*of)(const run_result&);
};

double number(std::uint64_t n) { return static_cast<double>(n); }

constexpr std::array measures{
    measure{"calls", "calls", 0, [](const run_result& r) { return number(r.calls); }},
    measure{"answered", "  answered", 0, [](const run_result& r) { return number(r.answered); }},
    measure{"failed", "  failed", 0, [](const run_result& r) { return number(r.failed); }},
    measure{"refused", "  refused here", 0, [](const run_result& r) { return number(r.refused); }},
    measure{
        "abandoned", "  never begun", 0, [](const run_result& r) { return number(r.abandoned); }},
    measure{"attempts", "attempts", 0, [](const run_result& r) { return number(r.attempts); }},
    measure{"retries", "  retries", 0, [](const run_result& r) { return number(r.retries); }},
    measure{
        "retries_per_call",
        "  retries a call",
        2,
        [](const run_result& r) { return r.retries_per_call(); }},
    measure{
        "reached",
        "  reached the partner",
        0,
        [](const run_result& r) { return number(r.reached); }},
    measure{"done", "    200", 0, [](const run_result& r) { return number(r.done); }},
    measure{"throttled", "    429", 0, [](const run_result& r) { return number(r.throttled); }},
    measure{"broken", "    503, 504", 0, [](const run_result& r) { return number(r.broken); }},
    measure{
        "throttled_percent",
        "  429, % of attempts",
        1,
        [](const run_result& r) { return 100 * r.throttled_share(); }},
    measure{"goodput", "answered a second", 1, [](const run_result& r) { return r.goodput; }},
    measure{
        "goodput_during",
        "  of those due in 2nd third",
        1,
        [](const run_result& r) { return r.goodput_during; }},
    measure{"p50_ms", "p50 of answered, ms", 1, [](const run_result& r) { return r.all.p50_ms; }},
    measure{"p95_ms", "p95", 1, [](const run_result& r) { return r.all.p95_ms; }},
    measure{"p99_ms", "p99", 1, [](const run_result& r) { return r.all.p99_ms; }},
    measure{
        "p95_before_ms", "p95, 1st third", 1, [](const run_result& r) { return r.before.p95_ms; }},
    measure{
        "p95_during_ms", "p95, 2nd third", 1, [](const run_result& r) { return r.during.p95_ms; }},
    measure{"p95_ratio", "  times the 1st", 2, [](const run_result& r) { return r.p95_ratio(); }},
    measure{
        "reached_before",
        "attempts/s, 1st third",
        1,
        [](const run_result& r) { return r.reached_before; }},
    measure{
        "reached_after",
        "  in the second after",
        1,
        [](const run_result& r) { return r.reached_after; }},
    measure{
        "peak_before",
        "busiest 100 ms, 1st third",
        1,
        [](const run_result& r) { return r.peak_before; }},
    measure{
        "peak_after", "  in the second after", 1, [](const run_result& r) { return r.peak_after; }},
    measure{"herd", "  times the 1st", 2, [](const run_result& r) { return r.herd(); }},
};

std::string text_of(const measure& m, const run_result& r, const char* if_none) {
  const double value = m.of(r);
  if (std::isnan(value)) return if_none;
  std::string out;
  append(out, "%.*f", m.digits, value);
  return out;
}

}  // namespace

std::string_view to_string(scenario s) { return s == scenario::spike ? "spike" : "outage"; }
std::string_view to_string(arm a) { return a == arm::without ? "without" : "with"; }

void append(std::string& out, const char* format, ...) {
  std::array<char, 1024> text{};
  std::va_list values;
  va_start(values, format);
  const int length = std::vsnprintf(text.data(), text.size(), format, values);
  va_end(values);
  if (length > 0) out.append(text.data());
}

std::string as_table(const std::vector<run_result>& runs) {
  std::string out;
  append(out, "%-29s", "");
  for (const auto& r : runs) {
    const std::string name =
        std::string(to_string(r.plan.what)).append(", ").append(to_string(r.plan.how));
    append(out, "%17s", name.c_str());
  }
  out += '\n';
  for (const auto& m : measures) {
    append(out, "%-29s", m.text);
    for (const auto& r : runs) append(out, "%17s", text_of(m, r, "-").c_str());
    out += '\n';
  }
  return out;
}

std::string as_json(const std::vector<run_result>& runs) {
  std::string out = "[";
  for (const auto& r : runs) {
    out.append(out.size() == 1 ? "\n" : ",\n").append(R"( {"scenario": ")");
    out.append(to_string(r.plan.what)).append(R"(", "rules": ")").append(to_string(r.plan.how));
    out += '"';
    for (const auto& m : measures) {
      append(out, R"(, "%s": %s)", m.name, text_of(m, r, "null").c_str());
    }
    append(out, R"(, "retry_ratio": %.2f, "retry_minimum": %u})", retry_ratio, retry_minimum);
  }
  return out + "\n]\n";
}

}  // namespace backpressure
