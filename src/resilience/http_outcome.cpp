// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/http_outcome.hpp>
#include <scalekit/timestamp.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace scalekit::inline v0::resilience {

namespace {

// In microseconds: the span of two dates can exceed what nanoseconds hold.
duration bounded(std::chrono::microseconds wait) noexcept {
  return std::clamp<std::chrono::microseconds>(
      wait, std::chrono::microseconds::zero(), longest_retry_after
  );
}

std::optional<system_time> date_of(const http::response& r) {
  const auto text = r.headers.find("Date");
  if (!text) return std::nullopt;
  const auto date = parse_http_date(*text);
  return date ? std::optional(*date) : std::nullopt;
}

}  // namespace

std::optional<duration> retry_after(const http::response& r, std::optional<system_time> now) {
  if (r.headers.count("Retry-After") != 1) return std::nullopt;
  const std::string_view text = *r.headers.find("Retry-After");
  const char* const last = text.data() + text.size();
  std::uint64_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), last, seconds);
  if (end == last && failed != std::errc::invalid_argument) {
    const bool huge = failed == std::errc::result_out_of_range || seconds > 1'000'000;
    return huge ? longest_retry_after : bounded(std::chrono::seconds(seconds));
  }
  const auto until = parse_http_date(text);
  const auto from = date_of(r);
  if (!until || !(from || now)) return std::nullopt;
  return bounded(*until - (from ? *from : *now));
}

outcome classify(const http::response& r, std::optional<system_time> now) {
  const auto wait = retry_after(r, now);
  const auto as = [&](outcome_kind kind, effect e = effect::none) {
    return outcome{.kind = kind, .effect = e, .retry_after = wait};
  };
  if (r.status >= 200 && r.status < 400) return {};
  if (r.status == 429 || (r.status == 503 && wait)) return as(outcome_kind::throttled);
  if (r.status == 408 || r.status == 425) return as(outcome_kind::transient);
  if (r.status == 501 || r.status == 505) return as(outcome_kind::permanent);
  if (r.status >= 500 && r.status < 600) return as(outcome_kind::transient, effect::unknown);
  return as(outcome_kind::permanent);
}

template <>
outcome classify(const result<http::response>& r) noexcept { return r ? classify(*r) : classify(r.error()); }

}  // namespace scalekit::inline v0::resilience
