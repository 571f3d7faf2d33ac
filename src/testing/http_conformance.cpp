// SPDX-License-Identifier: BSL-1.0
#include "testing/http_conformance_support.hpp"

#include <scalekit/random.hpp>

#include <charconv>
#include <utility>
#include <vector>

namespace scalekit::inline v0::testing {

http_fixture::~http_fixture() = default;

std::span<const http_conformance_case> http_conformance_cases() {
  static const std::vector<http_conformance_case> all = [] {
    std::vector<http_conformance_case> cases;
    for (const auto& part : {http_request_cases(), http_answer_cases(), http_fault_cases()}) {
      cases.insert(cases.end(), part.begin(), part.end());
    }
    return cases;
  }();
  return all;
}

conformance_summary run_http_conformance(
    http_fixture& fixture,
    const std::function<void(std::string_view, const conformance_outcome&)>& report
) {
  return run_cases(http_conformance_cases(), fixture, report);
}

http::outgoing_request request_to(
    const std::string& origin, std::string_view path, std::string_view method
) {
  auto to = http::url::parse(origin + std::string(path));
  // One that leads nowhere is refused by every transport.
  return {.method = std::string(method), .to = to ? *std::move(to) : http::url()};
}

result<site_visit> site_visit::make(http_fixture& fixture) {
  auto transport = fixture.open();
  if (!transport) return transport.error();
  std::string site = fixture.places().site;
  if (site.empty()) return error(errc::not_found, "the fixture has no site");
  std::string key = random_source::system().hex_id(8);
  return site_visit(*std::move(transport), std::move(site), std::move(key));
}

http::outgoing_request site_visit::request(std::string_view path, std::string_view method) const {
  return request_to(site_, path, method);
}

result<std::size_t> site_visit::counted() const {
  auto answer = send("/counted/" + key_);
  if (!answer) return answer.error();
  std::size_t n = 0;
  const char* const end = answer->body.data() + answer->body.size();
  if (std::from_chars(answer->body.data(), end, n).ptr != end || answer->body.empty()) {
    return error(errc::data_corrupted, "no count: " + answer->body);
  }
  return n;
}

}  // namespace scalekit::inline v0::testing
