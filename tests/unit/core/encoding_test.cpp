// SPDX-License-Identifier: BSL-1.0
#include <scalekit/encoding.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

using scalekit::as_bytes;
using scalekit::as_text;
using scalekit::bytes;
using scalekit::errc;
using scalekit::result;

namespace {

using decoder = result<bytes> (*)(std::string_view);

void refused(decoder decode, std::string_view text) {
  CAPTURE(text);
  const auto decoded = decode(text);
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().code() == errc::invalid_argument);
}

std::string message(decoder decode, std::string_view text) {
  return decode(text).error().message();
}

std::string text_of(const result<bytes>& decoded) {
  REQUIRE(decoded.has_value());
  return std::string(as_text(*decoded));
}

}  // namespace

TEST_CASE("the vectors of RFC 4648 section 10") {
  constexpr std::array<std::array<std::string_view, 4>, 7> vectors{{
      {"", "", "", ""},
      {"f", "Zg==", "Zg", "66"},
      {"fo", "Zm8=", "Zm8", "666f"},
      {"foo", "Zm9v", "Zm9v", "666f6f"},
      {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
      {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
      {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
  }};
  for (const auto& [plain, base64, base64url, hex] : vectors) {
    CHECK(scalekit::to_base64(as_bytes(plain)) == base64);
    CHECK(scalekit::to_base64url(as_bytes(plain)) == base64url);
    CHECK(scalekit::to_hex(as_bytes(plain)) == hex);
    CHECK(text_of(scalekit::from_base64(base64)) == plain);
    CHECK(text_of(scalekit::from_base64url(base64url)) == plain);
    CHECK(text_of(scalekit::from_hex(hex)) == plain);
  }
}

TEST_CASE("the two alphabets differ in two characters") {
  const std::string raw = "\xfb\xff\xbf";
  CHECK(scalekit::to_base64(as_bytes(raw)) == "+/+/");
  CHECK(scalekit::to_base64url(as_bytes(raw)) == "-_-_");
  refused(scalekit::from_base64, "-_-_");
  refused(scalekit::from_base64url, "+/+/");
}

TEST_CASE("every length from 0 to 64 survives") {
  scalekit::testing::fixed_random random(11);
  for (std::size_t size = 0; size <= 64; ++size) {
    bytes raw(size);
    random.fill(raw);
    const std::string base64 = scalekit::to_base64(raw);
    CHECK(base64.size() == (size + 2) / 3 * 4);
    CHECK(scalekit::to_base64url(raw).size() == (size * 4 + 2) / 3);
    CHECK(*scalekit::from_base64(base64) == raw);
    CHECK(*scalekit::from_base64url(scalekit::to_base64url(raw)) == raw);
    CHECK(*scalekit::from_hex(scalekit::to_hex(raw)) == raw);
  }
}

TEST_CASE("every two-character base64url text is one value or none, and its own spelling") {
  int accepted = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b)};
      const auto raw = scalekit::from_base64url(text);
      if (!raw) continue;
      ++accepted;
      REQUIRE(scalekit::to_base64url(*raw) == text);
    }
  }
  CHECK(accepted == 256);
}

TEST_CASE("padding must be there in base64, in its place, and not in base64url") {
  for (const auto* text :
       {"Zg",
        "Zg=",
        "Zg===",
        "Zm8",
        "Zm9vYg=",
        "=",
        "==",
        "====",
        "Z===",
        "Zg==Zg==",
        "Z=g=",
        "=Zg=",
        "Zm9v====",
        "Zm9vY==="}) {
    refused(scalekit::from_base64, text);
  }
  for (const auto* text : {"Zg==", "Zm8=", "Z", "Zm9vY", "="})
    refused(scalekit::from_base64url, text);
}

TEST_CASE("trailing bits that no encoder writes are refused") {
  for (const auto* text : {"Zh==", "Zn==", "Zv==", "Zm9=", "Zm-=", "ZmB="}) {
    refused(scalekit::from_base64, text);
  }
  for (const auto* text : {"Zh", "Zm9", "ZmB", "Zm9vYh"}) refused(scalekit::from_base64url, text);
}

TEST_CASE("white space, NUL and bytes above ASCII do not belong") {
  for (const auto* text : {"Zm9 ", "Zm\n9", "\tZm9", "Zm9\r", "Zm\xc3\xa9"}) {
    refused(scalekit::from_base64, text);
    refused(scalekit::from_base64url, text);
  }
  refused(scalekit::from_base64, std::string_view("Zm9\0", 4));
  for (const auto* text : {"6g", "g6", "6 ", " 6", "0x", "6\xff", "666"}) {
    refused(scalekit::from_hex, text);
  }
}

TEST_CASE("the error says where") {
  CHECK(message(scalekit::from_base64, "Zm9vY*Fy").find("offset 5") != std::string::npos);
  CHECK(message(scalekit::from_base64url, "Zh").find("offset 1") != std::string::npos);
  CHECK(message(scalekit::from_hex, "66x6").find("offset 2") != std::string::npos);
  CHECK(message(scalekit::from_hex, "666x").find("offset 3") != std::string::npos);
  CHECK(message(scalekit::from_hex, "666").find("length 3") != std::string::npos);
  CHECK(message(scalekit::from_base64url, "Zm9vY").find("length 5") != std::string::npos);
}

TEST_CASE("hex is read in either case and written in lower case") {
  CHECK(*scalekit::from_hex("AbCdEf09") == *scalekit::from_hex("abcdef09"));
  CHECK(scalekit::to_hex(*scalekit::from_hex("ABCDEF")) == "abcdef");
}
