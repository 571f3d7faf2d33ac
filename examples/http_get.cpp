// SPDX-License-Identifier: BSL-1.0
// Fetches a URL and writes the body to standard output as it comes: http_get URL [ca-file]
#include <scalekit/http/client.hpp>
#include <scalekit/resilience/http_outcome.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

using namespace scalekit;

// [fetch]
/// Gives the body of a 2xx to `take` piece by piece; anything else is an error that says what to
/// do about it.
result<void> fetch(http::transport& web, std::string_view address, const http::body_fn& take) {
  auto to = http::url::parse(address);
  if (!to) return to.error();
  http::outgoing_request request{.to = *to, .max_body_bytes = std::size_t{1} << 30U};
  request.on_body = [&](const http::response& head, std::string_view piece) -> result<void> {
    return head.status < 300 ? take(head, piece) : result<void>();
  };
  const auto answer = web.send(request);
  if (!answer) return answer.error();
  if (answer->status < 300) return {};
  const auto what = "status " + std::to_string(answer->status);
  switch (resilience::classify(answer).kind) {
    case resilience::outcome_kind::throttled:
    case resilience::outcome_kind::transient:
      return error(errc::unavailable, what + ", later perhaps");
    default:
      return error(errc::invalid_argument, what);
  }
}
// [fetch]

result<void> run(std::string_view address, const char* ca_file) {
  // [open]
  auto web =
      http::client::open({.tls = {.ca_file = ca_file}, .redirects = http::redirects::same_origin});
  // [open]
  if (!web) return web.error();
  return fetch(**web, address, [](const http::response&, std::string_view piece) -> result<void> {
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return {};
    return error(errc::unavailable, "standard output takes no more");
  });
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count > 3) {
    std::fprintf(stderr, "usage: %s URL [ca-file]\n", arguments[0]);
    return 2;
  }
  if (auto done = run(arguments[1], count == 3 ? arguments[2] : ""); !done) {
    std::fprintf(stderr, "http_get: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
