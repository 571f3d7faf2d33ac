// SPDX-License-Identifier: BSL-1.0
#include <scalekit/http/ip_address.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace scalekit;
using http::ip_address;

namespace {

bool is_public(std::string_view text) {
  const auto address = ip_address::parse(text);
  REQUIRE(address.has_value());
  return http::public_addresses_only(*address);
}

}  // namespace

TEST_CASE("addresses are read in one spelling and written in the shortest") {
  CHECK(ip_address::parse("192.0.2.1")->to_string() == "192.0.2.1");
  CHECK(ip_address::parse("192.0.2.1")->is_v4());
  CHECK(ip_address::parse("192.0.2.1")->bytes().size() == 4);
  CHECK(ip_address::parse("2001:DB8:0::1")->to_string() == "2001:db8::1");
  CHECK_FALSE(ip_address::parse("::1")->is_v4());
  CHECK(ip_address::parse("::1")->bytes()[15] == 1);
  CHECK(ip_address::parse("::1") == ip_address::parse("0:0:0:0:0:0:0:1"));
  CHECK_FALSE(ip_address::parse("::ffff:1.2.3.4") == ip_address::parse("1.2.3.4"));
  using namespace std::string_literals;
  for (const auto& bad :
       {""s,
        "1"s,
        "127.1"s,
        "0x7f.0.0.1"s,
        "1.2.3.4 "s,
        "1.2.3.4\0"s,
        "[::1]"s,
        "fe80::1%eth0"s,
        "localhost"s,
        std::string(100, '1')}) {
    CAPTURE(bad);
    CHECK_FALSE(ip_address::parse(bad));
  }
}

TEST_CASE("public addresses") {
  for (const auto* text : {"1.1.1.1",
                           "8.8.8.8",
                           "9.255.255.255",
                           "11.0.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "126.255.255.255",
                           "128.0.0.0",
                           "169.253.255.255",
                           "169.255.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.0.1.0",
                           "192.0.3.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "198.17.255.255",
                           "198.20.0.0",
                           "198.51.99.255",
                           "198.51.101.0",
                           "203.0.112.255",
                           "203.0.114.0",
                           "223.255.255.255",
                           "2001:200::1",
                           "2001:4860:4860::8888",
                           "2600::1",
                           "2a00:1450::1",
                           "2003::1",
                           "3ffd::1"}) {
    CAPTURE(text);
    CHECK(is_public(text));
  }
}

TEST_CASE("all others are refused, at both ends of their block") {
  for (const auto* text :
       {"0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",
        "100.64.0.0",      "100.127.255.255", "127.0.0.1",       "127.255.255.255",
        "169.254.0.0",     "169.254.169.254", "169.254.255.255", "172.16.0.0",
        "172.31.255.255",  "192.0.0.0",       "192.0.0.255",     "192.0.2.255",
        "192.88.99.1",     "192.168.0.0",     "192.168.255.255", "198.18.0.0",
        "198.19.255.255",  "198.51.100.7",    "203.0.113.255",   "224.0.0.1",
        "239.255.255.255", "240.0.0.1",       "255.255.255.255"}) {
    CAPTURE(text);
    CHECK_FALSE(is_public(text));
  }
  for (const auto* text :
       {"::",
        "::1",
        "::8.8.8.8",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:0:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "1fff::1",
        "2001::1",
        "2001:0:1::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2001:db8:ffff::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff::1",
        "3ffe::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1"}) {
    CAPTURE(text);
    CHECK_FALSE(is_public(text));
  }
}
