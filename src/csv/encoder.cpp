// SPDX-License-Identifier: BSL-1.0
#include "csv/digits.hpp"
#include "csv/scan.hpp"
#include "csv/text_encoder.hpp"
#include "csv/timestamp_text.hpp"

#include <scalekit/csv/encoder.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace scalekit::inline v0::csv {

namespace {

/// Every field but text, decimal and blob fits, its quotes and the delimiter included: the longest
/// are an integer scaled by 255, a timestamp pattern, and a word of 64 characters with each
/// doubled.
constexpr std::size_t fixed_room = 384;
static_assert(fixed_room >= timestamp_text::max_size + 8 && fixed_room >= 255 + max_digits + 8);

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

char* put(char* p, std::string_view s) noexcept {
  if (!s.empty()) std::memcpy(p, s.data(), s.size());
  return p + s.size();
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// `-?digits(.digits)?`
bool is_plain_decimal(std::string_view s) noexcept {
  std::size_t i = s.starts_with('-') ? 1 : 0;
  const std::size_t whole = i;
  while (i < s.size() && is_digit(s[i])) ++i;
  if (i == whole) return false;
  if (i == s.size()) return true;
  if (s[i] != '.' || i + 1 == s.size()) return false;
  for (++i; i < s.size(); ++i) {
    if (!is_digit(s[i])) return false;
  }
  return true;
}

char* put_hex(char* p, bytes_view data) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::byte b : data) {
    *p++ = digits[std::to_integer<std::size_t>(b >> 4)];
    *p++ = digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return p;
}

char* put_base64(char* p, bytes_view data) noexcept {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, data.size() - i);
    std::uint32_t triple = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      triple = triple << 8 | (k < have ? std::to_integer<std::uint32_t>(data[i + k]) : 0);
    }
    for (unsigned k = 0; k < 4; ++k) *p++ = alphabet[triple >> (18 - 6 * k) & 63U];
    for (std::size_t k = have; k < 3; ++k) p[-static_cast<std::ptrdiff_t>(3 - k)] = '=';
  }
  return p;
}

}  // namespace

struct encoder::state {
  explicit state(const csv::dialect& d);

  char* put_value(buffer& out, char* p, sql::value_view v, column_format format);
  char* put_integer(char* p, bool negative, std::uint64_t size, column_format format);
  char* put_real(char* p, double v) const noexcept;
  char* put_decimal(buffer& out, char* p, std::string_view v, show_text how) const;
  char* put_timestamp(char* p, system_time t) noexcept;
  char* put_blob(buffer& out, char* p, bytes_view v) const;
  /// Turns the delimiter before `p` into the line end; `size` is that of the row, it included.
  char* end_row(char* p, std::size_t fields, std::size_t size) const noexcept;

  csv::dialect options;
  text_encoder text;
  timestamp_text timestamps;
  // 1 where such fields stand in quotes, else 0: the quote is stored either way.
  std::size_t number_quotes;
  std::size_t fraction_quotes;
  std::size_t timestamp_quotes;
  std::size_t blob_quotes;
  std::string true_field, false_field, nan_field, infinity_field, minus_infinity_field;
  // The row that is being written field by field.
  std::size_t open_fields = 0;
  std::size_t open_size = 0;
};

encoder::state::state(const csv::dialect& d) : options(d), text(d), timestamps(d) {
  const bool all = d.quoting == quoting::all;
  const bool all_but_numbers = all || d.quoting == quoting::non_numeric;
  const bool epoch = timestamps.other_characters() == "-";
  number_quotes = all;
  fraction_quotes = all || d.decimal_separator == d.delimiter;
  timestamp_quotes =
      epoch ? all : all_but_numbers || text.any_special(timestamps.other_characters());
  blob_quotes = all_but_numbers;

  const auto word = [&](const std::string& w) {
    if (w == d.null_text) return w;
    buffer field;
    const char* const end = text.put(field, field.prepare(0), w, show_text::plain);
    return std::string(field.data(), end);
  };
  true_field = word(d.true_text);
  false_field = word(d.false_text);
  nan_field = word(d.nan_text);
  infinity_field = word(d.infinity_text);
  minus_infinity_field = d.infinity_text == d.null_text ? d.null_text : word("-" + d.infinity_text);
}

