// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/http_outcome.hpp>
#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/timestamp.hpp>

#include <string_view>

namespace scalekit::inline v0::resilience {

namespace {

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
  const auto date = date_of(r);
  const std::optional<system_time> from = date ? date : now;
  const bool is_date = text.find_first_not_of("0123456789 \t") != std::string_view::npos;
  if (is_date && !from) return std::nullopt;
  auto wait = parse_retry_after(text, from.value_or(system_time{}), longest_retry_after);
  return wait ? std::optional(*wait) : std::nullopt;
}

outcome classify(const http::response& r, std::optional<system_time> now) {
  if (r.status >= 200 && r.status < 400) return {};
  const auto wait = retry_after(r, now);
  const auto as = [&](outcome_kind kind, effect e = effect::none) {
    return outcome{.kind = kind, .effect = e, .retry_after = wait};
  };
  if (r.status == 429 || (r.status == 503 && wait)) return as(outcome_kind::throttled);
  if (r.status == 408 || r.status == 425) return as(outcome_kind::transient);
  if (r.status == 501 || r.status == 505) return as(outcome_kind::permanent);
  if (r.status >= 500 && r.status < 600) return as(outcome_kind::transient, effect::unknown);
  return as(outcome_kind::permanent);
}

template <>
outcome classify(const result<http::response>& r) noexcept { return r ? classify(*r) : classify(r.error()); }

}  // namespace scalekit::inline v0::resilience
