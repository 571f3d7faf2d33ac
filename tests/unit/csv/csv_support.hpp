// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_CSV_CSV_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_CSV_CSV_SUPPORT_HPP

#include <scalekit/csv/encoder.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace csv_test {

/// The bytes of one row, its line end included.
inline std::string row_text(
    const scalekit::csv::dialect& d,
    std::initializer_list<scalekit::sql::value_view> values,
    std::initializer_list<scalekit::csv::column_format> formats = {}
) {
  auto encoder = scalekit::csv::encoder::make(d).value();
  scalekit::csv::buffer out;
  encoder.row(out, {values.begin(), values.size()}, {formats.begin(), formats.size()});
  return std::string(out.view());
}

/// The bytes of one field.
inline std::string field_text(
    const scalekit::csv::dialect& d,
    scalekit::sql::value_view v,
    scalekit::csv::column_format format = {}
) {
  // A neighbour, since a row with a single empty field is a case of its own.
  std::string row = row_text(d, {v, nullptr}, {format});
  const std::size_t tail = 1 + d.null_text.size() + 1;
  return row.substr(0, row.size() - tail);
}

inline scalekit::sql::value_view decimal(std::string_view digits) {
  return scalekit::sql::value_view::decimal(digits);
}

}  // namespace csv_test

#endif
