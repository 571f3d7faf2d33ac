// SPDX-License-Identifier: BSL-1.0
#include "csv_support.hpp"

#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>

namespace csv = scalekit::csv;
using csv::timestamp_style;
using csv_test::field_text;
using scalekit::second_fraction;
using scalekit::system_time;

namespace {

system_time micros(std::int64_t v) { return system_time(std::chrono::microseconds(v)); }

const system_time sample = scalekit::parse_rfc3339("2024-05-06T07:08:09.123456Z").value();

}  // namespace

TEST_CASE("styles") {
  const auto in = [](timestamp_style style) {
    return field_text({.timestamp_style = style}, sample);
  };
  CHECK(in(timestamp_style::rfc3339) == "2024-05-06T07:08:09.123456Z");
  CHECK(in(timestamp_style::space_separated) == "2024-05-06 07:08:09.123456");
  CHECK(in(timestamp_style::epoch_seconds) == "1714979289");
  CHECK(in(timestamp_style::epoch_milliseconds) == "1714979289123");
  CHECK(in(timestamp_style::epoch_microseconds) == "1714979289123456");
}

TEST_CASE("fractions of the second") {
  const auto in = [](second_fraction f, system_time t) {
    return field_text({.timestamp_fraction = f}, t).substr(17);
  };
  CHECK(in(second_fraction::automatic, sample) == "09.123456Z");
  CHECK(in(second_fraction::automatic, micros(5'120'000)) == "05.120Z");
  CHECK(in(second_fraction::automatic, micros(5'000'000)) == "05Z");
  CHECK(in(second_fraction::none, sample) == "09Z");
  CHECK(in(second_fraction::milliseconds, sample) == "09.123Z");
  CHECK(in(second_fraction::milliseconds, micros(0)) == "00.000Z");
  CHECK(in(second_fraction::microseconds, micros(1)) == "00.000001Z");
  CHECK(in(second_fraction::shortest, micros(5'000'000)) == "05Z");
  CHECK(in(second_fraction::shortest, micros(5'120'000)) == "05.12Z");
  CHECK(in(second_fraction::shortest, micros(1)) == "00.000001Z");
  CHECK(in(second_fraction::shortest, sample) == "09.123456Z");
}

TEST_CASE("patterns") {
  const auto in = [](std::string pattern, system_time t = sample) {
    return field_text(
        {.timestamp_style = timestamp_style::pattern, .timestamp_pattern = std::move(pattern)}, t
    );
  };
  CHECK(in("%d.%m.%Y %H:%M:%S") == "06.05.2024 07:08:09");
  CHECK(in("%L|%f|%%") == "123|123456|%");
  CHECK(in("%Y%m%d") == "20240506");
  CHECK(in("no directive") == "no directive");
  CHECK(in("%H:%M:%S.%f", micros(-1)) == "23:59:59.999999");
  CHECK(in("%Y", micros(INT64_MAX)) == "+294247");
  std::string longest;
  while (longest.size() < 64) longest += "%Y";
  CHECK(in(longest, micros(INT64_MIN)).size() == 32 * 7);
}

TEST_CASE("the ends of the range, and years a RFC 3339 text cannot hold") {
  CHECK(field_text({}, micros(INT64_MAX)) == "+294247-01-10T04:00:54.775807Z");
  CHECK(field_text({}, micros(INT64_MIN)) == "-290308-12-21T19:59:05.224192Z");
  CHECK(field_text({.timestamp_style = timestamp_style::epoch_seconds}, micros(-1)) == "-1");
  CHECK(
      field_text({.timestamp_style = timestamp_style::epoch_milliseconds}, micros(-1001)) == "-2"
  );
  CHECK(
      field_text({.timestamp_style = timestamp_style::epoch_microseconds}, micros(INT64_MIN)) ==
      "-9223372036854775808"
  );
}

TEST_CASE("a writer that remembers the day agrees with one that does not") {
  auto encoder = csv::encoder::make().value();
  csv::buffer out;
  std::mt19937_64 random(29);
  const std::int64_t year_9999 = 253'402'300'799;
  for (int i = 0; i < 50'000; ++i) {
    // Often the same day as before, often its neighbour, sometimes anywhere.
    const auto day = static_cast<std::int64_t>(random() % 3) - 1;
    const auto in_day = static_cast<std::int64_t>(random() % 86'400'000'000);
    const auto anywhere = static_cast<std::int64_t>(random() % year_9999) * 1'000'000;
    const system_time t = micros(i % 5 == 0 ? anywhere : day * 86'400'000'000 + in_day);
    out.clear();
    encoder.row_of(out, t);
    REQUIRE(out.view() == scalekit::to_rfc3339(t) + "\n");
  }
}
