// SPDX-License-Identifier: BSL-1.0
// Writes the seed inputs that are binary, from the code that defines their format, so that they
// cannot fall behind it: make_corpus <folder>. Seeds that are text lie in corpus/.

#include "../unit/keyset_codec/samples.hpp"
#include "cursor_binding.hpp"

#include <scalekit/encoding.hpp>
#include <scalekit/keyset/plain_codec.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using namespace scalekit;
namespace fs = std::filesystem;

bool write(const fs::path& file, std::string_view content) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  return out.flush().good();
}

bool write_cursors(const fs::path& folder) {
  int n = 0;
  for (const auto& at : samples::edges()) {
    const auto token = keyset::plain_codec().encode(at, fuzz::binding());
    const auto raw = from_base64url(token.value_or(""));
    if (!raw || raw->size() < fuzz::plain_tail_size) return false;
    const std::string_view payload = as_text(*raw).substr(0, raw->size() - fuzz::plain_tail_size);
    const std::string name = std::to_string(n++);
    if (!write(folder / "plain_cursor" / ("token_" + name), *token) ||
        !write(folder / "plain_cursor" / ("payload_" + name), payload) ||
        !write(folder / "sealed_cursor" / ("payload_" + name), payload)) {
      return false;
    }
  }
  return true;
}

/// Eight bytes of options, as csv_reader.cpp reads them, before a file.
bool write_csv_files(const fs::path& folder) {
  using namespace std::string_view_literals;
  constexpr auto defaults = "\0\0\0\0\0\0\0\x40"sv;
  constexpr auto lenient = "\xEC\x02\0\0\0\0\0\x03"sv;  // escape, comment, trim, nulls, CR
  constexpr auto limited = "\x10\x01\0\x01\x09\x30\x03\x01"sv;
  constexpr auto utf16 = "\x10\0\x03\0\0\0\0\x05"sv;
  constexpr auto rfc = "id,name\r\n1,\"a \"\"b\"\"\nc\"\r\n2,caf\xC3\xA9\n\n3,\"\"\n4,x"sv;
  constexpr auto odd = "#c\na\"b,\"x\"y, \"z\" \r\\,N,\"\\\"\n\xFF,\0\r\n\"open\n"sv;
  std::string wide;
  for (const char c : rfc) wide.append(1, c).append(1, '\0');
  const struct {
    const char* name;
    std::string_view options;
    std::string_view file;
  } seeds[] = {
      {"rfc", defaults, rfc},
      {"odd", defaults, odd},
      {"odd_lenient", lenient, odd},
      {"rfc_lenient", lenient, rfc},
      {"rfc_limited", limited, rfc},
      {"odd_limited", limited, odd},
      {"rfc_utf16", utf16, wide},
  };
  for (const auto& s : seeds) {
    if (!write(folder / "csv_reader" / s.name, std::string(s.options).append(s.file))) return false;
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s <folder>\n", arguments[0]);
    return 2;
  }
  if (write_cursors(arguments[1]) && write_csv_files(arguments[1])) return 0;
  std::fprintf(stderr, "%s: could not write all seeds to %s\n", arguments[0], arguments[1]);
  return 1;
}
