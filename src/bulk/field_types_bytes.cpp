// SPDX-License-Identifier: BSL-1.0
#include "bulk/ascii.hpp"
#include "bulk/field_types.hpp"

#include <array>

namespace scalekit::inline v0::bulk {

namespace {

constexpr std::array<std::int8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr auto base64_values =
    values_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

constexpr std::array<std::int8_t, 256> make_hex_values() {
  auto table = values_of("0123456789abcdef");
  for (std::size_t i = 0; i < 6; ++i) table['A' + i] = static_cast<std::int8_t>(10 + i);
  return table;
}
constexpr auto hex_values = make_hex_values();

int value_in(const std::array<std::int8_t, 256>& table, char c) noexcept {
  return table[static_cast<unsigned char>(c)];
}

class uuid_reader final : public field_reader {
 public:
  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const override {
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') {
      text = text.substr(1, 36);
    }
    const bool dashes = text.size() == 36;
    if (!dashes && text.size() != 32) return flaw::shape;
    memory.resize(36);
    std::size_t from = 0;
    for (std::size_t i = 0; i < 36; ++i) {
      if (i == 8 || i == 13 || i == 18 || i == 23) {
        memory[i] = '-';
        if (dashes && text[from++] != '-') return flaw::shape;
        continue;
      }
      const char c = text[from++];
      if (value_in(hex_values, c) < 0) return flaw::shape;
      memory[i] = to_lower(c);
    }
    out = std::string_view(memory);
    return flaw::none;
  }

  explanation explain(flaw, std::string_view text) const override {
    return {quoted(text) + " is not a UUID", "write it like 123e4567-e89b-12d3-a456-426614174000"};
  }
};

class blob_reader final : public field_reader {
 public:
  explicit blob_reader(const blob_limits& limits) : limits_(limits) {}

  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const override {
    memory.clear();
    const bool decoded =
        limits_.text == blob_text::hex ? decode_hex(text, memory) : decode_base64(text, memory);
    if (!decoded) return flaw::shape;
    if (limits_.max_bytes != 0 && memory.size() > limits_.max_bytes) return flaw::too_long;
    out = as_bytes(memory);
    return flaw::none;
  }

  explanation explain(flaw f, std::string_view text) const override {
    if (f == flaw::too_long) {
      return {"has more than " + std::to_string(limits_.max_bytes) + " bytes"};
    }
    return {
        quoted(text) + (limits_.text == blob_text::hex ? " is not a hexadecimal text of whole bytes"
                                                       : " is not a base64 text with its padding")};
  }

 private:
  static bool decode_hex(std::string_view text, std::string& out) {
    if (text.starts_with("\\x") || text.starts_with("0x")) text.remove_prefix(2);
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      const int high = value_in(hex_values, text[i]);
      const int low = value_in(hex_values, text[i + 1]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high << 4 | low));
    }
    return true;
  }

  /// Strict as \ref from_base64, into memory that is there already.
  static bool decode_base64(std::string_view text, std::string& out) {
    if (text.size() % 4 != 0) return false;
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
      text.remove_suffix(1);
      ++padding;
    }
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text) {
      const int value = value_in(base64_values, c);
      if (value < 0) return false;
      bits = bits << 6 | static_cast<unsigned>(value);
      held += 6;
      if (held >= 8) {
        held -= 8;
        out.push_back(static_cast<char>(bits >> held & 0xFFU));
      }
    }
    return (bits & ((1U << held) - 1)) == 0;
  }

  blob_limits limits_;
};

}  // namespace

field_reader_ptr make_uuid_reader() { return std::make_unique<uuid_reader>(); }

field_reader_ptr make_blob_reader(const blob_limits& limits) {
  return std::make_unique<blob_reader>(limits);
}

}  // namespace scalekit::inline v0::bulk
