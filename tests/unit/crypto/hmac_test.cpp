// SPDX-License-Identifier: BSL-1.0
#include <scalekit/crypto/hmac.hpp>
#include <scalekit/encoding.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;

namespace {
std::string hmac(bytes_view key, std::string_view data) {
  return to_hex(crypto::hmac_sha256(key, as_bytes(data)).value());
}
}  // namespace

TEST_CASE("hmac-sha256 gives the values of RFC 4231") {
  CHECK(
      hmac(bytes(20, std::byte{0x0b}), "Hi There") ==
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
  );
  CHECK(
      hmac(as_bytes("Jefe"), "what do ya want for nothing?") ==
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
  );
  CHECK(
      hmac(bytes(20, std::byte{0xaa}), std::string(50, '\xdd')) ==
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
  );
  // A key longer than the block is hashed first.
  CHECK(
      hmac(bytes(131, std::byte{0xaa}), "Test Using Larger Than Block-Size Key - Hash Key First") ==
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
  );
}

TEST_CASE("hmac-sha256 takes an empty key and empty data") {
  CHECK(hmac({}, "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
