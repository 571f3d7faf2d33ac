// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bytes.hpp>

namespace scalekit::inline v0 {

bool constant_time_equal(bytes_view a, bytes_view b) noexcept {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | std::to_integer<unsigned>(a[i] ^ b[i]));
  }
  return difference == 0;
}

namespace {

template <class T>
void append_big_endian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T) * 8) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
  }
}

template <class T>
T from_big_endian(std::string_view raw) noexcept {
  T value = 0;
  for (const char c : raw) value = static_cast<T>((value << 8) | static_cast<unsigned char>(c));
  return value;
}

}  // namespace

void append_u64(std::string& out, std::uint64_t value) { append_big_endian(out, value); }
void append_u32(std::string& out, std::uint32_t value) { append_big_endian(out, value); }

void append_framed(std::string& out, std::string_view text) {
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

std::string_view byte_reader::take(std::size_t n) noexcept {
  if (!ok_ || rest_.size() < n) {
    ok_ = false;
    return {};
  }
  const std::string_view taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

std::uint8_t byte_reader::u8() noexcept {
  const std::string_view raw = take(1);
  return raw.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(raw[0]);
}

std::uint32_t byte_reader::u32() noexcept { return from_big_endian<std::uint32_t>(take(4)); }
std::uint64_t byte_reader::u64() noexcept { return from_big_endian<std::uint64_t>(take(8)); }
std::string_view byte_reader::framed() noexcept { return take(u32()); }

}  // namespace scalekit::inline v0
