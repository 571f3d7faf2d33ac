// SPDX-License-Identifier: BSL-1.0
#ifndef BACKPRESSURE_CALLERS_HPP
#define BACKPRESSURE_CALLERS_HPP

#include <scalekit/clock.hpp>
#include <scalekit/http/client.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace backpressure {

/// How a call ended for whoever wanted it.
enum class call_end : std::uint8_t {
  answered,
  failed,     ///< after an attempt at least
  refused,    ///< here, at once, without any attempt
  abandoned,  ///< the run was over before its turn came
};

struct call_report {
  call_end end = call_end::abandoned;
  std::uint32_t attempts = 0;
};

/// \brief One way to call the partner.
/// \par Thread-safety  Safe for concurrent calls.
class caller {
 public:
  caller() = default;
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;
  virtual ~caller();
  /// `due`: when the work came up; `number` names the charge, however often it is sent.
  virtual call_report call(scalekit::steady_time due, std::size_t number) = 0;
};

/// So long may one attempt take, with the rules and without.
inline constexpr std::chrono::milliseconds try_timeout{250};
/// Retries are at most so large a share of calls, or so many if that is more.
inline constexpr double retry_ratio = 0.2;
inline constexpr std::uint32_t retry_minimum = 3;

/// \brief As people write it: up to five more attempts, at once.
[[nodiscard]] scalekit::result<std::unique_ptr<caller>> make_naive(
    scalekit::http::client& web, const std::string& partner_url
);

/// \brief Through a pipeline of all the rules; asks the partner for its limit first.
[[nodiscard]] scalekit::result<std::unique_ptr<caller>> make_guarded(
    scalekit::http::client& web, const std::string& partner_url
);

}  // namespace backpressure

#endif
