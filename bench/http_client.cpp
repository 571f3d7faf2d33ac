// SPDX-License-Identifier: BSL-1.0
// Requests over one kept connection on loopback: scalekit's client against curl, which asks for the
// same URL as often, to scalekit's own server. One JSON object per client. What counts is the
// processor time of the client alone, for the server is the same for both:
//   bench_http_client [requests] [body bytes]
#include "measure.hpp"

#include <scalekit/http/client.hpp>
#include <scalekit/http/server.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <time.h>

namespace {

using namespace scalekit;

double thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double children_cpu() {
  rusage u{};
  getrusage(RUSAGE_CHILDREN, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

void report(const char* client, int requests, double wall, double cpu) {
  fmt::print(
      "{{\"client\":\"{}\",\"requests\":{},\"per_second\":{:.0f},\"cpu_us_per_request\":{:.2f}}}\n",
      client,
      requests,
      requests / wall,
      cpu / requests * 1e6
  );
}

void measure_scalekit(const std::string& url, int requests, std::size_t size) {
  const auto web = bench::must(http::client::open());
  const http::outgoing_request r{.to = bench::must(http::url::parse(url))};
  bench::must(web->send(r));  // the connection
  const auto start = bench::steady::now();
  const double cpu = thread_cpu();
  for (int i = 0; i < requests; ++i) {
    if (bench::must(web->send(r)).body.size() != size) bench::fail("a body of another size");
  }
  report("scalekit", requests, bench::seconds_since(start), thread_cpu() - cpu);
}

void measure_curl(const std::string& url, int requests) {
  // "?[1-n]" makes curl ask n times over one connection.
  const auto command = fmt::format("curl -sf --http1.1 -o /dev/null '{}?[1-{}]'", url, requests);
  const auto start = bench::steady::now();
  const double cpu = children_cpu();
  if (std::system(command.c_str()) != 0) bench::fail("curl failed, or is not there");
  report("curl", requests, bench::seconds_since(start), children_cpu() - cpu);
}

}  // namespace

int main(int count, char** arguments) {
  const int requests = count > 1 ? std::atoi(arguments[1]) : 20'000;
  const auto size = static_cast<std::size_t>(count > 2 ? std::atoi(arguments[2]) : 100);
  http::server server;
  bench::must(server.route("GET", "/", [size](const http::request&) {
    return http::response::text(200, std::string(size, 'x'));
  }));
  bench::must(server.start());
  const auto url = fmt::format("http://127.0.0.1:{}/", server.port());
  for (int turn = 0; turn < 3; ++turn) {
    measure_scalekit(url, requests, size);
    measure_curl(url, requests);
  }
  return 0;
}
