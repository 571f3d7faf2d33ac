// SPDX-License-Identifier: BSL-1.0
#include "http/export_job.hpp"
#include "http/export_state.hpp"

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

export_endpoint_options checked(export_endpoint_options o) {
  o.max_concurrent = std::max<std::size_t>(o.max_concurrent, 1);
  if (!o.define) {
    o.define = [](const request&) -> result<export_definition> {
      return error(errc::internal, "export_endpoint_options: define is empty");
    };
  }
  return o;
}

}  // namespace

export_endpoint::impl::meters::meters(metrics::registry& r)
    : started(r.make_counter("scalekit_http_export_started_total", "Exports that got a slot")),
      completed(r.make_counter("scalekit_http_export_completed_total", "Exports sent whole")),
      aborted(r.make_counter("scalekit_http_export_aborted_total", "Exports cut off half-way")),
      refused(r.make_counter("scalekit_http_export_refused_total", "Exports answered by an error")),
      rejected(r.make_counter("scalekit_http_export_rejected_total", "Exports refused a slot")),
      bytes(r.make_counter("scalekit_http_export_bytes_total", "Body bytes sent")),
      active(r.make_gauge("scalekit_http_export_active", "Exports under way")),
      first_byte(r.make_histogram(
          "scalekit_http_export_first_byte_seconds",
          "From the request to the first chunk sent",
          metrics::duration_bounds()
      )) {}

export_endpoint::impl::impl(sql::pool& p, export_endpoint_options o)
    : connections(p),
      options(checked(std::move(o))),
      meter(options.metrics != nullptr ? *options.metrics : metrics::registry::nowhere()) {}

bool export_endpoint::impl::enter(const std::shared_ptr<export_entry>& entry) {
  {
    const std::lock_guard lock(mutex);
    if (entries.size() >= options.max_concurrent) {
      ++counts.rejected;
      meter.rejected.add();
      return false;
    }
    entries.push_back(entry);
    ++counts.started;
  }
  meter.started.add();
  meter.active.add(1);
  return true;
}

void export_endpoint::impl::leave(const std::shared_ptr<export_entry>& entry) noexcept {
  {
    const std::lock_guard lock(mutex);
    std::erase(entries, entry);
  }
  meter.active.add(-1);
}

void export_endpoint::impl::count_end(abort_reason why, bool began) noexcept {
  const std::lock_guard lock(mutex);
  switch (why) {
    case abort_reason::none:
      ++(began ? counts.completed : counts.refused);
      (began ? meter.completed : meter.refused).add();
      return;
    case abort_reason::client_gone:
      ++counts.aborted_by_client;
      break;
    case abort_reason::stalled:
      ++counts.aborted_by_stall;
      break;
    case abort_reason::server_error:
    case abort_reason::cancelled:
      ++counts.aborted_by_server;
      break;
  }
  meter.aborted.add();
}

void export_endpoint::impl::count_bytes(std::uint64_t n) noexcept {
  meter.bytes.add(n);
  const std::lock_guard lock(mutex);
  counts.bytes += n;
}

void export_endpoint::impl::log(log_level level, std::string_view text) const {
  if (options.log) options.log(level, "export: " + std::string(text));
}

export_endpoint::export_endpoint(sql::pool& connections, export_endpoint_options options)
    : impl_(std::make_shared<impl>(connections, std::move(options))) {}

export_endpoint::~export_endpoint() = default;

export_endpoint_stats export_endpoint::stats() const {
  const std::lock_guard lock(impl_->mutex);
  export_endpoint_stats out = impl_->counts;
  for (const auto& entry : impl_->entries) out.running.push_back(entry->job->status());
  return out;
}

bool export_endpoint::cancel(std::string_view id) {
  std::vector<std::shared_ptr<export_entry>> hit;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& entry : impl_->entries) {
      if (!id.empty() && entry->job->status().id == id) hit.push_back(entry);
    }
  }
  for (const auto& entry : hit) {
    entry->job->cancel();
    entry->cut_off();
  }
  return !hit.empty();
}

}  // namespace scalekit::inline v0::http
