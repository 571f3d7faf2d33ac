// SPDX-License-Identifier: BSL-1.0
#include <scalekit/http/ip_address.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace scalekit::inline v0::http {

namespace {

struct block {
  std::array<std::uint8_t, 4> start;  // further bytes are zero
  unsigned bits;
};

constexpr std::array<block, 14> special_v4{{
    {{0}, 8},              // this host
    {{10}, 8},             // private
    {{100, 64}, 10},       // carrier-grade NAT
    {{127}, 8},            // loopback
    {{169, 254}, 16},      // link-local
    {{172, 16}, 12},       // private
    {{192, 0, 0}, 24},     // protocol assignments
    {{192, 0, 2}, 24},     // documentation
    {{192, 88, 99}, 24},   // 6to4 relays
    {{192, 168}, 16},      // private
    {{198, 18}, 15},       // benchmarks
    {{198, 51, 100}, 24},  // documentation
    {{203, 0, 113}, 24},   // documentation
    {{224}, 3},            // multicast, reserved, broadcast
}};

// All that is public lies in 2000::/3; of that, these are not.
constexpr block global_v6{{0x20}, 3};
constexpr std::array<block, 5> special_v6{{
    {{0x20, 0x01}, 23},              // protocol assignments, Teredo, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4
    {{0x3f, 0xfe}, 16},              // the 6bone, returned
    {{0x3f, 0xff}, 20},              // documentation
}};

bool in(std::span<const std::uint8_t> address, const block& b) noexcept {
  for (unsigned bit = 0; bit < b.bits; bit += 8) {
    const unsigned left = std::min(8U, b.bits - bit);
    const auto mask = static_cast<unsigned>(0xff00U >> left) & 0xffU;
    if (((address[bit / 8] ^ b.start[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

ip_address::ip_address(const std::array<std::uint8_t, 4>& v4) noexcept : v4_(true) {
  std::copy(v4.begin(), v4.end(), bytes_.begin());
}

std::optional<ip_address> ip_address::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return {};
  const std::string copy(text);
  std::array<std::uint8_t, 4> v4{};
  std::array<std::uint8_t, 16> v6{};
  if (::inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) return ip_address(v4);
  if (::inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return ip_address(v6);
  return std::nullopt;
}

std::string ip_address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* spelled = ::inet_ntop(
      v4_ ? AF_INET : AF_INET6, bytes_.data(), text.data(), static_cast<socklen_t>(text.size())
  );
  return spelled != nullptr ? spelled : "";
}

bool public_addresses_only(const ip_address& address) noexcept {
  const auto bytes = address.bytes();
  const auto within = [&](const block& b) { return in(bytes, b); };
  if (address.is_v4()) return std::ranges::none_of(special_v4, within);
  return within(global_v6) && std::ranges::none_of(special_v6, within);
}

}  // namespace scalekit::inline v0::http
