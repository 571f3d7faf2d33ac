// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_REDIS_BREAKER_STORE_HPP
#define SCALEKIT_RESILIENCE_REDIS_BREAKER_STORE_HPP

#include <scalekit/export.hpp>
#include <scalekit/ports/redis.hpp>
#include <scalekit/resilience/breaker_store.hpp>

#include <string>

namespace scalekit::inline v0::resilience {

/// \brief Votes in Redis: one script and one round trip for each operation, on Redis's own clock.
///
/// Keys are `<prefix>{<key>}:nodes`, `:failing`, `:probes` and `:epoch`, in one slot, and expire:
/// the epoch a day after the last report, the others sooner. A Redis that loses them costs the
/// nodes one vote more each.
///
/// \par Thread-safety  Safe for concurrent calls. The commander must outlive it.
class SCALEKIT_EXPORT redis_breaker_store final : public breaker_store {
 public:
  explicit redis_breaker_store(redis::commander& on, std::string prefix = "scalekit:breaker:");

  [[nodiscard]] result<breaker_poll> exchange(const breaker_report& report) override;
  [[nodiscard]] result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override;
  [[nodiscard]] result<void> return_probe(std::string_view key, std::string_view holder) override;

 private:
  [[nodiscard]] std::string name(std::string_view key, std::string_view what) const;

  redis::commander& redis_;
  std::string prefix_;
};

}  // namespace scalekit::inline v0::resilience

#endif
