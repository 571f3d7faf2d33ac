// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_DIGEST_HPP
#define SCALEKIT_DIGEST_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace scalekit::inline v0 {

/// \brief A running hash whose state can be stored and taken up again by another process.
///
/// Core names the shape; `scalekit::crypto` supplies SHA-256 over OpenSSL.
///
/// \par Thread-safety  One thread at a time.
class SCALEKIT_EXPORT digest {
 public:
  digest() = default;
  digest(const digest&) = delete;
  digest& operator=(const digest&) = delete;
  virtual ~digest();

  /// \brief The registered name, e.g. `"sha-256"` (RFC 9530).
  [[nodiscard]] virtual std::string_view algorithm() const noexcept = 0;
  virtual void update(bytes_view data) noexcept = 0;
  /// \brief The hash of everything so far; updating may go on afterwards.
  [[nodiscard]] virtual bytes value() const = 0;
  /// \brief The running state: opaque, portable between machines, not secret.
  [[nodiscard]] virtual std::string save() const = 0;
  /// \brief Continues from what \ref save gave.
  /// \par Errors `data_corrupted` if it is not such a state; the object is unchanged then.
  [[nodiscard]] virtual result<void> restore(std::string_view state) = 0;
};

/// \brief Makes a fresh digest; empty means none is kept.
using digest_factory = std::function<std::unique_ptr<digest>()>;

}  // namespace scalekit::inline v0

#endif
