// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_BREAKER_REGISTRY_HPP
#define SCALEKIT_RESILIENCE_BREAKER_REGISTRY_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/resilience/circuit_breaker.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit::inline v0::resilience {

struct registry_options {
  /// Of each breaker; `name` is the key.
  breaker_options breaker = {};
  /// Breakers at most, 1 to 1,000,000.
  std::size_t max_keys = 1'000;
};

/// \brief A breaker for each key: endpoint, partner, shard. The host owns it; there is no global
/// one.
///
/// When it is full, a breaker makes room that is closed and has not been asked for lately: they are
/// looked at in turn, and one that was asked for since its last turn is passed over once. One that
/// is not closed is never forgotten, for that would close it. Whoever holds a breaker keeps it.
///
/// \par Thread-safety  Safe for concurrent calls; finding a key that is there shares its lock.
/// \par Complexity  A look-up in a hash table, no allocation. Making room is amortised constant
/// while a good share is closed; where none is, it looks at all.
class SCALEKIT_EXPORT breaker_registry {
 public:
  /// \par Errors `invalid_argument` with the name of the option that is out of range.
  [[nodiscard]] static result<std::unique_ptr<breaker_registry>> make(
      registry_options options = {}
  );
  ~breaker_registry();

  /// \brief The breaker of a key, made if it is new.
  /// \par Errors `limit_exceeded` if there is no room and no breaker is closed.
  [[nodiscard]] result<std::shared_ptr<circuit_breaker>> get(std::string_view key, steady_time now);

  [[nodiscard]] std::size_t size() const;
  /// \brief Name and numbers of every breaker, in no order: for an operator's page.
  [[nodiscard]] std::vector<std::pair<std::string, breaker_stats>> stats(steady_time now) const;

 private:
  struct impl;
  explicit breaker_registry(std::unique_ptr<impl> i) noexcept;
  std::unique_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::resilience

#endif
