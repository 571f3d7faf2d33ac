// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_BREAKER_STORE_HPP
#define SCALEKIT_RESILIENCE_BREAKER_STORE_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <string_view>

namespace scalekit::inline v0::resilience {

/// What a node has to say about a callee.
enum class breaker_stance : std::uint8_t {
  well,      ///< nothing against it
  failing,   ///< its breaker opened: a vote
  recovered  ///< its probes succeeded: all votes of this epoch are void
};
/// \brief The spelling, e.g. `"failing"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(breaker_stance s) noexcept;

struct breaker_report {
  std::string_view key;   ///< the callee's name, 1 to 100 bytes
  std::string_view node;  ///< the reporter's, 1 to 64 bytes
  breaker_stance stance = breaker_stance::well;
  /// The epoch that a vote or a recovery belongs to; another than the current one counts for
  /// nothing.
  std::uint64_t epoch = 0;
  /// How long the node counts as alive, and its vote as given, unless it reports again.
  duration ttl = std::chrono::seconds(5);
};

/// \brief What all nodes say together.
struct breaker_poll {
  std::uint32_t nodes = 0;    ///< alive, the reporter included
  std::uint32_t failing = 0;  ///< of them, votes of this epoch
  std::uint64_t epoch = 0;    ///< grows with each recovery
  friend bool operator==(const breaker_poll&, const breaker_poll&) = default;
};

enum class probe_lease : std::uint8_t { granted, taken };

/// \brief Where the nodes of a cluster meet over a callee's health. All times are the store's own.
///
/// Each operation is one step that others cannot split, and none is held over a call.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
/// \par Errors  Of every call: `invalid_argument` for a name that is empty or too long; what the
/// backend gives.
class SCALEKIT_EXPORT breaker_store {
 public:
  breaker_store() = default;
  breaker_store(const breaker_store&) = delete;
  breaker_store& operator=(const breaker_store&) = delete;
  virtual ~breaker_store();

  /// \brief Says how a node stands and learns how all do.
  [[nodiscard]] virtual result<breaker_poll> exchange(const breaker_report& report) = 0;

  /// \brief Takes one of `most` places for probes of `key`, for `ttl` at the longest.
  [[nodiscard]] virtual result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) = 0;
  /// \brief Gives it back; nothing if it has run out.
  [[nodiscard]] virtual result<void> return_probe(
      std::string_view key, std::string_view holder
  ) = 0;
};

}  // namespace scalekit::inline v0::resilience

#endif
