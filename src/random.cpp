// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bytes.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/random.hpp>

#include <algorithm>
#include <cstring>
#include <random>

#if __has_include(<sys/random.h>)
#include <sys/random.h>
#define SCALEKIT_HAS_GETENTROPY 1
#endif

namespace scalekit::inline v0 {

random_source::~random_source() = default;

std::uint64_t random_source::next() noexcept {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::uint64_t random_source::below(std::uint64_t bound) noexcept {
  if (bound == 0) return 0;
  // Values under `threshold` would make the low residues likelier than the rest.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

std::string random_source::hex_id(std::size_t length) {
  bytes raw(length);
  fill(raw);
  return to_hex(raw);
}

namespace {

class kernel_random final : public random_source {
 public:
  void fill(std::span<std::byte> out) noexcept override {
#if defined(SCALEKIT_HAS_GETENTROPY)
    // Straight from the kernel: libstdc++'s random_device prefers the processor's RDSEED. More than
    // 256 bytes at once are refused.
    while (!out.empty()) {
      const auto part = out.first(std::min<std::size_t>(out.size(), 256));
      if (::getentropy(part.data(), part.size()) != 0) break;
      out = out.subspan(part.size());
    }
#endif
    // Where there is no such call. If this fails too, its exception ends the process at `noexcept`:
    // there is no way on that would not hand out predictable keys.
    while (!out.empty()) {
      thread_local std::random_device device;
      const auto word = device();
      const std::size_t n = out.size() < sizeof word ? out.size() : sizeof word;
      std::memcpy(out.data(), &word, n);
      out = out.subspan(n);
    }
  }
};

}  // namespace

random_source& random_source::system() noexcept {
  static kernel_random& instance = *new kernel_random;
  return instance;
}

}  // namespace scalekit::inline v0
