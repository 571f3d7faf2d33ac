// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bytes.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using scalekit::as_bytes;
using scalekit::as_text;
using scalekit::byte_reader;
using scalekit::constant_time_equal;

TEST_CASE("text and bytes are two views of one thing") {
  const std::string text("a\0\xff", 3);
  CHECK(as_bytes(text).size() == 3);
  CHECK(as_bytes(text)[2] == std::byte{0xff});
  CHECK(as_text(as_bytes(text)) == text);
  CHECK(as_text(as_bytes(text)).data() == text.data());
  CHECK(as_bytes({}).empty());
  CHECK(as_text({}).empty());
}

TEST_CASE("the comparison for secrets sees every byte and every bit") {
  CHECK(constant_time_equal({}, {}));
  for (std::size_t size = 1; size <= 65; ++size) {
    const std::string secret(size, 'k');
    REQUIRE(constant_time_equal(as_bytes(secret), as_bytes(std::string(secret))));
    for (std::size_t i = 0; i < size; ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string other = secret;
        other[i] = static_cast<char>(static_cast<unsigned char>(other[i]) ^ (1U << bit));
        REQUIRE_FALSE(constant_time_equal(as_bytes(secret), as_bytes(other)));
      }
    }
    REQUIRE_FALSE(constant_time_equal(as_bytes(secret), as_bytes(secret.substr(1))));
  }
}

TEST_CASE("integers are written big-endian") {
  std::string out = "x";
  scalekit::append_u32(out, 0x01020304);
  scalekit::append_u64(out, 0x0506070809'0a0b0cU);
  CHECK(out == "x\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c");
}

TEST_CASE("a reader takes apart what was appended") {
  std::string out;
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    scalekit::append_u64(out, n);
    scalekit::append_u32(out, static_cast<std::uint32_t>(n));
  }
  scalekit::append_framed(out, "");
  scalekit::append_framed(out, std::string_view("a\0b", 3));
  out += "\xfe tail";

  byte_reader in(out);
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    CHECK(in.u64() == n);
    CHECK(in.u32() == static_cast<std::uint32_t>(n));
  }
  CHECK(in.framed().empty());
  CHECK(in.framed() == std::string_view("a\0b", 3));
  CHECK(in.u8() == 0xfe);
  CHECK_FALSE(in.finished());
  CHECK(in.take(5) == " tail");
  CHECK(in.finished());
}

TEST_CASE("framing tells neighbours apart") {
  const auto framed = [](std::string_view a, std::string_view b) {
    std::string out;
    scalekit::append_framed(out, a);
    scalekit::append_framed(out, b);
    return out;
  };
  CHECK(framed("ab", "c") != framed("a", "bc"));
  CHECK(framed("", "abc") != framed("abc", ""));
}

TEST_CASE("after a short read everything is empty, whatever is left") {
  const auto each = [](std::string_view input, auto read) {
    byte_reader in(input);
    CHECK(read(in));
    CHECK_FALSE(in.ok());
    CHECK_FALSE(in.finished());
    CHECK(in.u8() == 0);
    CHECK(in.u32() == 0);
    CHECK(in.u64() == 0);
    CHECK(in.framed().empty());
    CHECK(in.take(0).empty());
    CHECK(in.take(1).empty());
    CHECK_FALSE(in.ok());
  };
  each("", [](byte_reader& in) { return in.u8() == 0; });
  each("\x01\x02\x03", [](byte_reader& in) { return in.u32() == 0; });
  each("\x01\x02\x03\x04\x05\x06\x07", [](byte_reader& in) { return in.u64() == 0; });
  each("abc", [](byte_reader& in) { return in.take(4).empty(); });
  each("abc", [](byte_reader& in) {
    return in.take(std::numeric_limits<std::size_t>::max()).empty();
  });
  // The length is there and asks for more than there is.
  each(std::string_view("\0\0\0\x05hell", 8), [](byte_reader& in) { return in.framed().empty(); });
  each("\xff\xff\xff\xff", [](byte_reader& in) { return in.framed().empty(); });
}
