// SPDX-License-Identifier: BSL-1.0
#include "cursor_binding.hpp"
#include "fuzz.hpp"

#include <scalekit/crypto/aead.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/keyset/sealed_codec.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <string>

using namespace scalekit;

namespace {

struct fixture {
  bytes secret = bytes(32, std::byte{7});
  testing::manual_clock clock;
  testing::fixed_random random;
  keyset::cursor_binding binding = fuzz::binding();
  keyset::key_holder keys{
      keyset::key_ring::make({{.id = "k", .secret = bytes(32, std::byte{7})}}, "k").value()};
  keyset::sealed_codec codec{keys, {.max_age = std::chrono::seconds(0)}, clock, random};
};

bool is_refusal(const ::scalekit::error& e) {
  return e.code() == errc::unauthenticated || e.code() == errc::invalid_argument;
}

}  // namespace

/// The input as a token, which it cannot be; and sealed under the right key, as a payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fixture f;
  const std::string_view text = fuzz::text_of(data, size);
  for (const std::string& token : {std::string(text), "v1.k." + std::string(text)}) {
    const auto forged = f.codec.decode(token, f.binding);
    fuzz::require(!forged && is_refusal(forged.error()), "what we did not seal does not open");
  }

  std::string associated;
  for (const char* part : {"scalekit cursor v1", "k", "GET /t", "acme", "id", ""}) {
    append_framed(associated, part);
  }
  append_u32(associated, 1);
  const auto sealed = crypto::aead_seal(crypto::aead_key(f.secret), text, associated, f.random);
  fuzz::require(sealed.has_value(), "sealing works");
  const std::string token = "v1.k." + to_base64url(as_bytes(*sealed));
  const auto at = f.codec.decode(token, f.binding);
  if (!at) {
    fuzz::require(is_refusal(at.error()), "an authentic payload that is no cursor is refused");
    return 0;
  }
  const auto again = f.codec.encode(*at, f.binding);
  fuzz::require(again.has_value(), "what decodes encodes");
  const auto raw = from_base64url(again->substr(5));
  const auto payload = crypto::aead_open(crypto::aead_key(f.secret), as_text(*raw), associated);
  fuzz::require(
      payload && (*payload == text || at->issued_at == system_time{}), "each cursor has one payload"
  );
  return 0;
}
