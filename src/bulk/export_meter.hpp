// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_EXPORT_METER_HPP
#define SCALEKIT_SRC_BULK_EXPORT_METER_HPP

#include <scalekit/bulk/checkpoint.hpp>
#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/bulk/export_options.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/metrics.hpp>

#include <cstdint>
#include <optional>

namespace scalekit::inline v0::bulk {

/// Times chunks, counts rows and bytes, and works out rate and remaining time.
class export_meter {
 public:
  explicit export_meter(const export_options& options);

  /// Where this run begins: rows and fraction already behind it when an export is resumed.
  void start_at(std::uint64_t rows, std::optional<double> fraction) noexcept {
    rows_at_start_ = rows;
    fraction_at_start_ = fraction.value_or(0.0);
  }

  /// One chunk in the making; unless \ref done is called it counts as aborted.
  class chunk {
   public:
    chunk(export_meter& owner, const checkpoint& at);
    chunk(const chunk&) = delete;
    chunk& operator=(const chunk&) = delete;
    ~chunk();
    void done(std::size_t size);

   private:
    export_meter& owner_;
    const checkpoint& at_;
    steady_time began_;
    std::uint64_t rows_before_;
    bool done_ = false;
  };

  [[nodiscard]] bulk::progress progress(const checkpoint& at, std::optional<double> fraction) const;

 private:
  const clock& time_;
  metrics::counter rows_, bytes_, aborted_;
  metrics::histogram chunk_seconds_;
  std::optional<steady_time> began_;
  steady_time last_{};
  std::uint64_t rows_at_start_ = 0;
  double fraction_at_start_ = 0.0;
};

}  // namespace scalekit::inline v0::bulk

#endif
