// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_HTTP_CONFORMANCE_HPP
#define SCALEKIT_TESTING_HTTP_CONFORMANCE_HPP

/// \file
/// What every implementation of \ref scalekit::http::transport must do, as cases that any test
/// framework, or none, can run.
///
/// \code
/// struct my_fixture : scalekit::testing::http_fixture {
///   std::unique_ptr<testing::http_conformance_server> server =
///       *testing::http_conformance_server::start();
///   result<std::unique_ptr<http::transport>> open() override { return my_client::open(); }
///   testing::http_places places() override { return server->places(); }
/// };
/// my_fixture fixture;
/// auto sum = scalekit::testing::run_http_conformance(fixture, report);
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/ports/http.hpp>
#include <scalekit/result.hpp>
#include <scalekit/testing/conformance.hpp>
#include <scalekit/testing/fake_transport.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::testing {

/// \brief Where the cases send to: origins such as `http://127.0.0.1:8080`. Cases that need one
/// which is empty are skipped.
struct http_places {
  /// Answers by path; `{key}` is any word, `{n}` a number.
  ///
  /// - `/echo...`: 200; method, blank, target; a line `name: value` for each field; an empty line;
  ///   the body. Lines end with LF.
  /// - `/count/{key}`: 200, and counts the request; `/counted/{key}`: 200, how many were counted
  /// - `/status/{n}`: that status, with the body `status {n}` if it may have one
  /// - `/fields`: 200 with `Set-Cookie: a=1`, `Set-Cookie: b=2`, `X-MiXeD: Value`, `X-Empty:`
  /// - `/sized/{n}`: 200; n bytes with a `Content-Length`, the i-th is i modulo 251
  /// - `/chunked/{n}`: the same in chunks; `/unsized/{n}`: the same, ended by closing
  /// - `/gzip`: 200 with `Content-Encoding: gzip`; the bytes of \ref gzipped
  /// - `/hints`: 100 and 103 with a `Link`, then 200
  /// - `/closing`: 200 with `Connection: close`
  /// - `/moved/{key}`: 302 with `Location: /count/{key}`
  ///
  /// These count the request, and then
  /// - `/lost/{key}` closes
  /// - `/cut/{key}` closes in the middle of a body with a length, `/torn/{key}` of one in chunks
  /// - `/stuck/{key}` says nothing, `/half/{key}` nothing more in the middle of a body
  /// - `/endless/{key}` never ends its body
  std::string site;
  std::string refusing;  ///< nobody listens there
  std::string hanging;   ///< connecting never ends
  std::string silent;    ///< `https:`, where connections are accepted and nothing is ever said
  std::string deaf;      ///< connections are accepted and nothing is ever read
};

/// \brief Gives the cases their transports.
/// \par Thread-safety  Used by one thread at a time.
class SCALEKIT_EXPORT http_fixture {
 public:
  http_fixture() = default;
  http_fixture(const http_fixture&) = delete;
  http_fixture& operator=(const http_fixture&) = delete;
  virtual ~http_fixture();

  /// \brief A new transport that follows no redirects, used from several threads.
  [[nodiscard]] virtual result<std::unique_ptr<http::transport>> open() = 0;
  [[nodiscard]] virtual http_places places() = 0;
  /// \brief Whether `send` blocks while it waits. False for one whose time is not real: cases that
  /// stop it from another thread are skipped.
  [[nodiscard]] virtual bool blocks() const { return true; }
};

/// \brief Serves all of \ref http_places on 127.0.0.1.
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT http_conformance_server {
 public:
  /// \par Errors `unavailable`: it cannot listen.
  [[nodiscard]] static result<std::unique_ptr<http_conformance_server>> start();
  ~http_conformance_server();

  [[nodiscard]] http_places places() const;

 private:
  struct state;
  explicit http_conformance_server(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

/// \brief The same without a network: what makes a \ref fake_transport serve
/// \ref fake_http_places. Transports that are made with copies of one share what is counted.
[[nodiscard]] SCALEKIT_EXPORT fake_transport::answer_fn fake_http_site();
[[nodiscard]] SCALEKIT_EXPORT http_places fake_http_places();

/// What `/gzip` sends: "as it came" in gzip.
[[nodiscard]] SCALEKIT_EXPORT std::string_view gzipped() noexcept;

struct http_conformance_case {
  std::string_view name;  ///< e.g. `"answers/1xx are passed over"`
  conformance_outcome (*run)(http_fixture&);
};

/// \brief All cases; they are independent of each other.
[[nodiscard]] SCALEKIT_EXPORT std::span<const http_conformance_case> http_conformance_cases();

/// \brief Runs all cases and tells `report` of each.
SCALEKIT_EXPORT conformance_summary run_http_conformance(
    http_fixture& fixture,
    const std::function<void(std::string_view name, const conformance_outcome&)>& report
);

}  // namespace scalekit::inline v0::testing

#endif
