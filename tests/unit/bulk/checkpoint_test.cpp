// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/checkpoint.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace scalekit;
using bulk::checkpoint;

namespace {

checkpoint example() {
  checkpoint c;
  c.key = {
      sql::value(),
      sql::value(std::numeric_limits<std::int64_t>::min()),
      sql::value(sql::value_view::uint64(std::numeric_limits<std::uint64_t>::max())),
      sql::value(-0.0),
      sql::value(sql::value_view::decimal("12.50")),
      sql::value(std::string("nul\0inside", 10)),
      sql::value(sql::value_view(as_bytes("\xff\x00raw"))),
      sql::value(system_time(std::chrono::microseconds(-1)))};
  c.rows = 50'000'000;
  c.bytes = 5'200'000'000;
  c.digest = std::string("\0\1\2", 3);
  return c;
}

}  // namespace

TEST_CASE("a checkpoint survives the store with every kind of key") {
  const checkpoint c = example();
  auto back = bulk::checkpoint_from_bytes(bulk::to_bytes(c));
  REQUIRE(back);
  CHECK(*back == c);
  CHECK(*bulk::checkpoint_from_bytes(bulk::to_bytes({})) == checkpoint{});
}

TEST_CASE("a cut or changed checkpoint is refused") {
  const std::string text = bulk::to_bytes(example());
  for (std::size_t n = 0; n < text.size(); ++n) {
    auto cut = bulk::checkpoint_from_bytes(std::string_view(text).substr(0, n));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().code() == errc::data_corrupted);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    CHECK_FALSE(bulk::checkpoint_from_bytes(changed));
  }
  CHECK_FALSE(bulk::checkpoint_from_bytes(text + "x"));
}

TEST_CASE("a fingerprint says which part differs") {
  const bulk::export_fingerprint a{1, 2, 3, 4, 5};
  CHECK(a.difference(a).empty());
  CHECK(a.difference({1, 2, 9, 4, 5}) == "filters");
  CHECK(a.difference({0, 0, 0, 0, 0}) == "schema, columns, filters, order, format");
}
