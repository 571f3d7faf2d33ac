// SPDX-License-Identifier: BSL-1.0
#include "csv/sniffer_text.hpp"

#include <algorithm>
#include <string>

namespace scalekit::inline v0::csv::sniffing {

namespace {

/// Where the first sequence that is not UTF-8 begins; one cut off by the end is none.
std::size_t first_non_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto lead = static_cast<unsigned char>(s[i]);
    const std::size_t length = lead < 0x80                    ? 1
                               : lead >= 0xc2 && lead <= 0xdf ? 2
                               : lead >= 0xe0 && lead <= 0xef ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    if (length == 0) return i;
    for (std::size_t k = 1; k < length && i + k < s.size(); ++k) {
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return i;
    }
    i += length;
  }
  return s.size();
}

/// One character for each UTF-16 unit: only ASCII is told apart, and the rest are letters.
std::string narrowed(std::string_view s, std::size_t low_byte) {
  std::string out;
  out.reserve(s.size() / 2);
  for (std::size_t i = 0; i + 1 < s.size(); i += 2) {
    const char low = s[i + low_byte];
    const bool ascii = s[i + 1 - low_byte] == '\0' && static_cast<unsigned char>(low) < 0x80;
    out.push_back(ascii ? low : 'x');
  }
  return out;
}

/// The share of zeros among every other byte.
double zeros(std::string_view s, std::size_t from) {
  std::size_t found = 0;
  for (std::size_t i = from; i < s.size(); i += 2) found += s[i] == '\0';
  return s.size() < 2 ? 0.0 : 2.0 * static_cast<double>(found) / static_cast<double>(s.size());
}

}  // namespace

std::string decode(std::string_view sample, proposal& p) {
  using enum text_encoding;
  const auto found = [&](text_encoding encoding, double confidence, const char* why) {
    p.options.encoding = encoding;
    p.encoding = {confidence, why};
  };
  if (sample.starts_with("\xef\xbb\xbf")) {
    found(detect, 1, "a UTF-8 byte order mark");
    return std::string(sample.substr(3));
  }
  if (sample.starts_with("\xff\xfe") || sample.starts_with("\xfe\xff")) {
    found(detect, 1, "a UTF-16 byte order mark");
    return narrowed(sample.substr(2), sample.front() == '\xff' ? 0 : 1);
  }
  constexpr double most = 0.7;
  constexpr double hardly = 0.1;
  if (zeros(sample, 1) > most && zeros(sample, 0) < hardly) {
    found(utf16le, 0.9, "no byte order mark, but every second byte is zero");
    return narrowed(sample, 0);
  }
  if (zeros(sample, 0) > most && zeros(sample, 1) < hardly) {
    found(utf16be, 0.9, "no byte order mark, but every first byte of two is zero");
    return narrowed(sample, 1);
  }
  const bool ascii = std::all_of(sample.begin(), sample.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
  if (ascii) {
    found(utf8, 0.8, "all of the sample is ASCII, which UTF-8 and Latin-1 share");
  } else if (const std::size_t bad = first_non_utf8(sample); bad == sample.size()) {
    found(utf8, 0.99, "characters beyond ASCII, all of them good UTF-8");
  } else {
    found(latin1, 0.7, "");
    p.encoding.reason = "byte " + std::to_string(bad) + " of the sample is not UTF-8";
  }
  return std::string(sample);
}

bool is_junk(std::string_view text) {
  const auto controls = std::count_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  return static_cast<std::size_t>(controls) * 20 > text.size();
}

void find_line_ends(std::string_view text, proposal& p) {
  std::size_t crlf = 0;
  std::size_t lf = 0;
  std::size_t cr = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool after_cr = i != 0 && text[i - 1] == '\r';
    if (text[i] == '\n') {
      ++(after_cr ? crlf : lf);
      cr -= after_cr ? 1 : 0;
    } else if (text[i] == '\r') {
      ++cr;
    }
  }
  const std::size_t all = crlf + lf + cr;
  if (all == 0) {
    p.line_end = {0, "no line end in the sample"};
    return;
  }
  p.line_ends = all == lf     ? seen_line_ends::lf
                : all == crlf ? seen_line_ends::crlf
                : all == cr   ? seen_line_ends::cr
                              : seen_line_ends::mixed;
  if (all == cr) p.options.line_ends = csv::line_ends::any;
  const double share = static_cast<double>(std::max({crlf, lf, cr})) / static_cast<double>(all);
  p.line_end = {
      share,
      std::to_string(lf) + " LF, " + std::to_string(crlf) + " CRLF, " + std::to_string(cr) + " CR"};
}

}  // namespace scalekit::inline v0::csv::sniffing
