// SPDX-License-Identifier: BSL-1.0
#include "bulk/export_meter.hpp"

namespace scalekit::inline v0::bulk {

namespace {

double seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

}  // namespace

export_meter::export_meter(const export_options& options)
    : time_(options.time != nullptr ? *options.time : clock::system()) {
  metrics::registry& r =
      options.metrics != nullptr ? *options.metrics : metrics::registry::nowhere();
  rows_ = r.make_counter("scalekit_export_rows_total", "Rows exported");
  bytes_ = r.make_counter("scalekit_export_bytes_total", "Uncompressed bytes exported");
  aborted_ = r.make_counter("scalekit_export_aborted_total", "Exports that ended with an error");
  chunk_seconds_ = r.make_histogram(
      "scalekit_export_chunk_seconds", "Time to make one chunk", metrics::duration_bounds()
  );
}

export_meter::chunk::chunk(export_meter& owner, const checkpoint& at)
    : owner_(owner), at_(at), began_(owner.time_.steady_now()), rows_before_(at.rows) {
  if (!owner_.began_) owner_.began_ = began_;
}

void export_meter::chunk::done(std::size_t size) {
  done_ = true;
  owner_.last_ = owner_.time_.steady_now();
  owner_.chunk_seconds_.observe(seconds(owner_.last_ - began_));
  owner_.rows_.add(at_.rows - rows_before_);
  owner_.bytes_.add(size);
}

export_meter::chunk::~chunk() {
  if (!done_) owner_.aborted_.add();
}

bulk::progress export_meter::progress(const checkpoint& at, std::optional<double> fraction) const {
  bulk::progress p{.rows = at.rows, .bytes = at.bytes};
  p.fraction = fraction;
  if (!began_) return p;
  p.elapsed = last_ - *began_;
  const double elapsed = seconds(p.elapsed);
  if (elapsed > 0) p.rows_per_second = static_cast<double>(at.rows - rows_at_start_) / elapsed;
  if (!fraction) return p;
  const double gained = *fraction - fraction_at_start_;
  if (gained > 0 && elapsed > 0) {
    p.remaining = std::chrono::duration_cast<duration>(
        std::chrono::duration<double>(elapsed * (1.0 - *fraction) / gained)
    );
  }
  return p;
}

}  // namespace scalekit::inline v0::bulk
