// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_RECORDING_REGISTRY_HPP
#define SCALEKIT_TESTS_SUPPORT_RECORDING_REGISTRY_HPP

#include <scalekit/metrics.hpp>

#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit_tests {

/// Keeps every number; the smallest registry a host could write.
class recording_registry final : public scalekit::metrics::registry {
 public:
  scalekit::metrics::counter make_counter(std::string_view name, std::string_view) override {
    return scalekit::metrics::counter(series(name));
  }
  scalekit::metrics::gauge make_gauge(std::string_view name, std::string_view) override {
    return scalekit::metrics::gauge(series(name));
  }
  scalekit::metrics::histogram
  make_histogram(std::string_view name, std::string_view, std::span<const double>) override {
    return scalekit::metrics::histogram(series(name));
  }

  [[nodiscard]] double sum(const std::string& name) const {
    const std::vector<double>& all = values(name);
    return std::accumulate(all.begin(), all.end(), 0.0);
  }
  [[nodiscard]] const std::vector<double>& values(const std::string& name) const {
    return series_.at(name)->values;
  }

 private:
  struct kept final : scalekit::metrics::sink {
    void record(double value) noexcept override { values.push_back(value); }
    std::vector<double> values;
  };
  std::shared_ptr<kept> series(std::string_view name) {
    auto& slot = series_[std::string(name)];
    if (!slot) slot = std::make_shared<kept>();
    return slot;
  }
  std::map<std::string, std::shared_ptr<kept>> series_;
};

}  // namespace scalekit_tests

#endif
