// SPDX-License-Identifier: BSL-1.0
#include <scalekit/encoding.hpp>

#include <array>
#include <cstdint>

namespace scalekit::inline v0 {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> reverse_of(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr auto standard_values = reverse_of(standard_alphabet);
constexpr auto url_values = reverse_of(url_alphabet);

std::uint32_t at(bytes_view data, std::size_t i) noexcept {
  return std::to_integer<std::uint32_t>(data[i]);
}

enum class padding { none, required };

std::string encode64(bytes_view data, std::string_view alphabet, padding pad) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  std::size_t i = 0;
  const auto put = [&](std::uint32_t triple, int characters) {
    for (int k = 0; k < characters; ++k) out.push_back(alphabet[(triple >> (18 - 6 * k)) & 63U]);
  };
  for (; i + 3 <= data.size(); i += 3) {
    put((at(data, i) << 16) | (at(data, i + 1) << 8) | at(data, i + 2), 4);
  }
  const std::size_t rest = data.size() - i;
  if (rest == 1) put(at(data, i) << 16, 2);
  if (rest == 2) put((at(data, i) << 16) | (at(data, i + 1) << 8), 3);
  if (rest != 0 && pad == padding::required) out.append(3 - rest, '=');
  return out;
}

error bad_character(std::string_view what, std::size_t offset) {
  return {
      errc::invalid_argument,
      std::string(what) + ": a character that does not belong, at offset " +
          std::to_string(offset)};
}

error bad_length(std::string_view what, std::size_t length) {
  return {
      errc::invalid_argument,
      std::string(what) + ": no value has a text of length " + std::to_string(length)};
}

result<bytes> decode64(
    std::string_view text, const std::array<std::int8_t, 256>& values, std::string_view what
) {
  if (text.size() % 4 == 1) return bad_length(what, text.size());
  bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int pending = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = values[static_cast<unsigned char>(text[i])];
    if (value < 0) return bad_character(what, i);
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    pending += 6;
    if (pending >= 8) {
      pending -= 8;
      out.push_back(static_cast<std::byte>((bits >> pending) & 255U));
    }
  }
  // Left-over bits that are not zero would give one value two spellings.
  if ((bits & ((1U << pending) - 1U)) != 0) return bad_character(what, text.size() - 1);
  return out;
}

}  // namespace

std::string to_hex(bytes_view data) {
  std::string out;
  out.reserve(data.size() * 2);
  for (const std::byte b : data) {
    out.push_back(hex_digits[std::to_integer<std::size_t>(b >> 4)]);
    out.push_back(hex_digits[std::to_integer<std::size_t>(b & std::byte{15})]);
  }
  return out;
}

std::string to_base64(bytes_view data) {
  return encode64(data, standard_alphabet, padding::required);
}

std::string to_base64url(bytes_view data) { return encode64(data, url_alphabet, padding::none); }

result<bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return bad_length("hex", text.size());
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return bad_character("hex", high < 0 ? i : i + 1);
    out.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return out;
}

result<bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return bad_length("base64", text.size());
  std::string_view body = text;
  for (int i = 0; i < 2 && body.ends_with('='); ++i) body.remove_suffix(1);
  return decode64(body, standard_values, "base64");
}

result<bytes> from_base64url(std::string_view text) {
  return decode64(text, url_values, "base64url");
}

}  // namespace scalekit::inline v0
