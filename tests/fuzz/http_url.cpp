// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <scalekit/ports/http_url.hpp>

#include <algorithm>
#include <string>

using namespace scalekit;

namespace {

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

void check(const http::url& u) {
  fuzz::require(!u.empty() && u.port() != 0, "it leads somewhere");
  fuzz::require(
      u.target().starts_with('/') && is_plain(u.target()), "a target fits a request line"
  );
  fuzz::require(is_plain(u.authority()), "an authority fits a field");
  for (const char c : u.host()) {
    const bool of_a_host = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._:").find(c) != std::string_view::npos;
    fuzz::require(of_a_host, "a host is what every reader takes for one");
  }
  const auto again = http::url::parse(u.text());
  fuzz::require(again && *again == u, "what is written reads back");
  fuzz::require(again->same_origin(u), "and leads to the same place");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  static const http::url base = *http::url::parse("https://host.test:8443/a/b/../c;d?q=1");
  if (const auto u = http::url::parse(text)) {
    check(*u);
  } else {
    fuzz::require(u.error().code() == errc::invalid_argument, "refused as an invalid argument");
  }
  if (const auto u = base.resolve(text)) check(*u);
  if (const auto u = base.with_target(text)) {
    check(*u);
    fuzz::require(u->same_origin(base), "another target is at the same place");
  }
  return 0;
}
