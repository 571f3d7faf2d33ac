// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TESTING_CONFORMANCE_SUPPORT_HPP
#define SCALEKIT_SRC_TESTING_CONFORMANCE_SUPPORT_HPP

/// \file
/// What the cases of every port are written with.

#include <scalekit/result.hpp>
#include <scalekit/testing/conformance.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// Inside a function that returns conformance_outcome: leave it as failed unless the claim holds.
#define SCALEKIT_EXPECT(condition) \
  if (!(condition)) return ::scalekit::testing::failed_at(__FILE__, __LINE__, #condition)
// Leave it as failed unless the result holds a value.
#define SCALEKIT_EXPECT_OK(...)                                                         \
  if (const auto& checked = (__VA_ARGS__); !checked)                                    \
  return ::scalekit::testing::failed_at(                                                \
      __FILE__, __LINE__, #__VA_ARGS__ + std::string(": ") + checked.error().describe() \
  )
// Leave it as failed unless the result holds an error of this code.
#define SCALEKIT_EXPECT_ERROR(expected, ...)                                \
  if (auto why = ::scalekit::testing::wrong_error(expected, (__VA_ARGS__))) \
  return ::scalekit::testing::failed_at(__FILE__, __LINE__, #__VA_ARGS__ + *why)
// Declares `name` as the value of a result, or leaves it as failed.
#define SCALEKIT_TRY(name, ...)       \
  auto name##_result = (__VA_ARGS__); \
  SCALEKIT_EXPECT_OK(name##_result);  \
  auto name = *std::move(name##_result)

namespace scalekit::inline v0::testing {

[[nodiscard]] conformance_outcome failed_at(std::string_view file, int line, std::string_view what);

[[nodiscard]] inline conformance_outcome skipped(std::string why) {
  return {verdict::skipped, std::move(why)};
}

/// Empty if `r` failed with `expected`.
template <class T>
[[nodiscard]] std::optional<std::string> wrong_error(errc expected, const result<T>& r) {
  if (r) return " succeeded; expected " + std::string(to_string(expected));
  if (r.error().code() == expected) return std::nullopt;
  return ": " + r.error().describe() + "; expected " + std::string(to_string(expected));
}

/// Runs all cases and tells `report` of each.
template <class Case, class Fixture>
conformance_summary run_cases(
    std::span<const Case> cases,
    Fixture& fixture,
    const std::function<void(std::string_view, const conformance_outcome&)>& report
) {
  conformance_summary sum;
  for (const Case& c : cases) {
    const conformance_outcome outcome = c.run(fixture);
    sum.passed += outcome.verdict == verdict::passed ? 1 : 0;
    sum.failed += outcome.verdict == verdict::failed ? 1 : 0;
    sum.skipped += outcome.verdict == verdict::skipped ? 1 : 0;
    if (report) report(c.name, outcome);
  }
  return sum;
}

}  // namespace scalekit::inline v0::testing

#endif
