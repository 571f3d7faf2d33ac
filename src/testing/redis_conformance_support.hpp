// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TESTING_REDIS_CONFORMANCE_SUPPORT_HPP
#define SCALEKIT_SRC_TESTING_REDIS_CONFORMANCE_SUPPORT_HPP

#include "testing/conformance_support.hpp"

#include <scalekit/testing/redis_conformance.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::testing {

/// A client, and a key `sk_conformance:{<name>}` that is deleted before and after.
class scratch_key {
 public:
  [[nodiscard]] static result<scratch_key> make(redis_fixture& fixture, std::string_view name);
  scratch_key(scratch_key&&) noexcept = default;
  scratch_key& operator=(scratch_key&&) = delete;
  ~scratch_key();

  [[nodiscard]] redis::commander& client() const noexcept { return *client_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  scratch_key(std::unique_ptr<redis::commander> c, std::string name)
      : client_(std::move(c)), name_(std::move(name)) {}
  std::unique_ptr<redis::commander> client_;
  std::string name_;
};

/// The command's answer as an integer, or as text.
[[nodiscard]] result<std::int64_t> integer(redis::commander& r, redis::arguments words);
[[nodiscard]] result<std::string> text(redis::commander& r, redis::arguments words);

/// Whether it is of that kind and holds just that; a client under test may answer anything.
[[nodiscard]] bool holds(const redis::reply& r, std::int64_t expected);
[[nodiscard]] bool holds(const redis::reply& r, std::string_view expected);

/// The same command until it meets no retryable error, waiting as long as each asks.
[[nodiscard]] result<redis::reply> persistently(redis::commander& r, redis::arguments words);

/// Runs `work(i)` in `threads` threads at once; what the first failure said, if any failed.
[[nodiscard]] std::optional<std::string> in_threads(
    std::size_t threads, const std::function<result<void>(std::size_t)>& work
);

/// Whether a command may fail; a wrong answer is an error in any case.
enum class failures { allowed, none };
/// Sends `count` words that occur nowhere else and checks that each comes back to its sender.
[[nodiscard]] result<void> echo_tags(
    redis::commander& r, std::string_view tag, std::size_t count, failures f
);

/// The cases of each file.
[[nodiscard]] std::span<const redis_conformance_case> redis_reply_cases();
[[nodiscard]] std::span<const redis_conformance_case> redis_pipeline_cases();
[[nodiscard]] std::span<const redis_conformance_case> redis_script_cases();
[[nodiscard]] std::span<const redis_conformance_case> redis_fault_cases();

}  // namespace scalekit::inline v0::testing

#endif
