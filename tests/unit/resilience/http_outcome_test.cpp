// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/http_outcome.hpp>
#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace http = scalekit::http;
namespace resilience = scalekit::resilience;
using namespace std::chrono_literals;
using resilience::effect;
using resilience::outcome;
using resilience::outcome_kind;
using scalekit::duration;
using scalekit::errc;
using scalekit::error;
using scalekit::result;
using scalekit::system_time;

namespace {

http::response answer(int status, std::string_view retry_after = {}, std::string_view date = {}) {
  http::response r{.status = status};
  if (!retry_after.empty()) REQUIRE(r.headers.set("Retry-After", retry_after));
  if (!date.empty()) REQUIRE(r.headers.set("Date", date));
  return r;
}

std::optional<duration> wait_of(std::string_view retry_after, std::string_view date = {}) {
  return resilience::retry_after(answer(503, retry_after, date));
}

outcome_kind expected_kind(int status) {
  if (status >= 200 && status < 400) return outcome_kind::ok;
  if (status == 429) return outcome_kind::throttled;
  if (status == 408 || status == 425) return outcome_kind::transient;
  if (status == 501 || status == 505) return outcome_kind::permanent;
  return status >= 500 && status < 600 ? outcome_kind::transient : outcome_kind::permanent;
}

}  // namespace

TEST_CASE("every status stands for one outcome") {
  for (int status = 100; status < 700; ++status) {
    CAPTURE(status);
    const outcome o = resilience::classify(answer(status));
    CHECK(o.kind == expected_kind(status));
    const bool unknown = status >= 500 && status < 600 && status != 501 && status != 505;
    CHECK(o.effect == (unknown ? effect::unknown : effect::none));
    CHECK_FALSE(o.retry_after);
  }
}

TEST_CASE("a 503 that says when to come back is a refusal, not a failure") {
  const outcome o = resilience::classify(answer(503, "7"));
  CHECK(o.kind == outcome_kind::throttled);
  CHECK(o.effect == effect::none);
  CHECK(o.retry_after == std::optional<duration>(7s));
  CHECK(resilience::classify(answer(503, "soon")).kind == outcome_kind::transient);
  CHECK(resilience::classify(answer(503, "soon")).effect == effect::unknown);
}

TEST_CASE("the wait of a throttle or a failure is kept, that of a success is not") {
  CHECK(resilience::classify(answer(429, "3")).retry_after == std::optional<duration>(3s));
  CHECK(resilience::classify(answer(500, "3")).retry_after == std::optional<duration>(3s));
  CHECK(resilience::classify(answer(301, "3")) == outcome{});
  CHECK(resilience::classify(answer(200, "3")) == outcome{});
}

TEST_CASE("Retry-After in seconds is bounded") {
  CHECK(wait_of("0") == std::optional<duration>(0s));
  CHECK(wait_of("120") == std::optional<duration>(120s));
  CHECK(wait_of("86400") == std::optional<duration>(24h));
  CHECK(wait_of("86401") == std::optional<duration>(24h));
  CHECK(wait_of("9223372036854775807") == std::optional<duration>(24h));
  CHECK(wait_of("99999999999999999999999") == std::optional<duration>(24h));
  for (const auto* bad : {"-1", "+1", "1.5", "1 s", "0x10", "1,2", "now"}) {
    CAPTURE(bad);
    CHECK_FALSE(wait_of(bad));
  }
  CHECK_FALSE(resilience::retry_after(answer(503)));
  http::response twice = answer(503, "1");
  REQUIRE(twice.headers.add("retry-after", "2"));
  CHECK_FALSE(resilience::retry_after(twice));
}

TEST_CASE("Retry-After as a date counts from the answer's own Date") {
  const auto* noon = "Sun, 06 Nov 1994 12:00:00 GMT";
  CHECK(wait_of("Sun, 06 Nov 1994 12:00:30 GMT", noon) == std::optional<duration>(30s));
  CHECK(wait_of("Sun, 06 Nov 1994 11:00:00 GMT", noon) == std::optional<duration>(0s));
  CHECK(wait_of("Mon, 07 Nov 1994 12:00:01 GMT", noon) == std::optional<duration>(24h));
  CHECK(wait_of("Fri, 31 Dec 9999 23:59:59 GMT", noon) == std::optional<duration>(24h));
  CHECK(wait_of("Sat, 01 Jan 0000 00:00:00 GMT", noon) == std::optional<duration>(0s));
  CHECK(wait_of("Sun Nov  6 12:00:30 1994", noon) == std::optional<duration>(30s));
  CHECK(wait_of("Sunday, 06-Nov-94 12:00:30 GMT", noon) == std::optional<duration>(30s));
  CHECK_FALSE(wait_of("Sun, 06 Nov 1994 12:00:30 GMT"));
  CHECK_FALSE(wait_of("Sun, 06 Nov 1994 12:00:30 GMT", "today"));

  const system_time now = *scalekit::parse_http_date("Sun, 06 Nov 1994 12:00:10 GMT");
  const auto dated = answer(429, "Sun, 06 Nov 1994 12:00:30 GMT", noon);
  const auto undated = answer(429, "Sun, 06 Nov 1994 12:00:30 GMT");
  CHECK(resilience::retry_after(dated, now) == std::optional<duration>(30s));
  CHECK(resilience::retry_after(undated, now) == std::optional<duration>(20s));
  CHECK(resilience::classify(undated, now).retry_after == std::optional<duration>(20s));
}

TEST_CASE("a call that returned is judged by its answer, with outcome.hpp alone as well") {
  CHECK(resilience::classify(result<http::response>(answer(200))).is_ok());
  CHECK(
      resilience::classify(result<http::response>(answer(502))) ==
      outcome{.kind = outcome_kind::transient, .effect = effect::unknown}
  );
  const result<http::response> lost = error(errc::outcome_unknown);
  CHECK(resilience::classify(lost).effect == effect::unknown);
  const result<http::response> large = error(errc::data_corrupted);
  CHECK(resilience::classify(large).kind == outcome_kind::permanent);
}
