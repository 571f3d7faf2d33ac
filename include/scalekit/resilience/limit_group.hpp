// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_LIMIT_GROUP_HPP
#define SCALEKIT_RESILIENCE_LIMIT_GROUP_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/rate.hpp>
#include <scalekit/resilience/token_bucket.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace scalekit::inline v0::resilience {

/// \brief What several limits say of one call.
struct group_decision {
  /// At most so many limits are decided together.
  static constexpr std::size_t most = 8;

  bool allowed = false;
  std::int64_t remaining = 0;  ///< the fewest that any of the limits has left
  duration retry_after{};      ///< the longest of any; `never` if one of them can never allow it
  duration reset_after{};      ///< the longest of any
  /// Which limit, by its place, has the fewest left; refused: the one to wait for longest.
  std::size_t tightest = 0;
  std::array<decision::receipt, most> taken{};
};

/// \brief Several token buckets decided together, all or none: a tenant's, a partner's, the whole
/// service's.
///
/// A call that one of them refuses costs none of them anything. Buckets may be shared with other
/// groups. Two calls at once cannot both have the last token; a call that is refused may for an
/// instant hold tokens of the others, so that a third may be refused that need not have been: it
/// never admits too many.
///
/// \par Example
/// \code
/// auto both = resilience::limit_group::make(std::array{&tenant, &partner});
/// if (!both->take(now).allowed) return too_many_requests();
/// \endcode
///
/// \par Thread-safety  Safe for concurrent calls; lock-free, no allocation. The buckets must
/// outlive it.
class SCALEKIT_EXPORT limit_group {
 public:
  /// \par Errors `invalid_argument` if there are none or more than \ref group_decision::most, if
  /// one is null, or is there twice.
  [[nodiscard]] static result<limit_group> make(std::span<token_bucket* const> buckets);

  /// \brief Takes `cost` tokens of each, or none of any.
  [[nodiscard]] group_decision take(steady_time now, std::int64_t cost = 1) const noexcept;

  /// \brief Gives back to each, as \ref token_bucket::refund does.
  void refund(steady_time now, const group_decision& d, std::int64_t cost = 1) const noexcept;

 private:
  limit_group() = default;
  std::array<token_bucket*, group_decision::most> buckets_{};
  std::size_t size_ = 0;
};

}  // namespace scalekit::inline v0::resilience

#endif
