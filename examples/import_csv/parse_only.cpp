// SPDX-License-Identifier: BSL-1.0
#include "parse_only.hpp"

#include <scalekit/csv/reader.hpp>
#include <scalekit/csv/sniffer.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace import_csv {

using namespace scalekit;
namespace json = boost::json;

namespace {

struct sequence {
  std::size_t length = 1;
  bool valid = false;
};

/// The character of UTF-8 a text begins with, or the longest part of one that can be none: what
/// Unicode (chapter 3, table 3-7) has one U+FFFD stand for.
sequence first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i) {
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (i == 1 && lead == 0xE0) low = 0xA0;
    if (i == 1 && lead == 0xED) high = 0x9F;
    if (i == 1 && lead == 0xF0) low = 0x90;
    if (i == 1 && lead == 0xF4) high = 0x8F;
    if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false};
  }
  return {length, true};
}

bool plain(char c) { return static_cast<unsigned char>(c - 0x20) < 0x60 && c != '"' && c != '\\'; }

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else {
    const auto code = static_cast<unsigned char>(c);
    out.append("\\u00").append(1, hex[code >> 4U]).append(1, hex[code & 15U]);
  }
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t n = 0;
    while (n < text.size() && plain(text[n])) ++n;
    out.append(text.substr(0, n));
    text.remove_prefix(n);
    if (text.empty()) break;
    const sequence next = first_character(text);
    if (!next.valid) {
      out += "\xEF\xBF\xBD";
    } else if (next.length > 1) {
      out.append(text.substr(0, next.length));
    } else {
      append_escaped(out, text.front());
    }
    text.remove_prefix(next.length);
  }
  out += '"';
}

void append_record(std::string& out, const csv::record& row) {
  const bool empty_line = row.size() == 1 && row[0].empty() && !row.was_quoted(0);
  out += '[';
  for (std::size_t i = 0; i < row.size() && !empty_line; ++i) {
    if (i != 0) out += ',';
    if (row.is_null(i)) {
      out += "null";
    } else {
      append_text(out, row[i]);
    }
  }
  out += "]\n";
}

/// Everything in these rows is to be seen, so what is missing from one is an error.
result<void> check_whole(const csv::record& row) {
  for (const csv::issue& i : row.issues()) {
    if (i.code != csv::issue_code::field_too_long && i.code != csv::issue_code::record_too_long &&
        i.code != csv::issue_code::too_many_columns) {
      continue;
    }
    return error(
        errc::limit_exceeded,
        "line " + std::to_string(i.line) + ": " + std::string(to_string(i.code)) +
            "; is a quote opened and never closed?"
    );
  }
  return {};
}

csv::reader_options everything(csv::reader_options o) {
  o.header = csv::header::absent;
  o.line_ends = csv::line_ends::any;
  o.empty_lines = csv::empty_lines::keep;
  o.malformed_quotes = csv::malformed_quotes::as_excel;
  o.ragged_rows = csv::ragged_rows::keep;
  o.nul = csv::nul_policy::keep;
  o.utf8 = csv::utf8_check::none;
  o.max_field_bytes = std::size_t{1} << 30;
  o.max_record_bytes = std::size_t{1} << 30;
  o.max_columns = std::size_t{1} << 30;
  return o;
}

std::string_view to_string(csv::text_encoding e) {
  switch (e) {
    case csv::text_encoding::detect:
      return "detect";
    case csv::text_encoding::utf8:
      return "utf8";
    case csv::text_encoding::latin1:
      return "latin1";
    case csv::text_encoding::utf16le:
      return "utf16le";
    case csv::text_encoding::utf16be:
      return "utf16be";
  }
  return "unknown";
}

json::value character(std::optional<char> c) {
  if (!c) return nullptr;
  return json::string(1, *c);
}

json::value as_json(const csv::finding& f) {
  return {{"confidence", f.confidence}, {"reason", f.reason}};
}

json::object as_json(const csv::proposal& p) {
  const csv::reader_options& o = p.options;
  const std::string_view encoding = to_string(o.encoding);
  const json::object format{
      {"delimiter", character(o.delimiter)},
      {"quote", character(o.quote)},
      {"escape", character(o.escape)},
      {"comment", character(o.comment)},
      {"header", o.header == csv::header::present ? "present" : "absent"},
      {"encoding", json::string_view(encoding.data(), encoding.size())},
      {"line_ends", o.line_ends == csv::line_ends::any ? "any" : "lf"}};
  const json::object why{
      {"delimiter", as_json(p.delimiter)},
      {"quote", as_json(p.quote)},
      {"escape", as_json(p.escape)},
      {"comment", as_json(p.comment)},
      {"header", as_json(p.header)},
      {"encoding", as_json(p.encoding)},
      {"line_ends", as_json(p.line_end)}};
  return {{"format", format}, {"why", why}};
}

}  // namespace

result<void> print_json(csv::byte_source& source, csv::reader_options format, csv::fd_sink out) {
  constexpr std::size_t enough = std::size_t{256} * 1024;
  auto file = csv::reader::open(source, everything(std::move(format)));
  if (!file) return file.error();
  std::string text;
  for (;;) {
    auto more = (*file)->next();
    if (!more) return more.error();
    if (!*more) return out(text);
    if (auto whole = check_whole((*file)->row()); !whole) return whole;
    append_record(text, (*file)->row());
    if (text.size() < enough) continue;
    if (auto written = out(text); !written) return written;
    text.clear();
  }
}

result<void> print_proposal(csv::byte_source& source, csv::fd_sink out) {
  std::string sample(csv::sniffed_bytes, '\0');
  std::size_t have = 0;
  while (have < sample.size()) {
    auto n = source.read(std::span(sample).subspan(have));
    if (!n) return n.error();
    if (*n == 0) break;
    have += *n;
  }
  sample.resize(have);
  return out(json::serialize(as_json(csv::sniff(sample))) + "\n");
}

}  // namespace import_csv
