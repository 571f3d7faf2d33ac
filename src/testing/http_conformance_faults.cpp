// SPDX-License-Identifier: BSL-1.0
#include "testing/http_conformance_support.hpp"
#include "testing/http_site.hpp"

#include <atomic>
#include <optional>
#include <stop_token>
#include <thread>

namespace scalekit::inline v0::testing {

namespace {

// Nothing took effect, and the same may be sent again.
conformance_outcome refused(http_fixture& fixture) {
  const auto place = fixture.places().refusing;
  if (place.empty()) return skipped("the fixture has no place that refuses");
  SCALEKIT_TRY(web, fixture.open());
  for (const auto* method : {"GET", "POST"}) {
    const auto answer = web->send(request_to(place, "/", method));
    SCALEKIT_EXPECT_ERROR(errc::unavailable, answer);
    SCALEKIT_EXPECT(answer.error().retryable());
  }
  return {};
}

conformance_outcome lost(http_fixture& fixture) {
  for (const auto* path : {"/lost/", "/cut/", "/torn/"}) {
    SCALEKIT_TRY(site, site_visit::make(fixture));
    const auto answer = site.send(path + site.key(), "POST");
    SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, answer);
    SCALEKIT_EXPECT(!answer.error().retryable());
    SCALEKIT_TRY(counted, site.counted());
    SCALEKIT_EXPECT(counted == 1);  // and not sent again
    SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, site.send(path + site.key(), "GET"));
    // An answer that is not whole is none for a sink either.
    auto r = site.request(path + site.key());
    r.on_body = [](const http::response&, std::string_view) { return result<void>(); };
    SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, site.send(r));
  }
  return {};
}

conformance_outcome well_afterwards(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  for (int i = 0; i < 5; ++i) {
    for (const auto* path : {"/lost/", "/cut/", "/torn/"}) {
      static_cast<void>(site.send(path + site.key(), "POST"));
      SCALEKIT_TRY(answer, site.send("/chunked/1000", "POST"));
      SCALEKIT_EXPECT(answer.body == site_bytes(1000));
    }
  }
  return {};
}

// Too late before it was sent, or after: on a busy machine either may come first, and each must say
// what is true of it.
conformance_outcome late_answers(http_fixture& fixture) {
  for (const auto* path : {"/stuck/", "/half/", "/endless/"}) {
    for (int attempt = 1;; ++attempt) {
      SCALEKIT_TRY(site, site_visit::make(fixture));
      auto r = site.request(path + site.key(), "POST");
      r.timeout = short_timeout;
      r.max_body_bytes = SIZE_MAX;
      r.on_body = [](const http::response&, std::string_view) { return result<void>(); };
      const auto answer = site.send(r);
      SCALEKIT_EXPECT(!answer);
      SCALEKIT_TRY(counted, site.counted());
      const bool too_soon = counted == 0 && answer.error().code() == errc::timed_out;
      if (too_soon && attempt < 20) continue;
      SCALEKIT_EXPECT_ERROR(errc::outcome_unknown, answer);
      break;
    }
  }
  return {};
}

conformance_outcome timed_out_at(
    http_fixture& fixture, const std::string& place, std::string_view which, std::size_t body
) {
  if (place.empty()) return skipped("the fixture has no place that is " + std::string(which));
  SCALEKIT_TRY(web, fixture.open());
  auto r = request_to(place, "/", "POST");
  r.timeout = short_timeout;
  r.body.assign(body, 'x');
  const auto answer = web->send(r);
  if (!answer && answer.error().code() == errc::not_supported) return skipped("not supported");
  SCALEKIT_EXPECT_ERROR(errc::timed_out, answer);
  SCALEKIT_EXPECT(answer.error().retryable());
  return {};
}

conformance_outcome late_connection(http_fixture& fixture) {
  return timed_out_at(fixture, fixture.places().hanging, "hanging", 0);
}
conformance_outcome late_handshake(http_fixture& fixture) {
  return timed_out_at(fixture, fixture.places().silent, "silent", 0);
}
conformance_outcome late_request(http_fixture& fixture) {
  return timed_out_at(fixture, fixture.places().deaf, "deaf", std::size_t{16} << 20U);
}

conformance_outcome stopped_within(http_fixture& fixture) {
  if (!fixture.blocks()) return skipped("the fixture does not block");
  for (const auto* path : {"/stuck/", "/half/"}) {
    SCALEKIT_TRY(site, site_visit::make(fixture));
    std::stop_source source;
    auto r = site.request(path + site.key());
    r.stop = source.get_token();
    std::optional<result<http::response>> answer;
    std::atomic<bool> ended = false;  // too early, perhaps before the site has heard of it
    std::thread sending([&] {
      answer = site.send(r);
      ended = true;
    });
    result<std::size_t> counted = 0;
    while (counted && *counted == 0 && !ended) counted = site.counted();
    source.request_stop();
    sending.join();
    SCALEKIT_EXPECT_OK(counted);
    SCALEKIT_EXPECT_ERROR(errc::cancelled, *answer);
    SCALEKIT_TRY(next, site.send("/sized/10"));
    SCALEKIT_EXPECT(next.body == site_bytes(10));
  }
  return {};
}

conformance_outcome silent_about_secrets(http_fixture& fixture) {
  SCALEKIT_TRY(site, site_visit::make(fixture));
  const auto tells = [&](const std::string& origin, const std::string& path) {
    auto r = request_to(origin, path, "POST");
    r.body = "secret";
    static_cast<void>(r.headers.set("Authorization", "Bearer secret"));
    const auto answer = site.send(r);
    return answer || answer.error().describe().find("secret") != std::string::npos;
  };
  const auto places = fixture.places();
  SCALEKIT_EXPECT(!tells(places.site, "/lost/secret?token=secret"));
  SCALEKIT_EXPECT(!tells(places.site, "/cut/secret?token=secret"));
  if (!places.refusing.empty()) SCALEKIT_EXPECT(!tells(places.refusing, "/secret?token=secret"));
  return {};
}

conformance_outcome eight_threads(http_fixture& fixture) {
  constexpr int each = 100;
  SCALEKIT_TRY(site, site_visit::make(fixture));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> all;
  for (int t = 0; t < 8; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const std::string tag = "/echo/" + std::to_string(t) + "/" + std::to_string(i);
        auto r = site.request(tag, "PUT");
        r.body = tag + site_bytes(static_cast<std::size_t>(i) * 100);
        const auto answer = site.send(r);
        const bool mine = answer && answer->body.starts_with("PUT " + tag + "\n") &&
                          answer->body.ends_with("\n\n" + r.body);
        if (!mine) ++wrong;
        static_cast<void>(site.send("/count/" + site.key(), "POST"));
      }
    });
  }
  for (auto& t : all) t.join();
  SCALEKIT_EXPECT(wrong == 0);
  SCALEKIT_TRY(counted, site.counted());
  SCALEKIT_EXPECT(counted == 8 * each);
  return {};
}

constexpr http_conformance_case cases[] = {
    {"faults/nobody listens", refused},
    {"faults/an answer is lost, or not whole", lost},
    {"faults/all is well afterwards", well_afterwards},
    {"faults/an answer is late, or does not end", late_answers},
    {"faults/no connection in time", late_connection},
    {"faults/no TLS in time", late_handshake},
    {"faults/the request is not taken in time", late_request},
    {"faults/stopped while it waits", stopped_within},
    {"faults/errors tell no secrets", silent_about_secrets},
    {"threads/8 at once, no answer crossed", eight_threads},
};

}  // namespace

std::span<const http_conformance_case> http_fault_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
