// SPDX-License-Identifier: BSL-1.0
#include "status.hpp"

#include "operator_page.hpp"  // made from page.html by the build

#include <scalekit/timestamp.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>

namespace ledger {

using namespace scalekit;
namespace json = boost::json;

namespace {

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

json::object running_export(const http::export_run_status& run) {
  const bulk::progress& p = run.progress;
  json::object out{
      {"id", run.id},
      {"name", run.name},
      {"client", run.remote_address},
      {"started", to_rfc3339(run.started, second_fraction::none)},
      {"rows", p.rows},
      {"bytes", p.bytes},
      {"rows_per_second", p.rows_per_second},
      {"fraction", nullptr},
      {"remaining_seconds", nullptr},
  };
  if (p.fraction) out["fraction"] = *p.fraction;
  if (p.remaining) out["remaining_seconds"] = seconds(*p.remaining);
  return out;
}

json::object exports_json(const http::export_endpoint_stats& s) {
  json::array running;
  for (const auto& run : s.running) running.push_back(running_export(run));
  return {
      {"started", s.started},
      {"completed", s.completed},
      {"refused", s.refused},
      {"rejected", s.rejected},
      {"aborted_by_client", s.aborted_by_client},
      {"aborted_by_stall", s.aborted_by_stall},
      {"aborted_by_server", s.aborted_by_server},
      {"bytes", s.bytes},
      {"running", std::move(running)},
  };
}

json::object timing_json(const timing_summary& t) {
  constexpr std::size_t shown = 60;
  const std::size_t first = t.latest.size() > shown ? t.latest.size() - shown : 0;
  json::array latest;
  for (std::size_t i = first; i < t.latest.size(); ++i) latest.push_back(t.latest[i]);
  return {
      {"count", t.count},
      {"p50_ms", t.p50},
      {"p95_ms", t.p95},
      {"max_ms", t.max},
      {"latest_ms", std::move(latest)},
  };
}

/// A line of /proc/self/status in KiB, e.g. `VmRSS`; 0 where there is no such file.
std::int64_t memory_kib(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name) && line[name.size()] == ':') {
      return std::strtoll(line.c_str() + name.size() + 1, nullptr, 10);
    }
  }
  return 0;
}

}  // namespace

http::response status_json(const observed& o) {
  const auto web = o.web.stats();
  const auto pool = o.database.stats();
  const json::object body{
      {"uptime_seconds", seconds(clock::system().steady_now() - o.started)},
      {"exports", exports_json(o.exports.stats())},
      {"chunks", timing_json(o.timings.timing("scalekit_export_chunk_seconds"))},
      {"first_bytes", timing_json(o.timings.timing("scalekit_http_export_first_byte_seconds"))},
      {"pages", timing_json(o.timings.timing("ledger_page_seconds"))},
      {"memory", {{"rss_kib", memory_kib("VmRSS")}, {"peak_rss_kib", memory_kib("VmHWM")}}},
      {"server",
       {{"connections", web.connections},
        {"accepted", web.accepted},
        {"rejected", web.rejected},
        {"requests", web.requests}}},
      {"database", {{"readers_in_use", pool.readers_in_use}, {"waited", pool.waited}}},
  };
  return http::response::of(200, "application/json", json::serialize(body));
}

http::response operator_page() {
  return http::response::of(200, "text/html; charset=utf-8", operator_page_html);
}

}  // namespace ledger
