// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_RETRY_BUDGET_HPP
#define SCALEKIT_RESILIENCE_RETRY_BUDGET_HPP

/// \file
/// What keeps retries from making an outage worse. A callee that fails every call would be sent
/// `max_attempts` times its load just when it can bear least; a budget, shared by all calls to that
/// callee, bounds what is sent on top of the load itself.

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/outcome.hpp>
#include <scalekit/resilience/rolling_counts.hpp>
#include <scalekit/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace scalekit::inline v0::resilience {

struct retry_budget_stats {
  std::uint64_t granted = 0;  ///< retries paid for, less those given back
  std::uint64_t refused = 0;  ///< retries not made for want of budget
};

/// \brief Pays for retries, or does not.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
class SCALEKIT_EXPORT retry_budget {
 public:
  retry_budget() = default;
  retry_budget(const retry_budget&) = delete;
  retry_budget& operator=(const retry_budget&) = delete;
  virtual ~retry_budget();

  /// \brief A call is made for the first time.
  virtual void on_call(steady_time now) noexcept = 0;
  /// \brief Pays for one retry (or hedge) after an attempt that ended as `kind`. What it cost, or 0
  /// if there is not enough.
  [[nodiscard]] virtual std::uint32_t withdraw(outcome_kind kind, steady_time now) noexcept = 0;
  /// \brief The call succeeded; `last_cost` is what its last retry cost, 0 if it made none.
  virtual void on_success(std::uint32_t last_cost) noexcept = 0;
  /// \brief A retry that was paid for at `paid_at` was not made: what it cost comes back, unless
  /// time has brought it back already.
  virtual void give_back(
      std::uint32_t cost, steady_time paid_at, steady_time now
  ) noexcept = 0;

  [[nodiscard]] retry_budget_stats stats() const noexcept {
    return {granted_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)};
  }

 protected:
  /// \brief Counts what \ref withdraw decided, and returns it.
  std::uint32_t counted(std::uint32_t cost) noexcept {
    (cost != 0 ? granted_ : refused_).fetch_add(1, std::memory_order_relaxed);
    return cost;
  }
  /// \brief For \ref give_back.
  void uncount() noexcept { granted_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> granted_{0};
  std::atomic<std::uint64_t> refused_{0};
};

struct ratio_budget_options {
  /// Retries at most, as a share of the calls in the window; 0 to 10.
  double ratio = 0.2;
  /// So many retries a window are paid for whatever the ratio says, for those who call seldom.
  std::uint32_t minimum = 3;
  /// 1 ms to a day.
  duration window = std::chrono::seconds(10);
};

/// \brief Retries as a share of calls over a sliding window, as Finagle, Envoy and failsafe-go do.
///
/// In no window are more than `max(minimum, ratio * calls)` retries granted.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT ratio_budget final : public retry_budget {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<ratio_budget>> make(
      ratio_budget_options options = {}
  );

  void on_call(steady_time now) noexcept override;
  [[nodiscard]] std::uint32_t withdraw(outcome_kind kind, steady_time now) noexcept override;
  void on_success(std::uint32_t last_cost) noexcept override;
  void give_back(std::uint32_t cost, steady_time paid_at, steady_time now) noexcept override;

 private:
  explicit ratio_budget(ratio_budget_options options) noexcept;
  ratio_budget_options options_;
  rolling_counts window_;  // calls, retries
};

struct token_budget_options {
  std::uint32_t capacity = 500;      ///< tokens, full at first; 1 to 1,000,000
  std::uint32_t cost = 14;           ///< of a retry; 1 to `capacity`
  std::uint32_t throttled_cost = 5;  ///< of a retry after `throttled`; 1 to `capacity`
};

/// \brief A quota of tokens that retries spend and successes refill, as the AWS SDKs have it
/// (standard mode of 2026): a retry's success gives back what that retry cost, a success without a
/// retry gives 1, a failure gives nothing.
///
/// Needs no time. While everything fails, `capacity / cost` retries are made and then none.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT token_budget final : public retry_budget {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<token_budget>> make(
      token_budget_options options = {}
  );

  void on_call(steady_time now) noexcept override;
  [[nodiscard]] std::uint32_t withdraw(outcome_kind kind, steady_time now) noexcept override;
  void on_success(std::uint32_t last_cost) noexcept override;
  void give_back(std::uint32_t cost, steady_time paid_at, steady_time now) noexcept override;

  /// \brief Racy by nature: what another thread takes next is not in it.
  [[nodiscard]] std::uint32_t approx_tokens() const noexcept {
    return tokens_.load(std::memory_order_relaxed);
  }

 private:
  void refill(std::uint32_t by) noexcept;
  explicit token_budget(token_budget_options options) noexcept;
  token_budget_options options_;
  std::atomic<std::uint32_t> tokens_;
};

}  // namespace scalekit::inline v0::resilience

#endif
