// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_CSV_SPLITTER_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_CSV_SPLITTER_SUPPORT_HPP

#include <scalekit/csv/splitter.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csv_test {

using scalekit::csv::position;

struct read_record {
  position begin;
  std::vector<std::string> fields;
  std::size_t issues = 0;

  friend bool operator==(const read_record&, const read_record&) = default;
};

struct whole_file {
  std::vector<std::string> header;
  std::vector<read_record> records;
  position end;
  bool regular = true;
};

inline bool is_irregular(const scalekit::csv::record& r) {
  using enum scalekit::csv::issue_code;
  return std::any_of(r.issues().begin(), r.issues().end(), [](const auto& i) {
    return i.code == stray_quote || i.code == unterminated_quote || i.code == bare_carriage_return;
  });
}

/// All records before number `limit`, as the reader gives them.
inline void read_on(scalekit::csv::reader& in, std::uint64_t limit, whole_file& into) {
  while (in.position().record < limit && in.next().value()) {
    const scalekit::csv::record& r = in.row();
    into.regular = into.regular && !is_irregular(r);
    into.records.push_back({r.begin(), {r.fields().begin(), r.fields().end()}, r.issues().size()});
  }
  into.end = in.position();
}

inline whole_file read_whole(
    scalekit::csv::input_file& file, const scalekit::csv::reader_options& how
) {
  const auto source = file.open(0).value();
  const auto in = scalekit::csv::reader::open(*source, how).value();
  whole_file all;
  all.header.assign(in->header().begin(), in->header().end());
  read_on(*in, UINT64_MAX, all);
  return all;
}

/// The records that the pieces of a plan have, read piece by piece.
inline std::vector<read_record> read_pieces(
    scalekit::csv::input_file& file,
    scalekit::csv::reader_options how,
    const scalekit::csv::split_plan& plan
) {
  how.encoding = plan.encoding;
  whole_file all;
  for (std::size_t i = 0; i < plan.points.size(); ++i) {
    const bool last = i + 1 == plan.points.size();
    const auto source = file.open(plan.points[i].offset).value();
    const auto in =
        scalekit::csv::reader::open_at(*source, plan.points[i], plan.columns, how).value();
    read_on(*in, last ? plan.end.record : plan.points[i + 1].record, all);
  }
  return all.records;
}

/// Where pieces should begin, by going through all records.
inline std::vector<position> expected_points(
    const whole_file& all, const scalekit::csv::split_options& options
) {
  std::vector<position> points;
  for (const read_record& r : all.records) {
    const bool by_records = options.every_records != 0 && !points.empty() &&
                            r.begin.record - points.back().record >= options.every_records;
    const bool by_bytes = options.every_bytes != 0 && !points.empty() &&
                          r.begin.offset - points.back().offset >= options.every_bytes;
    if (points.empty() || by_records || by_bytes) points.push_back(r.begin);
  }
  return points;
}

/// Everything a plan says, against what the reader says.
inline scalekit::csv::split_plan check_split(
    scalekit::csv::input_file& file,
    const scalekit::csv::reader_options& how,
    const scalekit::csv::split_options& options
) {
  const whole_file all = read_whole(file, how);
  auto plan = scalekit::csv::split(file, how, options).value();
  CHECK(plan.points == expected_points(all, options));
  CHECK(plan.end == all.end);
  CHECK(plan.header == all.header);
  CHECK(plan.records == all.records.size());
  scalekit::csv::reader_options strict = how;
  strict.malformed_quotes = scalekit::csv::malformed_quotes::report;
  CHECK(plan.regular == read_whole(file, strict).regular);
  CHECK(plan.content_hash == scalekit::csv::content_hash(file).value());
  CHECK(read_pieces(file, how, plan) == all.records);
  return plan;
}

/// Text of these characters, each as likely as often as it stands there.
inline std::string random_text(std::mt19937& random, std::size_t size, std::string_view alphabet) {
  std::string text(size, ' ');
  for (char& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

/// A file in which quotes stand as RFC 4180 has them.
inline std::string random_rfc(std::mt19937& random, std::size_t size) {
  const std::string_view line_end = random() % 2 == 0 ? "\n" : "\r\n";
  std::string text;
  while (text.size() < size) {
    const std::size_t fields = 1 + random() % 4;
    for (std::size_t i = 0; i < fields; ++i) {
      if (i != 0) text += ',';
      if (random() % 3 != 0) {
        text += random_text(random, random() % 9, "ab 1");
        continue;
      }
      text += '"';
      for (std::size_t n = random() % 12; n != 0; --n) {
        constexpr std::string_view inside = "ab,\n\"";
        const char c = inside[random() % inside.size()];
        text.append(c == '"' ? "\"\"" : std::string(1, c));
      }
      text += '"';
    }
    text += line_end;
    if (random() % 10 == 0) text += line_end;
  }
  if (random() % 3 == 0) text.pop_back();
  // Half a CR LF would not be of the RFC.
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace csv_test

#endif
