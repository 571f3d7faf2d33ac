// SPDX-License-Identifier: BSL-1.0
#include "cursor_binding.hpp"
#include "fuzz.hpp"

#include <scalekit/encoding.hpp>
#include <scalekit/keyset/plain_codec.hpp>

#include <string>

using namespace scalekit;

namespace {

std::string with_checksum(std::string_view payload) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : payload) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::string all(payload);
  append_u64(all, hash);
  return to_base64url(as_bytes(all));
}

void check(std::string_view token) {
  static const keyset::plain_codec codec;
  static const keyset::cursor_binding binding = fuzz::binding();
  if (const auto at = codec.decode(token, binding)) {
    const auto again = codec.encode(*at, binding);
    fuzz::require(again && *again == token, "each cursor has one token");
  } else {
    fuzz::require(at.error().code() == errc::invalid_argument, "refused as an invalid argument");
  }
}

/// The end of an honest payload.
std::string binding_end() {
  const auto token = keyset::plain_codec().encode({}, fuzz::binding());
  const auto raw = from_base64url(token.value_or(""));
  fuzz::require(raw && raw->size() > fuzz::plain_tail_size, "an empty cursor has a token");
  return std::string(
      as_text(*raw).substr(raw->size() - fuzz::plain_tail_size, fuzz::plain_binding_size)
  );
}

}  // namespace

/// The input as a token; as a payload under a right checksum, past which a fuzzer would never get
/// by itself; and as the front of a payload that ends in an honest binding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string honest = binding_end();
  const std::string_view text = fuzz::text_of(data, size);
  check(text);
  check(with_checksum(text));
  check(with_checksum(std::string(text) + honest));
  return 0;
}
