// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/reader_options.hpp>

#include <array>
#include <string_view>

namespace scalekit::inline v0::csv {

namespace {

constexpr std::size_t gibibyte = std::size_t{1} << 30;

error bad(std::string_view option, std::string_view why) {
  return {
      errc::invalid_argument,
      std::string("csv reader options: ").append(option).append(": ").append(why)};
}

struct special {
  std::string_view option;
  std::optional<char> character;
};

result<void> check_character(const special& s) {
  const char c = *s.character;
  if (c == '\0') return bad(s.option, "is NUL; choose a printable character or a tab");
  if (c == '\n' || c == '\r') return bad(s.option, "is a line end, which ends records");
  if (static_cast<unsigned char>(c) >= 0x80) {
    return bad(s.option, "must be one ASCII character; this is a part of a UTF-8 sequence");
  }
  return {};
}

result<void> check_characters(const reader_options& o) {
  const std::array<special, 4> all{
      special{"delimiter", o.delimiter},
      special{"quote", o.quote},
      special{"escape", o.escape},
      special{"comment", o.comment}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].character) continue;
    if (auto r = check_character(all[i]); !r) return r;
    for (std::size_t k = 0; k < i; ++k) {
      if (all[k].character != all[i].character) continue;
      std::string why = "is the same as " + std::string(all[k].option);
      if (all[i].option == "escape" && all[k].option == "quote") {
        why += "; leave escape out: a doubled quote is understood without it";
      }
      return bad(all[i].option, why);
    }
  }
  const bool blank_quote = o.quote == ' ' || o.quote == '\t';
  if (o.trim == trim::blanks && blank_quote) return bad("trim", "would trim the quotes away");
  return {};
}

result<void> check_sizes(const reader_options& o) {
  if (o.max_field_bytes == 0) return bad("max_field_bytes", "is 0; no text could be read");
  if (o.max_record_bytes == 0 || o.max_record_bytes > gibibyte) {
    return bad("max_record_bytes", "must be from 1 byte to 1 GiB");
  }
  if (o.max_columns == 0 || o.max_columns > gibibyte) {
    return bad("max_columns", "must be from 1 to 2^30");
  }
  if (o.buffer_bytes < 64 || o.buffer_bytes > gibibyte) {
    return bad("buffer_bytes", "must be from 64 bytes to 1 GiB");
  }
  return {};
}

}  // namespace

result<void> check(const reader_options& o) {
  if (auto r = check_characters(o); !r) return r;
  return check_sizes(o);
}

}  // namespace scalekit::inline v0::csv
