// SPDX-License-Identifier: BSL-1.0
#include "allocation_counter.hpp"

#include <scalekit/csv/encoder.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>

namespace csv = scalekit::csv;
using scalekit::sql::value_view;
using scalekit_tests::allocations;

namespace {

std::uint64_t allocations_of_rows(const csv::dialect& d) {
  auto encoder = csv::encoder::make(d).value();
  const std::string long_text(10'000, '"');
  const std::string description = "a text, with a comma and \"quotes\"";
  csv::buffer out;
  const auto write_rows = [&] {
    out.clear();
    for (std::int64_t i = 0; i < 1000; ++i) {
      const scalekit::system_time t{std::chrono::hours(i)};
      const std::array<value_view, 9> values{
          i,
          "EUR",
          description,
          value_view::decimal("-12.50"),
          0.1 * static_cast<double>(i),
          t,
          scalekit::as_bytes(description),
          nullptr,
          "=1+1"};
      encoder.row(out, values);
      encoder.row_of(out, i, true, description, t, i % 100 == 0 ? long_text : description);
      encoder.text(out, description);
      encoder.end_row(out);
    }
  };
  write_rows();  // the buffer finds its size
  const std::uint64_t before = allocations();
  write_rows();
  return allocations() - before;
}

}  // namespace

TEST_CASE("no allocation per row once the buffer has its size") {
  const std::uint64_t before = allocations();
  ::operator delete(::operator new(1));
  REQUIRE(allocations() == before + 1);  // else the test could not fail
  CHECK(allocations_of_rows({}) == 0);
  CHECK(
      allocations_of_rows(
          {.quoting = csv::quoting::all, .formula_guard = csv::formula_guard::strict}
      ) == 0
  );
  CHECK(allocations_of_rows({.quoting = csv::quoting::never, .null_text = "\\N"}) == 0);
  CHECK(
      allocations_of_rows({.decimal_separator = ',', .blob_encoding = csv::blob_encoding::base64}
      ) == 0
  );
}
