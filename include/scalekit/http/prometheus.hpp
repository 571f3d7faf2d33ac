// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_PROMETHEUS_HPP
#define SCALEKIT_HTTP_PROMETHEUS_HPP

#include <scalekit/export.hpp>
#include <scalekit/metrics.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// \brief A metrics registry that a Prometheus server can scrape.
///
/// \code
/// http::prometheus_registry metrics;
/// server.route("GET", "/metrics", [&](const http::request&) {
///   return http::response::of(200, metrics.content_type, metrics.render());
/// });
/// \endcode
///
/// A name that Prometheus does not allow, or one that is taken by a metric of another kind, yields
/// a handle that goes nowhere: counting must never break what is counted.
///
/// \par Thread-safety  Safe for concurrent calls; recording takes no lock. Handles may outlive the
/// registry.
class SCALEKIT_EXPORT prometheus_registry final : public metrics::registry {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  prometheus_registry();
  ~prometheus_registry() override;

  [[nodiscard]] metrics::counter make_counter(std::string_view name, std::string_view help)
      override;
  [[nodiscard]] metrics::gauge make_gauge(std::string_view name, std::string_view help) override;
  /// The bounds given first stay; NaN, infinity and disorder are dropped.
  [[nodiscard]] metrics::histogram make_histogram(
      std::string_view name, std::string_view help, std::span<const double> bounds
  ) override;

  /// \brief Text exposition format 0.0.4, sorted by name.
  [[nodiscard]] std::string render() const;

 private:
  struct series;
  template <class Series, class... Args>
  std::shared_ptr<Series> find_or_make(
      std::string_view name, std::string_view help, Args&&... args
  );

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<series>, std::less<>> series_;
};

}  // namespace scalekit::inline v0::http

#endif
