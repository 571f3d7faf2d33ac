// SPDX-License-Identifier: BSL-1.0
#include <scalekit/ports/sql_value.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using scalekit::bytes;
using scalekit::system_time;
using scalekit::sql::identical;
using scalekit::sql::value;
using scalekit::sql::value_kind;
using scalekit::sql::value_view;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
const system_time instant{std::chrono::microseconds(-5)};
const std::string text("a\0b", 3);

/// One of every kind, and the edges of each.
std::vector<value_view> every_value() {
  return {
      nullptr,
      std::numeric_limits<std::int64_t>::min(),
      -1,
      0,
      1,
      std::numeric_limits<std::int64_t>::max(),
      value_view::uint64(0),
      value_view::uint64(1),
      std::numeric_limits<std::uint64_t>::max(),
      0.0,
      -0.0,
      1.0,
      nan_value,
      std::numeric_limits<double>::infinity(),
      value_view::decimal(""),
      value_view::decimal("-12.50"),
      value_view::decimal("-12.5"),
      "",
      "-12.50",
      text,
      scalekit::bytes_view(),
      scalekit::as_bytes(text),
      instant,
      system_time(),
  };
}

// Reading a number under the other signedness is defined, also for the compiler's own evaluator.
static_assert(value_view(5U).as_int64() == 5);
static_assert(value_view(-1).as_uint64() == UINT64_MAX);
static_assert(value_view(UINT64_MAX).as_int64() == -1);

}  // namespace

TEST_CASE("what a caller has at hand becomes the kind it is") {
  CHECK(value_view().kind() == value_kind::null);
  CHECK(value_view(nullptr).is_null());
  CHECK(value_view(true).as_int64() == 1);
  CHECK(value_view(false).kind() == value_kind::int64);
  CHECK(value_view(static_cast<signed char>(-3)).as_int64() == -3);
  CHECK(value_view(short{-300}).as_int64() == -300);
  CHECK(value_view(-70'000).as_int64() == -70'000);
  CHECK(value_view(std::uint8_t{200}).as_int64() == 200);
  CHECK(value_view(std::size_t{42}).kind() == value_kind::int64);
  CHECK(value_view(static_cast<std::uint64_t>(INT64_MAX)).kind() == value_kind::int64);
  CHECK(value_view(static_cast<std::uint64_t>(INT64_MAX) + 1).kind() == value_kind::uint64);
  CHECK(value_view(UINT64_MAX).as_uint64() == UINT64_MAX);
  CHECK(value_view::uint64(7).kind() == value_kind::uint64);
  CHECK(value_view(1.5F).as_double() == 1.5);
  CHECK(value_view("EUR").kind() == value_kind::text);
  CHECK(value_view(text).as_text() == text);
  CHECK(value_view(std::string_view(text)).as_text().size() == 3);
  CHECK(value_view(bytes{std::byte{1}, std::byte{0}}).kind() == value_kind::blob);
  CHECK(value_view(scalekit::as_bytes(text)).as_text() == text);
  CHECK(value_view::decimal("12.50").kind() == value_kind::decimal);
  CHECK(value_view(instant).kind() == value_kind::timestamp);
  CHECK(value_view(instant).as_timestamp() == instant);
}

TEST_CASE("an optional is its value or null") {
  CHECK(value_view(std::optional<int>()).is_null());
  CHECK(value_view(std::optional<int>(0)).kind() == value_kind::int64);
  const std::optional<std::string> name = "Ada";
  CHECK(value_view(name).as_text() == "Ada");
  CHECK(value_view(std::optional<system_time>(instant)).as_timestamp() == instant);
  CHECK(value(std::optional<double>()).is_null());
}

TEST_CASE("asking for the wrong kind gives zero or nothing") {
  for (const value_view& v : every_value()) {
    const bool number = v.kind() == value_kind::int64 || v.kind() == value_kind::uint64 ||
                        v.kind() == value_kind::timestamp;
    const bool has_bytes = v.kind() == value_kind::text || v.kind() == value_kind::decimal ||
                           v.kind() == value_kind::blob;
    CHECK(v.has_bytes() == has_bytes);
    CHECK(v.is_null() == (v.kind() == value_kind::null));
    if (!number) {
      CHECK(v.as_int64() == 0);
      CHECK(v.as_uint64() == 0);
      CHECK(v.as_timestamp() == system_time());
    }
    if (!has_bytes) {
      CHECK(v.as_text().empty());
      CHECK(v.as_blob().empty());
    }
    if (v.kind() != value_kind::float64) CHECK(v.as_double() == 0.0);
  }
}

TEST_CASE("values are identical to themselves and to nothing else") {
  const auto all = every_value();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < all.size(); ++k) {
      CAPTURE(i);
      CAPTURE(k);
      CHECK(identical(all[i], all[k]) == (i == k));
      CHECK((value(all[i]) == value(all[k])) == (i == k));
    }
  }
}

TEST_CASE("an owning value survives what it was made from") {
  for (const value_view& v : every_value()) {
    value kept;
    {
      // A copy of the bytes in a buffer that is overwritten before it goes.
      std::string buffer(v.as_text());
      value_view borrowed = v;
      if (v.kind() == value_kind::text) borrowed = value_view(buffer);
      if (v.kind() == value_kind::decimal) borrowed = value_view::decimal(buffer);
      if (v.kind() == value_kind::blob) borrowed = value_view(scalekit::as_bytes(buffer));
      kept = value(borrowed);
      buffer.assign(buffer.size(), '#');
    }
    CHECK(kept.kind() == v.kind());
    CHECK(kept.is_null() == v.is_null());
    CHECK(identical(kept.view(), v));
    CHECK(identical(kept, v));
  }
}

TEST_CASE("copies and moves of an owning value stand on their own") {
  // Short enough to live inside the string object, and too long for that.
  for (const std::string& content : {std::string("short"), std::string(100, 'x')}) {
    value original{content};
    const value copy = original;
    const value moved = std::move(original);
    original = value("other");
    CHECK(copy.view().as_text() == content);
    CHECK(moved == copy);
    CHECK(original.view().as_text() == "other");
  }
}

TEST_CASE("a view stays small") {
  CHECK(sizeof(value_view) <= 24);
  CHECK(std::is_trivially_copyable_v<value_view>);
  CHECK(std::is_nothrow_move_constructible_v<value>);
}

TEST_CASE("every kind is spelled") {
  std::set<std::string_view> seen;
  for (int kind = 0; kind <= static_cast<int>(value_kind::timestamp); ++kind) {
    seen.insert(scalekit::sql::to_string(static_cast<value_kind>(kind)));
  }
  CHECK(seen.size() == 8);
  CHECK(seen.count("unknown") == 0);
  CHECK(scalekit::sql::to_string(static_cast<value_kind>(99)) == "unknown");
}
