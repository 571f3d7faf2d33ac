// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_FIXED_RANDOM_HPP
#define SCALEKIT_TESTING_FIXED_RANDOM_HPP

#include <scalekit/export.hpp>
#include <scalekit/random.hpp>

#include <cstdint>
#include <mutex>

namespace scalekit::inline v0::testing {

/// \brief A repeatable random source: the same seed gives the same bytes on every machine.
///
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
/// Never use it for keys or nonces outside a test.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT fixed_random final : public random_source {
 public:
  explicit fixed_random(std::uint64_t seed = 1) noexcept : state_(seed) {}
  void fill(std::span<std::byte> out) noexcept override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace scalekit::inline v0::testing

#endif
