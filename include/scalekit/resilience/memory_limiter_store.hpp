// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_MEMORY_LIMITER_STORE_HPP
#define SCALEKIT_RESILIENCE_MEMORY_LIMITER_STORE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/limiter_store.hpp>

#include <cstddef>
#include <memory>

namespace scalekit::inline v0::resilience {

/// \brief Limits shared by the parts of one process; for tests, and for hosts of one process.
///
/// The time is the wall clock of `time`, so that a test moves it.
///
/// \par Thread-safety  Safe for concurrent calls. The clock must outlive it.
/// \par Errors besides those of the port: `limit_exceeded` for a new name where `most_names`
/// buckets are in use; a bucket that is full again is forgotten at need.
class SCALEKIT_EXPORT memory_limiter_store final : public limiter_store {
 public:
  explicit memory_limiter_store(
      const clock& time = clock::system(), std::size_t most_names = 100'000
  );
  ~memory_limiter_store() override;

  [[nodiscard]] result<limit_answer> take(std::span<const limit_claim> claims) override;
  [[nodiscard]] result<void> give_back(
      std::string_view name, const limit_grant& grant, std::int64_t tokens
  ) override;
  [[nodiscard]] result<void> cool_down(const limit_claim& claim, duration wait) override;

  /// \brief How many buckets it holds.
  [[nodiscard]] std::size_t size() const;
  /// \brief Forgets everything, as a server does that restarts without its data.
  void clear();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::resilience

#endif