inline char* encoder::state::put_value(
    buffer& out, char* p, sql::value_view v, column_format format
) {
  switch (v.kind()) {
    case sql::value_kind::null:
      return put(p, options.null_text);
    case sql::value_kind::int64:
      return put_integer(p, v.as_int64() < 0, magnitude(v.as_int64()), format);
    case sql::value_kind::uint64:
      return put_integer(p, false, v.as_uint64(), format);
    case sql::value_kind::float64:
      return put_real(p, v.as_double());
    case sql::value_kind::decimal:
      return put_decimal(out, p, v.as_text(), format.text);
    case sql::value_kind::text:
      return text.put(out, p, v.as_text(), format.text);
    case sql::value_kind::blob:
      return put_blob(out, p, v.as_blob());
    case sql::value_kind::timestamp:
      return put_timestamp(p, v.as_timestamp());
  }
  return p;
}

inline char* encoder::state::put_integer(
    char* p, bool negative, std::uint64_t size, column_format format
) {
  std::size_t quotes = number_quotes;
  switch (format.integer) {
    case show_integer::number:
      break;
    case show_integer::boolean:
      return put(p, size != 0 ? true_field : false_field);
    case show_integer::timestamp: {
      // A uint64 above the range of int64 is no instant and stays a number.
      if (!negative && size > static_cast<std::uint64_t>(INT64_MAX)) break;
      const std::uint64_t bits = negative ? 0 - size : size;
      return put_timestamp(
          p, system_time(std::chrono::microseconds(static_cast<std::int64_t>(bits)))
      );
    }
    case show_integer::scaled:
      if (format.scale != 0) quotes = fraction_quotes;
      break;
  }
  *p = options.quote;
  p += quotes;
  *p = '-';
  p += negative;
  p = format.integer == show_integer::scaled
          ? put_scaled(p, size, format.scale, options.decimal_separator)
          : put_unsigned(p, size);
  *p = options.quote;
  return p + quotes;
}

char* encoder::state::put_real(char* p, double v) const noexcept {
  if (std::isnan(v)) return put(p, nan_field);
  if (std::isinf(v)) return put(p, v < 0 ? minus_infinity_field : infinity_field);
  const double size = std::abs(v);
  const bool fixed = size == 0 || (size >= 1e-5 && size < 1e16);
  std::array<char, 32> digits;
  const auto written = std::to_chars(
      digits.data(),
      digits.data() + digits.size(),
      v,
      fixed ? std::chars_format::fixed : std::chars_format::scientific
  );
  const auto n = static_cast<std::size_t>(written.ptr - digits.data());
  auto* const point = static_cast<char*>(std::memchr(digits.data(), '.', n));
  std::size_t quotes = number_quotes;
  if (point != nullptr) {
    *point = options.decimal_separator;
    quotes = fraction_quotes;
  }
  *p = options.quote;
  p = put(p + quotes, {digits.data(), n});
  *p = options.quote;
  return p + quotes;
}

char* encoder::state::put_decimal(buffer& out, char* p, std::string_view v, show_text how) const {
  if (!is_plain_decimal(v)) return text.put(out, p, v, how);
  p = out.prepare_at(p, v.size() + fixed_room);
  const std::size_t point = v.find('.');
  const std::size_t quotes = point == std::string_view::npos ? number_quotes : fraction_quotes;
  *p = options.quote;
  p += quotes;
  char* const end = put(p, v);
  if (point != std::string_view::npos) p[point] = options.decimal_separator;
  *end = options.quote;
  return end + quotes;
}

