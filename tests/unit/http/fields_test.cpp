// SPDX-License-Identifier: BSL-1.0
#include <scalekit/http/fields.hpp>
#include <scalekit/http/message.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

using namespace scalekit;
using namespace std::string_view_literals;
using http::accepted_codings;

TEST_CASE("Accept-Encoding") {
  struct {
    const char* text;
    accepted_codings expected;  // identity, gzip, prefers gzip
  } const cases[] = {
      {"", {true, false, false}},
      {"gzip", {true, true, true}},
      {"GZip, deflate, br", {true, true, true}},
      {"x-gzip", {true, true, true}},
      {"identity", {true, false, false}},
      {"gzip;q=0", {true, false, false}},
      {"gzip;q=0.000", {true, false, false}},
      {"gzip ; q = 0.5 , identity", {true, true, false}},
      {"gzip;q=0.5, identity;q=0.5", {true, true, true}},
      {"gzip;q=0.001", {true, true, true}},
      {"*", {true, true, true}},
      {"*;q=0", {false, false, false}},
      {"gzip, *;q=0", {false, true, true}},
      {"identity;q=0", {false, false, false}},
      {"identity;q=0, gzip", {false, true, true}},
      {"gzip;q=0.5, *", {true, true, false}},
      {"gzip;q=0, *", {true, false, false}},
      {"deflate, br;q=1.0", {true, false, false}},
      {"gzip;q=2", {true, false, false}},
      {"gzip;q=0.1234", {true, false, false}},
      {"gzip;q=x, gzip;level=1;q=0.3", {true, true, true}},
      {",,gzip,,", {true, true, true}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(http::accept_encoding(c.text) == c.expected);
  }
  CHECK(http::accept_encoding(std::nullopt) == accepted_codings{true, false, false});
}

TEST_CASE("Range") {
  using range = http::byte_range;
  CHECK(http::parse_range("bytes=5-10") == range{5, 10});
  CHECK(http::parse_range("Bytes = 5-") == range{5, std::nullopt});
  CHECK(http::parse_range("bytes=-500") == range{std::nullopt, 500});
  CHECK(http::parse_range("bytes=0-0") == range{0, 0});
  CHECK(
      http::parse_range("bytes=99999999999999999999-")->first ==
      std::numeric_limits<std::uint64_t>::max()
  );
  for (const auto* text :
       {"",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-",
        "bytes=1",
        "bytes=5-4",
        "bytes=1-2,4-5",
        "bytes=+1-",
        "bytes=1-2x",
        "items=1-2",
        "bytes=--1",
        "bytes=1 -2",
        "bytes=0x1-"}) {
    CAPTURE(text);
    CHECK(http::parse_range(text) == std::nullopt);
  }
}

TEST_CASE("entity tags") {
  CHECK(http::strong_tag("\"abc\"") == "abc");
  CHECK(http::strong_tag(" \"\" ") == "");
  for (const auto* text : {"W/\"abc\"", "abc", "\"", "\"a\"b\"", "Mon, 06 May 2024 07:08:09 GMT"}) {
    CAPTURE(text);
    CHECK(http::strong_tag(text) == std::nullopt);
  }
}

TEST_CASE("a file name cannot leave its place") {
  CHECK(http::attachment("report.csv") == "attachment; filename=\"report.csv\"");
  CHECK(http::attachment("my report.csv") == "attachment; filename=\"my report.csv\"");
  CHECK(
      http::attachment("\xc3\x9c"
                       "bersicht \xe2\x82\xac.csv") ==
      "attachment; filename=\"_bersicht _.csv\"; "
      "filename*=UTF-8''%C3%9Cbersicht%20%E2%82%AC.csv"
  );
  CHECK(
      http::attachment("a\"b\r\nX: y.csv") ==
      "attachment; filename=\"a_b__X: y.csv\"; filename*=UTF-8''a%22b__X%3A%20y.csv"
  );
  CHECK(http::attachment("../../etc/passwd") == "attachment; filename=\".._.._etc_passwd\"");
  CHECK(http::attachment("a\\b") == "attachment; filename=\"a_b\"");
  CHECK(
      http::attachment("100%.csv") ==
      "attachment; filename=\"100_.csv\"; filename*=UTF-8''100%25.csv"
  );
  CHECK(http::attachment("") == "attachment; filename=\"download\"");
  CHECK(http::attachment("..") == "attachment; filename=\"download\"");
  // Not UTF-8: a lone byte, an overlong form, a surrogate, a cut sequence.
  CHECK(
      http::attachment("\xff"
                       "a\xc0\xaf"
                       "b\xed\xa0\x80"
                       "c\xe2\x82") == "attachment; filename=\"_a__b___c__\""
  );
}

TEST_CASE("whatever the bytes: a file name makes a valid field, a field makes no trouble") {
  std::mt19937 random(42);
  constexpr auto alphabet = "ab.\"%\\/;=,*-q0159 \t\r\n\0\xc3\xa9\xe2\x82\xac\xff\xed\xa0"sv;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text.push_back(alphabet[random() % alphabet.size()]);
    http::fields f;
    REQUIRE(f.set("Content-Disposition", http::attachment(text)));
    const auto range = http::parse_range("bytes=" + text);
    if (range && range->first && range->last) REQUIRE(*range->first <= *range->last);
    const auto codings = http::accept_encoding(text);
    REQUIRE((codings.gzip || !codings.prefers_gzip));
    if (const auto tag = http::strong_tag(text)) REQUIRE(tag->find('"') == std::string::npos);
  }
}

TEST_CASE("a digest field") {
  CHECK(http::digest_field("sha-256", std::string("\x00\xff", 2)) == "sha-256=:AP8=:");
}
