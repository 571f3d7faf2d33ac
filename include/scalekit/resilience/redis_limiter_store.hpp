// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_REDIS_LIMITER_STORE_HPP
#define SCALEKIT_RESILIENCE_REDIS_LIMITER_STORE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/redis.hpp>
#include <scalekit/resilience/limiter_store.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace scalekit::inline v0::resilience {

struct redis_limiter_options {
  /// Before every name, to make the key. On a cluster the keys of one call must be in one slot: the
  /// default puts all limits into one, by its hash tag. To spread them, give a prefix without
  /// braces, and names with a tag of their own, e.g. `{tenant-42}:reports` and `{tenant-42}:all`.
  std::string prefix = "scalekit:{limit}:";
  /// A key lives until its bucket is full, and at least so long after its last use, so that the
  /// newest version of its rate is remembered; 1 ms to 366 days.
  std::chrono::milliseconds keep{600'000};
};

/// \brief Limits shared through Redis, Valkey or KeyDB.
///
/// A call is one script, by its digest, and so one round trip (the first sends the script too). The
/// script reads the server's clock and computes with whole numbers below 2^53, which Lua's doubles
/// hold exactly. A refused call writes nothing, unless it brings a newer rate. The value of a key
/// is text, for whoever looks: full at (microseconds, part), paused until, and the rate's version,
/// parts, step, burst.
///
/// What is lost when Redis loses its data: each bucket counts as full once, so at most one burst
/// more is granted. A replica that takes over may lack the last writes: what they took is granted
/// again.
///
/// \par Thread-safety  Safe for concurrent calls. The commander must outlive it.
/// \par Errors  As the port and \ref redis::commander; `invalid_argument` for names whose keys are
/// in different cluster slots.
class SCALEKIT_EXPORT redis_limiter_store final : public limiter_store {
 public:
  /// \par Errors `invalid_argument` naming `prefix` (over 200 bytes) or `keep`. No command is sent.
  [[nodiscard]] static result<std::unique_ptr<redis_limiter_store>> open(
      redis::commander& on, redis_limiter_options options = {}
  );

  [[nodiscard]] result<limit_answer> take(std::span<const limit_claim> claims) override;
  [[nodiscard]] result<void> give_back(
      std::string_view name, const limit_grant& grant, std::int64_t tokens
  ) override;
  [[nodiscard]] result<void> cool_down(const limit_claim& claim, duration wait) override;

 private:
  redis_limiter_store(redis::commander& on, redis_limiter_options options);

  redis::commander& redis_;
  std::string prefix_;
  std::string keep_ms_;
  redis::script take_;
  redis::script give_back_;
  redis::script cool_down_;
};

}  // namespace scalekit::inline v0::resilience

#endif
