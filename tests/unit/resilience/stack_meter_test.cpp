// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/stack_meter.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>

using namespace scalekit;
using namespace scalekit::resilience;
using namespace std::chrono_literals;

namespace {

// Adds up what is recorded, by name.
class sums final : public metrics::registry {
 public:
  metrics::counter make_counter(std::string_view name, std::string_view) override {
    return metrics::counter(of(name));
  }
  metrics::gauge make_gauge(std::string_view name, std::string_view) override {
    return metrics::gauge(of(name));
  }
  metrics::histogram make_histogram(
      std::string_view, std::string_view, std::span<const double>
  ) override {
    return {};
  }
  double operator[](const std::string& name) const {
    const auto at = series_.find("scalekit_resilience_partner_" + name);
    REQUIRE_MESSAGE(at != series_.end(), name);
    return at->second->value;
  }
  std::size_t size() const { return series_.size(); }

 private:
  struct sum final : metrics::sink {
    double value = 0;
    void record(double v) noexcept override { value += v; }
  };
  std::shared_ptr<sum> of(std::string_view name) {
    return series_[std::string(name)] = std::make_shared<sum>();
  }
  std::map<std::string, std::shared_ptr<sum>> series_;
};

}  // namespace

TEST_CASE("a stack's numbers reach their series, once each") {
  testing::manual_clock time;
  sums all;
  const auto meter = stack_meter::make(all, "partner").value();
  const auto s = stack::make({.limit = rate::make({.tokens = 10, .burst = 10}).value(),
                              .retry = {{.max_attempts = 2}},
                              .concurrency = {{.initial = 5}},
                              .clock = &time,
                              .wait = &time})
                     .value();
  CHECK(s->call([&] { meter->publish(s->stats()); }));
  CHECK(all["in_flight"] == 1);
  CHECK_FALSE(s->call([]() -> result<int> { return errc::unavailable; }));
  s->breaker()->force_open(time.steady_now());
  CHECK_FALSE(s->call([] {}));
  for (int i = 0; i < 2; ++i) meter->publish(s->stats());
  CHECK(all["calls_ok_total"] == 1);
  CHECK(all["calls_transient_total"] == 1);
  CHECK(all["calls_cancelled_total"] == 0);
  CHECK(all["refused_breaker_total"] == 1);
  CHECK(all["retries_total"] == 1);
  CHECK(all["breaker_open"] == 1);
  CHECK(all["in_flight"] == 0);
  CHECK(all["concurrency_limit"] == s->concurrency()->limit());
  CHECK(all["limiter_tokens"] == s->stats().limiter->remaining);
  s->breaker()->release(time.steady_now());
  meter->publish(s->stats());
  CHECK(all["breaker_open"] == 0);
  CHECK(all.size() == 5 + 7 + 2 + 6);
}

TEST_CASE("a callee's name has to fit into a metric's") {
  sums all;
  for (const char* name : {"", "a b", "a-b", "\xC3\xA4", "a\n"}) {
    CHECK(stack_meter::make(all, name).error().message().find("callee") != std::string::npos);
  }
  CHECK(stack_meter::make(all, "Bank_2"));
}
