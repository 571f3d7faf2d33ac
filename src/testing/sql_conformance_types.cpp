// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/timestamp.hpp>

#include <cstdint>
#include <limits>

namespace scalekit::inline v0::testing {

namespace {

using sql::value_kind;
using sql::value_view;

// A table (id, v) with one column of the given type, and what goes in must come out of it.
class round_trip {
 public:
  [[nodiscard]] static result<round_trip> make(
      sql_fixture& fixture, std::string sql_type_names::*type
  ) {
    auto db = fixture.connect();
    if (!db) return db.error();
    const auto names = fixture.type_names((*db)->dialect());
    auto table =
        scratch_table::make(**db, "types", "id " + names.int64 + " PRIMARY KEY, v " + names.*type);
    if (!table) return table.error();
    return round_trip(*std::move(db), *std::move(table));
  }

  [[nodiscard]] result<sql::value> operator()(value_view in) {
    const std::int64_t id = ++next_id_;
    auto done = db_->execute(table_->insert(2), {id, in});
    if (!done) return done.error();
    auto rows = all_rows(*db_, table_->sql("SELECT v FROM", "WHERE id = ?"), {id});
    if (!rows) return rows.error();
    if (rows->size() != 1) return error(errc::internal, "the row is not there");
    return rows->front().at(0);
  }

 private:
  round_trip(connection_ptr db, std::unique_ptr<scratch_table> table)
      : db_(std::move(db)), table_(std::move(table)) {}
  connection_ptr db_;
  std::unique_ptr<scratch_table> table_;
  std::int64_t next_id_ = 0;
};

conformance_outcome integers(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::int64));
  for (const std::int64_t n :
       {INT64_MIN,
        INT64_MIN + 1,
        std::int64_t{-1},
        std::int64_t{0},
        std::int64_t{1},
        (std::int64_t{1} << 53) + 1,
        INT64_MAX}) {
    SCALEKIT_TRY(out, trip(n));
    SCALEKIT_EXPECT(out == sql::value(n));
  }
  SCALEKIT_TRY(yes, trip(true));
  SCALEKIT_EXPECT(yes == sql::value(1));
  return {};
}

// Exactly, or not at all.
conformance_outcome unsigned_integers(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::decimal));
  for (const std::uint64_t n : {std::uint64_t{INT64_MAX} + 1, UINT64_MAX}) {
    auto out = trip(n);
    if (!out) {
      SCALEKIT_EXPECT_ERROR(errc::invalid_argument, out);
      continue;
    }
    const std::string text(out->view().as_text());
    SCALEKIT_EXPECT(
        out->view().as_uint64() == n || text.substr(0, text.find('.')) == std::to_string(n)
    );
  }
  return {};
}

conformance_outcome doubles(sql_fixture& fixture) {
  using limits = std::numeric_limits<double>;
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::float64));
  for (const double n :
       {0.1,
        -0.1,
        1.0 / 3,
        1e21,
        limits::max(),
        limits::lowest(),
        limits::min(),
        limits::epsilon()}) {
    SCALEKIT_TRY(out, trip(n));
    SCALEKIT_EXPECT(out == sql::value(n));
  }
  for (const double n :
       {limits::denorm_min(), limits::infinity(), -limits::infinity(), limits::quiet_NaN()}) {
    auto out = trip(n);
    if (out) {
      SCALEKIT_EXPECT(*out == sql::value(n));
    } else {
      SCALEKIT_EXPECT_ERROR(errc::invalid_argument, out);
    }
  }
  return {};
}

conformance_outcome texts(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::text));
  const std::string all_planes = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x92\xB0\xF4\x8F\xBF\xBF";
  for (const std::string& text :
       {std::string(),
        std::string("plain"),
        std::string("quote ' \" ` \\ ; -- /* ?1 $1"),
        std::string("\r\n\t"),
        std::string("  blanks  "),
        all_planes,
        std::string("NULL")}) {
    SCALEKIT_TRY(out, trip(text));
    SCALEKIT_EXPECT(out == sql::value(text));
  }
  return {};
}

// Whole, or refused: a text cut at the NUL is the one thing that must not happen.
conformance_outcome text_with_nul(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::text));
  for (const std::string& text :
       {std::string("a\0b", 3), std::string("\0", 1), std::string("tail\0", 5)}) {
    auto out = trip(text);
    if (out) {
      SCALEKIT_EXPECT(*out == sql::value(text));
    } else {
      SCALEKIT_EXPECT_ERROR(errc::invalid_argument, out);
    }
  }
  return {};
}

conformance_outcome blobs(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::blob));
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  for (const std::string& data : {std::string(), std::string("\0", 1), every_byte}) {
    SCALEKIT_TRY(out, trip(as_bytes(data)));
    SCALEKIT_EXPECT(out.kind() == value_kind::blob);
    SCALEKIT_EXPECT(out.view().as_text() == data);
  }
  return {};
}

conformance_outcome large_values(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::blob));
  for (const std::size_t megabytes : {1U, 16U}) {
    std::string data(megabytes << 20U, '\0');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + (i >> 11U));
    SCALEKIT_TRY(out, trip(as_bytes(data)));
    SCALEKIT_EXPECT(out.view().as_text() == data);
  }
  return {};
}

conformance_outcome decimals(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::decimal));
  for (const std::string_view text :
       {"9999999999999999999999999999.9999999999",
        "-9999999999999999999999999999.9999999999",
        "1234567890123456789012345678.0000000001",
        "0.0000000001",
        "0.1000000000"}) {
    SCALEKIT_TRY(out, trip(value_view::decimal(text)));
    SCALEKIT_EXPECT(out.kind() == value_kind::decimal || out.kind() == value_kind::text);
    SCALEKIT_EXPECT(out.view().as_text() == text);
  }
  return {};
}

conformance_outcome timestamps(sql_fixture& fixture) {
  SCALEKIT_TRY(trip, round_trip::make(fixture, &sql_type_names::timestamp));
  for (const std::string_view text :
       {"1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "2024-02-29T23:59:59.000001Z",
        "2023-12-31T23:59:59.999999Z",
        "2024-01-01T00:00:00Z",
        "1000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z"}) {
    SCALEKIT_TRY(in, parse_rfc3339(text));
    SCALEKIT_TRY(out, trip(in));
    SCALEKIT_EXPECT(out.kind() == value_kind::timestamp || out.kind() == value_kind::int64);
    SCALEKIT_EXPECT(out.view().as_timestamp() == in);
  }
  return {};
}

conformance_outcome nulls(sql_fixture& fixture) {
  for (const auto type :
       {&sql_type_names::int64,
        &sql_type_names::float64,
        &sql_type_names::text,
        &sql_type_names::blob,
        &sql_type_names::decimal,
        &sql_type_names::timestamp}) {
    SCALEKIT_TRY(trip, round_trip::make(fixture, type));
    SCALEKIT_TRY(out, trip(nullptr));
    SCALEKIT_EXPECT(out.is_null());
  }
  return {};
}

constexpr sql_conformance_case cases[] = {
    {"types/int64 to both ends", integers},
    {"types/uint64 exactly or refused", unsigned_integers},
    {"types/doubles bit by bit", doubles},
    {"types/text of every plane", texts},
    {"types/text with NUL whole or refused", text_with_nul},
    {"types/blob of every byte", blobs},
    {"types/blobs of 1 and 16 MB", large_values},
    {"types/decimals of 38 digits", decimals},
    {"types/timestamps to the microsecond", timestamps},
    {"types/null of every type", nulls},
};

}  // namespace

std::span<const sql_conformance_case> type_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
