// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_MEMORY_BREAKER_STORE_HPP
#define SCALEKIT_RESILIENCE_MEMORY_BREAKER_STORE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/breaker_store.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace scalekit::inline v0::resilience {

/// \brief Votes in this process's memory: for tests, and for several breakers of one process.
///
/// Keys are kept for ever; each is small.
///
/// \par Thread-safety  Safe for concurrent calls. The clock must outlive it.
class SCALEKIT_EXPORT memory_breaker_store final : public breaker_store {
 public:
  explicit memory_breaker_store(const clock& time = clock::system()) noexcept : clock_(time) {}

  [[nodiscard]] result<breaker_poll> exchange(const breaker_report& report) override;
  [[nodiscard]] result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override;
  [[nodiscard]] result<void> return_probe(std::string_view key, std::string_view holder) override;

 private:
  struct member {
    steady_time expires;
    breaker_stance stance = breaker_stance::well;
    std::uint64_t epoch = 0;
  };
  struct entry {
    std::map<std::string, member, std::less<>> nodes;
    std::map<std::string, steady_time, std::less<>> probes;
    std::uint64_t epoch = 0;
  };
  [[nodiscard]] entry& at(std::string_view key, steady_time now);

  const clock& clock_;
  std::mutex mutex_;
  std::map<std::string, entry, std::less<>> entries_;
};

}  // namespace scalekit::inline v0::resilience

#endif
