// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_REDIS_CONFORMANCE_HPP
#define SCALEKIT_TESTING_REDIS_CONFORMANCE_HPP

/// \file
/// What every implementation of \ref scalekit::redis::commander must do, as cases that any test
/// framework, or none, can run.
///
/// \code
/// struct my_fixture : scalekit::testing::redis_fixture {
///   result<std::unique_ptr<redis::commander>> connect() override { return my_client::open(url); }
/// };
/// my_fixture fixture;
/// auto sum = scalekit::testing::run_redis_conformance(fixture, report);
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/ports/redis.hpp>
#include <scalekit/result.hpp>
#include <scalekit/testing/conformance.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace scalekit::inline v0::testing {

/// \brief Gives the cases their clients.
///
/// The cases use keys that begin with `sk_conformance:`, and `SCRIPT FLUSH`, on whatever server
/// `connect` leads to.
///
/// \par Thread-safety  Used by one thread at a time.
class SCALEKIT_EXPORT redis_fixture {
 public:
  redis_fixture() = default;
  redis_fixture(const redis_fixture&) = delete;
  redis_fixture& operator=(const redis_fixture&) = delete;
  virtual ~redis_fixture();

  /// \brief A new client, used from several threads. It must give up on a silent server soon (a
  /// second, say), for some cases wait for that.
  [[nodiscard]] virtual result<std::unique_ptr<redis::commander>> connect() = 0;

  /// \brief Breaks each connection that is open now at its next command. False if the fixture
  /// cannot: cases that need it are skipped; so below.
  [[nodiscard]] virtual bool cut_next(cut_point) { return false; }
  /// \brief Stops the server and starts it again with its data.
  [[nodiscard]] virtual bool restart_server() { return false; }
  /// \brief Makes the server silent, with its connections open, until \ref resume_server.
  [[nodiscard]] virtual bool pause_server() { return false; }
  virtual void resume_server() {}
};

struct redis_conformance_case {
  std::string_view name;  ///< e.g. `"pipelines/an error in the middle"`
  conformance_outcome (*run)(redis_fixture&);
};

/// \brief All cases; they are independent of each other and leave nothing behind when they pass.
[[nodiscard]] SCALEKIT_EXPORT std::span<const redis_conformance_case> redis_conformance_cases();

/// \brief Runs all cases and tells `report` of each.
SCALEKIT_EXPORT conformance_summary run_redis_conformance(
    redis_fixture& fixture,
    const std::function<void(std::string_view name, const conformance_outcome&)>& report
);

}  // namespace scalekit::inline v0::testing

#endif
