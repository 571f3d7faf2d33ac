// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_HTTP_IP_ADDRESS_HPP
#define SCALEKIT_HTTP_IP_ADDRESS_HPP

#include <scalekit/export.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// \brief An IPv4 or IPv6 address.
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT ip_address {
 public:
  explicit ip_address(const std::array<std::uint8_t, 4>& v4) noexcept;
  explicit ip_address(const std::array<std::uint8_t, 16>& v6) noexcept : bytes_(v6) {}

  /// \brief Reads `192.0.2.1` or `2001:db8::1`; nothing for any other spelling, a zone, a bracket.
  [[nodiscard]] static std::optional<ip_address> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const noexcept { return v4_; }
  /// \brief 4 or 16 bytes, in the order of the network.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
    return std::span(bytes_).first(v4_ ? 4 : 16);
  }
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const ip_address&, const ip_address&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = false;
};

/// \brief Whether a connection may be made to this address. It is asked of the very address that is
/// connected to, after the name was looked up, so that no name can lead around it.
using address_guard = std::function<bool(const ip_address&)>;

/// \brief A guard against server-side request forgery: true for addresses of the public internet
/// alone (IANA special-purpose registries, RFC 6890).
///
/// False for: this host, loopback, link-local (where clouds keep their metadata), private and
/// carrier-grade NAT networks, documentation, benchmarks, multicast, broadcast, reserved; unique
/// local addresses; and every IPv6 form that carries an IPv4 address or leads through a relay:
/// mapped, compatible, NAT64, 6to4, Teredo.
[[nodiscard]] SCALEKIT_EXPORT bool public_addresses_only(const ip_address& address) noexcept;

}  // namespace scalekit::inline v0::http

#endif
