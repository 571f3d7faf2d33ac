// SPDX-License-Identifier: BSL-1.0
#include "bulk/json_text.hpp"

#include "csv/utf8.hpp"

#include <cstddef>

namespace scalekit::inline v0::bulk {

namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      out.push_back('\\');
      out.push_back(c);
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out.push_back(hex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(hex[static_cast<unsigned char>(c) & 0xFU]);
  }
}

}  // namespace

void append_utf8(std::string& out, std::string_view text) {
  for (;;) {
    const std::size_t bad = csv::utf8::find_ill_formed(text);
    out.append(text.substr(0, bad));
    if (bad == std::string_view::npos) return;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(bad + 1);
  }
}

void append_json(std::string& out, std::string_view text) {
  std::string valid;
  append_utf8(valid, text);
  out.push_back('"');
  for (const char c : valid) {
    // DEL need not be escaped, but terminals are grateful.
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7F' || c == '"' || c == '\\') {
      append_escaped(out, c);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace scalekit::inline v0::bulk
