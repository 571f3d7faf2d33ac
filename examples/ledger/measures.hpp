// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_MEASURES_HPP
#define LEDGER_MEASURES_HPP

#include <scalekit/http/prometheus.hpp>
#include <scalekit/metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ledger {

/// The last observations of one histogram, in milliseconds.
struct timing_summary {
  std::uint64_t count = 0;  // since the start; the rest is over the last ones only
  double p50 = 0;
  double p95 = 0;
  double max = 0;
  std::vector<double> latest;  // oldest first
};

/// \brief A Prometheus registry that also keeps the last observations of each histogram, so that
/// the operator page can show exact percentiles instead of the bounds of buckets.
///
/// \par Thread-safety  Safe for concurrent calls.
class measures final : public scalekit::metrics::registry {
 public:
  scalekit::metrics::counter make_counter(std::string_view name, std::string_view help) override {
    return prometheus_.make_counter(name, help);
  }
  scalekit::metrics::gauge make_gauge(std::string_view name, std::string_view help) override {
    return prometheus_.make_gauge(name, help);
  }
  scalekit::metrics::histogram make_histogram(
      std::string_view name, std::string_view help, std::span<const double> bounds
  ) override;

  /// Of a histogram of seconds; empty if there is none of that name.
  [[nodiscard]] timing_summary timing(std::string_view name) const;
  [[nodiscard]] std::string render() const { return prometheus_.render(); }

 private:
  class recent;
  scalekit::http::prometheus_registry prometheus_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<recent>, std::less<>> recent_;
};

}  // namespace ledger

#endif
