// SPDX-License-Identifier: BSL-1.0
// The first eight bytes are options, the rest is a file. Read in small pieces it gives what it
// gives when read at once; places only grow, and the records and what is skipped between them are
// the whole file.
#include "fuzz.hpp"

#include <scalekit/csv/reader.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace scalekit;

namespace {

constexpr std::size_t option_bytes = 8;

class pieces_source final : public csv::byte_source {
 public:
  pieces_source(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  result<std::size_t> read(std::span<char> into) override {
    return text_.read(into.first(std::min(into.size(), piece_)));
  }

 private:
  csv::memory_source text_;
  std::size_t piece_;
};

csv::reader_options options_of(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto bit = [&](std::size_t i, int n) { return (byte(i) >> n & 1) != 0; };
  csv::reader_options o;
  o.delimiter = bit(0, 0) ? ';' : ',';
  if (bit(0, 1)) o.quote.reset();
  if (bit(0, 2)) o.escape = '\\';
  if (bit(0, 3)) o.comment = '#';
  o.header = bit(0, 4) ? csv::header::absent : csv::header::present;
  o.trim = bit(0, 5) ? csv::trim::blanks : csv::trim::none;
  if (bit(0, 6)) o.null_texts = {"", "N"};
  o.line_ends = bit(0, 7) ? csv::line_ends::any : csv::line_ends::lf;
  o.empty_lines = bit(1, 0) ? csv::empty_lines::keep : csv::empty_lines::skip;
  o.malformed_quotes = bit(1, 1) ? csv::malformed_quotes::as_excel : csv::malformed_quotes::report;
  o.nul = bit(1, 2) ? csv::nul_policy::keep : csv::nul_policy::report;
  o.utf8 = bit(1, 3) ? csv::utf8_check::none : csv::utf8_check::report;
  o.ragged_rows = static_cast<csv::ragged_rows>((byte(1) >> 4) % 3);
  o.encoding = static_cast<csv::text_encoding>(byte(2) % 5);
  o.skip_lines = byte(3) % 4;
  if (byte(4) != 0) o.max_field_bytes = byte(4);
  if (byte(5) != 0) o.max_record_bytes = byte(5);
  if (byte(6) != 0) o.max_columns = byte(6);
  return o;
}

struct seen {
  std::vector<csv::position> begins;
  std::vector<std::uint64_t> bytes;
  std::vector<csv::issue> issues;
  std::string fields;
  csv::position end;
};

bool is_before(const csv::position& a, const csv::position& b) {
  return a.offset < b.offset && a.line <= b.line && a.record < b.record;
}

void look_at(const csv::record& row, seen& all) {
  all.begins.push_back(row.begin());
  all.bytes.push_back(row.bytes());
  all.issues.insert(all.issues.end(), row.issues().begin(), row.issues().end());
  const std::uint64_t end = row.begin().offset + row.bytes();
  std::uint64_t last = row.begin().offset;
  for (std::size_t i = 0; i < row.size(); ++i) {
    all.fields.append(row[i]).append(
        row.is_null(i)      ? "\x01n"
        : row.was_quoted(i) ? "\x01q"
                            : "\x01"
    );
    const auto at = row.field_position(i);
    fuzz::require(last <= at.offset && at.offset <= end, "fields lie in their record, in order");
    last = at.offset;
  }
  for (const auto& i : row.issues()) {
    fuzz::require(row.begin().offset <= i.offset && i.offset <= end, "so do issues");
  }
}

seen read_all(csv::reader& in) {
  seen all;
  csv::position last = in.position();
  for (;;) {
    const auto more = in.next();
    fuzz::require(more.has_value(), "memory does not fail");
    if (!*more) break;
    const csv::record& row = in.row();
    fuzz::require(last.offset <= row.begin().offset, "records follow each other");
    fuzz::require(is_before(row.begin(), in.position()), "places grow");
    fuzz::require(
        row.begin().offset + row.bytes() == in.position().offset, "a record ends where it ends"
    );
    last = in.position();
    look_at(row, all);
  }
  all.end = in.position();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  if (size < option_bytes) return 0;
  csv::reader_options o = options_of(input);
  const std::string_view text = input.substr(option_bytes);

  csv::memory_source whole(text);
  auto in = csv::reader::open(whole, o);
  o.buffer_bytes = 64;
  pieces_source pieces(text, 1 + data[option_bytes - 1] % 100);
  auto again = csv::reader::open(pieces, o);
  fuzz::require(in.has_value() == again.has_value(), "both open");
  if (!in) return 0;
  const auto header = (*in)->header();
  const auto encoding = (*in)->encoding();
  const std::size_t columns = header.size();
  fuzz::require(std::ranges::equal(header, (*again)->header()), "the same header");
  const seen at_once = read_all(**in);
  const seen in_pieces = read_all(**again);
  fuzz::require(at_once.begins == in_pieces.begins, "the same places");
  fuzz::require(at_once.bytes == in_pieces.bytes, "the same sizes");
  fuzz::require(at_once.fields == in_pieces.fields, "the same fields");
  fuzz::require(at_once.issues == in_pieces.issues, "the same issues");
  fuzz::require(at_once.end == in_pieces.end, "the same end");
  fuzz::require(at_once.end.offset == text.size(), "all has been read");

  if (at_once.begins.empty() || columns == 0) return 0;
  const std::size_t k = data[0] % at_once.begins.size();
  o.encoding = encoding;
  csv::memory_source rest(text.substr(at_once.begins[k].offset));
  const auto later = csv::reader::open_at(rest, at_once.begins[k], columns, o);
  const seen from_there = read_all(**later);
  fuzz::require(at_once.fields.ends_with(from_there.fields), "the same fields from there");
  fuzz::require(at_once.end == from_there.end, "the same end from there");
  return 0;
}
