// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_KEYSET_MODEL_HPP
#define SCALEKIT_TESTS_KEYSET_MODEL_HPP

/// \file
/// A second opinion on order, for every database: rows kept in C++ and sorted by a comparator that
/// shares nothing with the library.

#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/scan.hpp>
#include <scalekit/keyset/source.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keyset_test {

namespace keyset = scalekit::keyset;
namespace sql = scalekit::sql;

/// One row of the model: three small nullable columns and the identifier.
struct model_row {
  std::optional<std::int64_t> c[3];
  std::int64_t id = 0;
};

/// One column of the model's order; column 3 is the identifier.
struct model_column {
  int column = 0;
  bool descending = false;
  bool nulls_last = false;
};

inline std::optional<std::int64_t> field(const model_row& r, int column) {
  return column == 3 ? std::optional(r.id) : r.c[column];
}

inline bool model_less(
    const model_row& a, const model_row& b, const std::vector<model_column>& by
) {
  for (const model_column& m : by) {
    const auto x = field(a, m.column);
    const auto y = field(b, m.column);
    if (x == y) continue;
    if (!x) return !m.nulls_last;
    if (!y) return m.nulls_last;
    return m.descending ? *x > *y : *x < *y;
  }
  return false;
}

inline std::vector<std::int64_t> sorted_ids(
    std::vector<model_row> rows, const std::vector<model_column>& by
) {
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return model_less(a, b, by);
  });
  std::vector<std::int64_t> out;
  for (const model_row& r : rows) out.push_back(r.id);
  return out;
}

inline const char* column_name(int column) {
  static constexpr const char* names[] = {"a", "b", "c", "id"};
  return names[column];
}

/// The library's order for the model's; the identifier is left to be appended.
inline keyset::order to_order(
    const std::vector<model_column>& by,
    keyset::key_storage storage = keyset::key_storage::sqlite_rowid
) {
  std::vector<keyset::order_column> columns;
  for (const model_column& m : by) {
    keyset::order_column c{.name = column_name(m.column)};
    if (m.descending) c.direction = keyset::direction::descending;
    c.nulls = m.nulls_last ? keyset::nulls::last : keyset::nulls::first;
    columns.push_back(c);
  }
  auto out = keyset::order::make(columns, {.columns = {"id"}, .storage = storage});
  REQUIRE(out);
  return *out;
}

inline std::vector<sql::value> key_of(const model_row& r, const std::vector<model_column>& by) {
  std::vector<sql::value> out;
  for (const model_column& m : by) out.emplace_back(sql::value_view(field(r, m.column)));
  return out;
}

/// All of 1-3 columns out of three, each in both directions and placements, then the identifier in
/// the direction of the last: 2 * (4 + 16 + 64) = 168 orders.
inline std::vector<std::vector<model_column>> every_order() {
  std::vector<std::vector<model_column>> out;
  const std::vector<std::vector<int>> shapes{{0}, {1}, {0, 1}, {1, 0}, {0, 1, 2}, {2, 0, 1}};
  for (const std::vector<int>& shape : shapes) {
    const int variants = 1 << (2 * shape.size());
    for (int v = 0; v < variants; ++v) {
      std::vector<model_column> by;
      for (std::size_t i = 0; i < shape.size(); ++i) {
        const int bits = v >> (2 * i);
        by.push_back({shape[i], (bits & 1) != 0, (bits & 2) != 0});
      }
      by.push_back({3, by.back().descending, false});
      out.push_back(std::move(by));
    }
  }
  return out;
}

/// Rows with few distinct values and many NULLs, so that ties and NULL blocks meet.
inline std::vector<model_row> tangled_rows() {
  std::vector<model_row> out;
  for (std::int64_t id = 1; id <= 36; ++id) {
    model_row r;
    r.id = id * 3;
    const auto v = [&](std::int64_t n) {
      return n == 0 ? std::optional<std::int64_t>() : std::optional(n);
    };
    r.c[0] = v(id % 3);
    r.c[1] = v(id / 3 % 3);
    r.c[2] = v(id * 7 % 4);
    out.push_back(r);
  }
  return out;
}

/// Reads a scan to its end; the first selected column is the identifier.
inline std::vector<std::int64_t> ids_of(keyset::scan& scan) {
  std::vector<std::int64_t> out;
  for (;;) {
    auto more = scan.next();
    REQUIRE_MESSAGE(more, (more ? std::string() : more.error().describe()));
    if (!*more) return out;
    out.push_back(scan.row()[0].as_int64());
    REQUIRE(out.size() < 1'000'000);  // a scan that goes round for ever
  }
}

}  // namespace keyset_test

#endif
