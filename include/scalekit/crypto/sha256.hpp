// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CRYPTO_SHA256_HPP
#define SCALEKIT_CRYPTO_SHA256_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/digest.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::inline v0::crypto {

/// \brief SHA-256 (FIPS 180-4) whose running state can be stored and taken up by another process.
///
/// That is what lets an export of many gigabytes go on after a crash and still name the hash of the
/// whole file. The saved state is portable between machines and versions of OpenSSL, 119 bytes at
/// most, and carries its own checksum; it is not secret but it is not authenticated either: who can
/// write it can choose what is hashed.
///
/// \par Thread-safety  One thread at a time.
class SCALEKIT_EXPORT sha256 final : public digest {
 public:
  static constexpr std::size_t size = 32;

  sha256() noexcept;

  /// \brief `"sha-256"`.
  [[nodiscard]] std::string_view algorithm() const noexcept override;
  void update(bytes_view data) noexcept override;
  [[nodiscard]] bytes value() const override;
  [[nodiscard]] std::string save() const override;
  [[nodiscard]] result<void> restore(std::string_view state) override;

 private:
  static constexpr std::size_t block_size = 64;

  [[nodiscard]] bytes_view pending() const noexcept;

  // OpenSSL's own context never shows here: its layout belongs to OpenSSL.
  std::array<std::uint32_t, 8> chain_;
  std::array<std::byte, block_size> partial_;
  std::uint64_t length_ = 0;  // bytes so far; the first length_ % 64 of partial_ await their block
};

/// \brief Makes a fresh \ref sha256 on each call.
[[nodiscard]] SCALEKIT_EXPORT digest_factory sha256_factory();

}  // namespace scalekit::inline v0::crypto

#endif
