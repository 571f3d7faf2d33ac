// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RANDOM_HPP
#define SCALEKIT_RANDOM_HPP

#include <scalekit/export.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace scalekit::inline v0 {

/// \brief A source of unpredictable bits, injected so that jitter and ids can be fixed in a test.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
class SCALEKIT_EXPORT random_source {
 public:
  random_source() = default;
  random_source(const random_source&) = delete;
  random_source& operator=(const random_source&) = delete;
  virtual ~random_source();

  /// \brief Fills `out` with random bytes.
  virtual void fill(std::span<std::byte> out) noexcept = 0;

  /// \brief 64 random bits.
  [[nodiscard]] std::uint64_t next() noexcept;

  /// \brief Uniform in `[0, bound)` without modulo bias; 0 if `bound` is 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;

  /// \brief A random identifier: `length` bytes as lower-case hex (`2 * length` characters).
  [[nodiscard]] std::string hex_id(std::size_t length = 16);

  /// \brief The kernel's generator, fit for keys and nonces; never destroyed.
  [[nodiscard]] static random_source& system() noexcept;
};

}  // namespace scalekit::inline v0

#endif
