// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_METRICS_HPP
#define SCALEKIT_METRICS_HPP

/// \file
/// What modules count through. A handle is made once and used often; a default handle goes nowhere
/// and costs one null check.
///
/// \code
/// struct { counter rows = registry.make_counter("scalekit_export_rows_total", "Rows sent"); } m;
/// m.rows.add(5000);
/// \endcode

#include <scalekit/export.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::metrics {

/// \brief A number that something else keeps. Implementations allow concurrent calls.
class SCALEKIT_EXPORT sink {
 public:
  sink() = default;
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;
  virtual ~sink();
  virtual void record(double value) noexcept = 0;
};

/// \brief Only ever grows.
/// \par Thread-safety  `add` may be called concurrently.
class counter {
 public:
  counter() = default;
  explicit counter(std::shared_ptr<sink> s) noexcept : sink_(std::move(s)) {}
  void add(std::uint64_t n = 1) const noexcept {
    if (sink_) sink_->record(static_cast<double>(n));
  }

 private:
  std::shared_ptr<sink> sink_;
};

/// \brief A level that goes up and down.
/// \par Thread-safety  `add` may be called concurrently.
class gauge {
 public:
  gauge() = default;
  explicit gauge(std::shared_ptr<sink> s) noexcept : sink_(std::move(s)) {}
  void add(double delta) const noexcept {
    if (sink_) sink_->record(delta);
  }

 private:
  std::shared_ptr<sink> sink_;
};

/// \brief A distribution; the unit is in the metric's name (`_seconds`, `_bytes`).
/// \par Thread-safety  `observe` may be called concurrently.
class histogram {
 public:
  histogram() = default;
  explicit histogram(std::shared_ptr<sink> s) noexcept : sink_(std::move(s)) {}
  void observe(double value) const noexcept {
    if (sink_) sink_->record(value);
  }

 private:
  std::shared_ptr<sink> sink_;
};

/// \brief Makes handles; a host implements it over its own metrics library.
///
/// Names follow Prometheus: `scalekit_<module>_<what>_<unit>[_total]`. Asking twice for one name
/// yields handles to one series.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
class SCALEKIT_EXPORT registry {
 public:
  registry() = default;
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;
  virtual ~registry();

  [[nodiscard]] virtual counter make_counter(std::string_view name, std::string_view help) = 0;
  [[nodiscard]] virtual gauge make_gauge(std::string_view name, std::string_view help) = 0;
  /// `bounds`: upper ends of the buckets, ascending, without infinity.
  [[nodiscard]] virtual histogram make_histogram(
      std::string_view name, std::string_view help, std::span<const double> bounds
  ) = 0;

  /// \brief Hands out handles that go nowhere; never destroyed.
  [[nodiscard]] static registry& nowhere() noexcept;
};

/// \brief Bucket bounds for durations in seconds, 0.5 ms to 60 s.
[[nodiscard]] SCALEKIT_EXPORT std::span<const double> duration_bounds() noexcept;

}  // namespace scalekit::inline v0::metrics

#endif
