// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/timestamp.hpp>

#include <string>

using namespace scalekit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto t = parse_rfc3339(text)) {
    fuzz::require(from_civil(to_civil(*t)) == *t, "calendar and instant agree");
    const auto year = to_civil(*t).year;
    // An offset can carry an instant out of the years that have a text.
    if (year >= 0 && year <= 9999) {
      const auto again = parse_rfc3339(to_rfc3339(*t, second_fraction::microseconds));
      fuzz::require(again && *again == *t, "what is written reads back");
    }
  } else {
    fuzz::require(t.error().code() == errc::invalid_argument, "refused as an invalid argument");
  }
  // Any instant at all, read from the input's first bytes, must be safe to take apart and write.
  if (size >= 8) {
    byte_reader in(text);
    const system_time any(std::chrono::microseconds(static_cast<std::int64_t>(in.u64())));
    fuzz::require(to_rfc3339(any).size() < rfc3339_max, "a text fits its buffer");
  }
  return 0;
}