inline char* encoder::state::put_timestamp(char* p, system_time t) noexcept {
  *p = options.quote;
  p = timestamps.put(p + timestamp_quotes, t);
  *p = options.quote;
  return p + timestamp_quotes;
}

char* encoder::state::put_blob(buffer& out, char* p, bytes_view v) const {
  if (v.empty()) return put(p, text.empty_field());
  p = out.prepare_at(p, 2 * v.size() + fixed_room);
  *p = options.quote;
  char* const start = p + blob_quotes;
  char* const end =
      options.blob_encoding == blob_encoding::hex ? put_hex(start, v) : put_base64(start, v);
  // Three bytes are "NULL" in base64.
  if (blob_quotes == 0 && std::string_view(start, end) == options.null_text) {
    return text.put(out, p, options.null_text, show_text::plain);
  }
  *end = options.quote;
  return end + blob_quotes;
}

inline char* encoder::state::end_row(char* p, std::size_t fields, std::size_t size) const noexcept {
  if (fields != 0) --p;
  if (fields == 1 && size == 1 && options.quoting != quoting::never) {
    *p++ = options.quote;
    *p++ = options.quote;
  }
  if (options.line_ending == line_ending::crlf) *p++ = '\r';
  *p++ = '\n';
  return p;
}

result<encoder> encoder::make(const csv::dialect& options) {
  if (auto r = check(options); !r) return std::move(r).error();
  return encoder(std::make_unique<state>(options));
}

encoder::encoder(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
encoder::encoder(encoder&& other) noexcept = default;
encoder& encoder::operator=(encoder&& other) noexcept = default;
encoder::~encoder() = default;

const csv::dialect& encoder::dialect() const noexcept { return state_->options; }

template <class Name>
void encoder::put_header(buffer& out, std::span<const Name> names) {
  if (state_->options.byte_order_mark == byte_order_mark::utf8) out.append(utf8_mark);
  if (names.empty()) return;
  for (const std::string_view name : names) text(out, name);
  end_row(out);
}

void encoder::header(buffer& out, std::span<const std::string> names) { put_header(out, names); }
void encoder::header(buffer& out, std::span<const std::string_view> names) {
  put_header(out, names);
}

void encoder::row(
    buffer& out, std::span<const sql::value_view> values, std::span<const column_format> formats
) {
  state& s = *state_;
  const std::size_t start = out.size();
  char* p = out.prepare(fixed_room);
  const bool simple = s.text.is_simple();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const sql::value_view v = values[i];
    const column_format format = i < formats.size() ? formats[i] : column_format{};
    const std::size_t n = v.as_text().size();
    // Most fields of most files: worth a tenth of the whole export.
    if (simple && v.kind() == sql::value_kind::text && n - 1 < text_encoder::longest_simple &&
        format.text != show_text::trusted) {
      p = s.text.put_simple(out.prepare_at(p, 2 * n + fixed_room), v.as_text());
    } else {
      p = s.put_value(out, out.prepare_at(p, fixed_room), v, format);
    }
    *p++ = s.options.delimiter;
  }
  const auto size = static_cast<std::size_t>(p - out.data()) - start;
  out.commit_to(s.end_row(p, values.size(), size));
}

void encoder::value(buffer& out, sql::value_view v, column_format format) {
  const std::size_t start = out.size();
  char* p = state_->put_value(out, out.prepare(fixed_room), v, format);
  *p++ = state_->options.delimiter;
  out.commit_to(p);
  ++state_->open_fields;
  state_->open_size += out.size() - start;
}

void encoder::end_row(buffer& out) {
  const std::size_t fields = std::exchange(state_->open_fields, 0);
  const std::size_t size = std::exchange(state_->open_size, 0);
  out.commit_to(state_->end_row(out.prepare(fixed_room), fields, size));
}

}  // namespace scalekit::inline v0::csv
