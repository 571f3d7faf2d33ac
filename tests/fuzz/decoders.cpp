// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <scalekit/encoding.hpp>

#include <string>

using namespace scalekit;

namespace {

void check(
    result<bytes> (*decode)(std::string_view),
    std::string (*encode)(bytes_view),
    std::string_view text,
    std::string_view canonical
) {
  if (const auto raw = decode(text)) {
    fuzz::require(encode(*raw) == canonical, "each value has one text");
  } else {
    fuzz::require(raw.error().code() == errc::invalid_argument, "refused as an invalid argument");
  }
  const auto back = decode(encode(as_bytes(text)));
  fuzz::require(back && as_text(*back) == text, "what is encoded decodes to itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  std::string lower(text);  // hex is read in either case
  for (char& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  check(from_hex, to_hex, text, lower);
  check(from_base64, to_base64, text, text);
  check(from_base64url, to_base64url, text, text);
  return 0;
}
