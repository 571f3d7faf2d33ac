// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/outcome.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string_view>
#include <utility>

namespace resilience = scalekit::resilience;
using resilience::outcome_kind;
using scalekit::errc;
using scalekit::error;
using namespace std::chrono_literals;

TEST_CASE("every code stands for one outcome") {
  constexpr std::array<std::pair<errc, outcome_kind>, 14> expected{{
      {errc::invalid_argument, outcome_kind::permanent},
      {errc::not_found, outcome_kind::permanent},
      {errc::conflict, outcome_kind::permanent},
      {errc::stale_token, outcome_kind::permanent},
      {errc::busy, outcome_kind::transient},
      {errc::unavailable, outcome_kind::transient},
      {errc::timed_out, outcome_kind::transient},
      {errc::outcome_unknown, outcome_kind::transient},
      {errc::data_corrupted, outcome_kind::permanent},
      {errc::not_supported, outcome_kind::permanent},
      {errc::limit_exceeded, outcome_kind::throttled},
      {errc::unauthenticated, outcome_kind::permanent},
      {errc::cancelled, outcome_kind::cancelled},
      {errc::internal, outcome_kind::permanent},
  }};
  for (const auto& [code, kind] : expected) {
    CAPTURE(scalekit::to_string(code));
    CHECK(resilience::classify(error(code)).kind == kind);
    const bool unknown = code == errc::outcome_unknown;
    CHECK((resilience::classify(error(code)).effect == resilience::effect::unknown) == unknown);
  }
}

TEST_CASE("a wait that the callee asked for is kept") {
  CHECK_FALSE(resilience::classify(error(errc::busy)).retry_after);
  const auto asked = resilience::classify(error(errc::limit_exceeded).with_retry_after(1500ms));
  CHECK(asked.retry_after == std::optional<scalekit::duration>(1500ms));
  const auto far_off = error(errc::busy).with_retry_after(std::chrono::milliseconds::max());
  CHECK(resilience::classify(far_off).retry_after == scalekit::duration::max());
}

TEST_CASE("a result that has a value is ok") {
  CHECK(resilience::classify(scalekit::result<int>(1)).is_ok());
  CHECK(resilience::classify(scalekit::result<void>()).is_ok());
  const scalekit::result<int> failed = error(errc::cancelled);
  CHECK(resilience::classify(failed).kind == outcome_kind::cancelled);
}

TEST_CASE("kinds have names") {
  CHECK(resilience::to_string(outcome_kind::ok) == "ok");
  CHECK(resilience::to_string(outcome_kind::throttled) == "throttled");
  CHECK(resilience::to_string(outcome_kind::transient) == "transient");
  CHECK(resilience::to_string(outcome_kind::permanent) == "permanent");
  CHECK(resilience::to_string(outcome_kind::cancelled) == "cancelled");
}
