// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/http/prometheus.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace scalekit::inline v0::http {

struct prometheus_registry::series : metrics::sink {
  virtual void render(std::string& out, const std::string& name) const = 0;
  std::string help;
};

namespace {

bool is_metric_name(std::string_view name) noexcept {
  return !name.empty() && !is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_alnum(c) || c == '_' || c == ':';
         });
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    const auto [end, failed] = std::to_chars(text, text + sizeof text, value);
    static_cast<void>(failed);  // the shortest form of a double has at most 24 characters
    out.append(text, end);
  }
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  out.append(name).append(labels).push_back(' ');
  append_number(out, value);
  out.push_back('\n');
}

void append_header(
    std::string& out, std::string_view name, std::string_view help, std::string_view type
) {
  out.append("# HELP ").append(name).push_back(' ');
  for (const char c : help) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  out.append("\n# TYPE ").append(name).append(" ").append(type).push_back('\n');
}

}  // namespace

template <class Series, class... Args>
std::shared_ptr<Series> prometheus_registry::find_or_make(
    std::string_view name, std::string_view help, Args&&... args
) {
  if (!is_metric_name(name)) return nullptr;
  const std::lock_guard lock(mutex_);
  auto at = series_.find(name);
  if (at == series_.end()) {
    auto made = std::make_shared<Series>(std::forward<Args>(args)...);
    made->help = help;
    at = series_.emplace(std::string(name), std::move(made)).first;
  }
  return std::dynamic_pointer_cast<Series>(at->second);
}

namespace {

template <class Base>
struct sum : Base {
  void record(double value) noexcept override { total.fetch_add(value, std::memory_order_relaxed); }
  std::atomic<double> total{0.0};
};

template <class Base>
struct counted final : sum<Base> {
  void render(std::string& out, const std::string& name) const override {
    append_header(out, name, this->help, "counter");
    append_sample(out, name, "", this->total.load(std::memory_order_relaxed));
  }
};

template <class Base>
struct level final : sum<Base> {
  void render(std::string& out, const std::string& name) const override {
    append_header(out, name, this->help, "gauge");
    append_sample(out, name, "", this->total.load(std::memory_order_relaxed));
  }
};

template <class Base>
struct distribution final : Base {
  explicit distribution(std::vector<double> upper_ends)
      : bounds(std::move(upper_ends)), buckets(bounds.size() + 1) {}

  void record(double value) noexcept override {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
    buckets[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
    total.fetch_add(value, std::memory_order_relaxed);
  }

  void render(std::string& out, const std::string& name) const override {
    append_header(out, name, this->help, "histogram");
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      below += buckets[i].load(std::memory_order_relaxed);
      std::string label = "{le=\"";
      append_number(label, i < bounds.size() ? bounds[i] : HUGE_VAL);
      append_sample(out, name + "_bucket", label + "\"}", static_cast<double>(below));
    }
    append_sample(out, name + "_sum", "", total.load(std::memory_order_relaxed));
    // The count is the last bucket, so that a scrape in the middle of a record stays consistent.
    append_sample(out, name + "_count", "", static_cast<double>(below));
  }

  const std::vector<double> bounds;
  std::vector<std::atomic<std::uint64_t>> buckets;
  std::atomic<double> total{0.0};
};

}  // namespace

prometheus_registry::prometheus_registry() = default;
prometheus_registry::~prometheus_registry() = default;

metrics::counter prometheus_registry::make_counter(std::string_view name, std::string_view help) {
  return metrics::counter(find_or_make<counted<series>>(name, help));
}

metrics::gauge prometheus_registry::make_gauge(std::string_view name, std::string_view help) {
  return metrics::gauge(find_or_make<level<series>>(name, help));
}

metrics::histogram prometheus_registry::make_histogram(
    std::string_view name, std::string_view help, std::span<const double> bounds
) {
  std::vector<double> kept;
  for (const double b : bounds) {
    if (std::isfinite(b) && (kept.empty() || b > kept.back())) kept.push_back(b);
  }
  return metrics::histogram(find_or_make<distribution<series>>(name, help, std::move(kept)));
}

std::string prometheus_registry::render() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, s] : series_) s->render(out, name);
  return out;
}

}  // namespace scalekit::inline v0::http
