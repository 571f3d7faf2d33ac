// SPDX-License-Identifier: BSL-1.0
#include <scalekit/metrics.hpp>

#include <array>

namespace scalekit::inline v0::metrics {

sink::~sink() = default;
registry::~registry() = default;

namespace {

class null_registry final : public registry {
 public:
  counter make_counter(std::string_view, std::string_view) override { return {}; }
  gauge make_gauge(std::string_view, std::string_view) override { return {}; }
  histogram make_histogram(std::string_view, std::string_view, std::span<const double>) override {
    return {};
  }
};

constexpr std::array seconds{
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0};

}  // namespace

registry& registry::nowhere() noexcept {
  static null_registry& instance = *new null_registry;
  return instance;
}

std::span<const double> duration_bounds() noexcept { return seconds; }

}  // namespace scalekit::inline v0::metrics
