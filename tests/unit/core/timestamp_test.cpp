// SPDX-License-Identifier: BSL-1.0
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/timestamp.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using scalekit::civil_time;
using scalekit::from_civil;
using scalekit::parse_rfc3339;
using scalekit::second_fraction;
using scalekit::system_time;
using scalekit::to_civil;
using scalekit::to_http_date;
using scalekit::to_rfc3339;

namespace {

system_time at(std::int64_t micros) { return system_time(std::chrono::microseconds(micros)); }

/// Parses a text that must be accepted and spells it in UTC with as many digits as it needs.
std::string normal(std::string_view text) {
  CAPTURE(text);
  const auto t = parse_rfc3339(text);
  REQUIRE(t.has_value());
  return to_rfc3339(*t);
}

std::string refusal(std::string_view text) {
  CAPTURE(text);
  const auto t = parse_rfc3339(text);
  REQUIRE_FALSE(t.has_value());
  CHECK(t.error().code() == scalekit::errc::invalid_argument);
  return t.error().message();
}

/// A calendar that only ever goes to the next day: slow, and independent of the closed formulas.
struct walker {
  int year;
  unsigned month = 1, day = 1, weekday;

  void next() {
    constexpr std::array<unsigned, 13> lengths{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
    weekday = weekday == 6 ? 0 : weekday + 1;
    if (++day <= lengths[month] + (month == 2 && leap ? 1U : 0U)) return;
    day = 1;
    if (++month <= 12) return;
    month = 1;
    ++year;
  }
};

}  // namespace

TEST_CASE("every day of 800 years agrees with a calendar walked day by day") {
  // 1 January 1600 was a Saturday and lies 135,140 days before 1970.
  walker walk{.year = 1600, .weekday = 6};
  constexpr std::int64_t day_micros = 86'400'000'000;
  std::int64_t day = -135'140;
  for (; walk.year < 2400; walk.next(), ++day) {
    const civil_time c = to_civil(at(day * day_micros + day_micros - 1));
    REQUIRE(c.year == walk.year);
    REQUIRE(c.month == walk.month);
    REQUIRE(c.day == walk.day);
    REQUIRE(c.weekday == walk.weekday);
    REQUIRE(
        from_civil({.year = walk.year, .month = walk.month, .day = walk.day}) ==
        at(day * day_micros)
    );
  }
  CHECK(day == 157'054);
}

TEST_CASE("a civil time goes there and back, before 1970 as well") {
  scalekit::testing::fixed_random random(3);
  // Years from about -10,000 to 14,000.
  constexpr std::int64_t span = 379'000'000'000'000'000;
  for (int i = 0; i < 20'000; ++i) {
    const auto micros = static_cast<std::int64_t>(random.below(2 * span)) - span;
    const civil_time c = to_civil(at(micros));
    REQUIRE(from_civil(c) == at(micros));
    REQUIRE(c.month >= 1);
    REQUIRE(c.month <= 12);
    REQUIRE(c.hour < 24);
    REQUIRE(c.minute < 60);
    REQUIRE(c.second < 60);
    REQUIRE(c.microsecond < 1'000'000);
  }
  const civil_time before = to_civil(at(-1));
  CHECK(before.year == 1969);
  CHECK(before.second == 59);
  CHECK(before.microsecond == 999'999);
  CHECK(before.weekday == 3);
  // The ends of what 64 bits of microseconds hold.
  CHECK(to_civil(system_time::max()).year == 294'247);
  CHECK(to_civil(system_time::min()).year == -290'308);
}

TEST_CASE("the fraction has as many digits as were asked for") {
  const auto t = [](unsigned micros) {
    return from_civil(
        {.year = 2024,
         .month = 5,
         .day = 6,
         .hour = 7,
         .minute = 8,
         .second = 9,
         .microsecond = micros}
    );
  };
  CHECK(to_rfc3339(t(0)) == "2024-05-06T07:08:09Z");
  CHECK(to_rfc3339(t(120'000)) == "2024-05-06T07:08:09.120Z");
  CHECK(to_rfc3339(t(1)) == "2024-05-06T07:08:09.000001Z");
  CHECK(to_rfc3339(t(999'999), second_fraction::none) == "2024-05-06T07:08:09Z");
  CHECK(to_rfc3339(t(999'999), second_fraction::milliseconds) == "2024-05-06T07:08:09.999Z");
  CHECK(to_rfc3339(t(0), second_fraction::shortest) == "2024-05-06T07:08:09Z");
  CHECK(to_rfc3339(t(120'000), second_fraction::shortest) == "2024-05-06T07:08:09.12Z");
  CHECK(to_rfc3339(t(999'999), second_fraction::shortest) == "2024-05-06T07:08:09.999999Z");
  CHECK(to_rfc3339(t(0), second_fraction::milliseconds) == "2024-05-06T07:08:09.000Z");
  CHECK(to_rfc3339(t(0), second_fraction::microseconds) == "2024-05-06T07:08:09.000000Z");

  std::array<char, scalekit::rfc3339_max> buffer{};
  const std::size_t length =
      scalekit::write_rfc3339(buffer.data(), t(123'456), second_fraction::automatic, ' ');
  CHECK(std::string_view(buffer.data(), length) == "2024-05-06 07:08:09.123456Z");
}

TEST_CASE("what is written parses back to the same instant, to the ends of the calendar") {
  const system_time first = from_civil({.year = 0, .month = 1, .day = 1});
  const system_time last = from_civil(
      {.year = 9999,
       .month = 12,
       .day = 31,
       .hour = 23,
       .minute = 59,
       .second = 59,
       .microsecond = 999'999}
  );
  CHECK(to_rfc3339(first) == "0000-01-01T00:00:00Z");
  CHECK(to_rfc3339(last) == "9999-12-31T23:59:59.999999Z");
  scalekit::testing::fixed_random random(4);
  const auto span = static_cast<std::uint64_t>((last - first).count());
  for (int i = 0; i < 20'000; ++i) {
    const auto t = first + std::chrono::microseconds(static_cast<std::int64_t>(random.below(span)));
    REQUIRE(*parse_rfc3339(to_rfc3339(t)) == t);
  }
  CHECK(*parse_rfc3339(to_rfc3339(first)) == first);
  CHECK(*parse_rfc3339(to_rfc3339(last)) == last);
}

TEST_CASE("an instant outside the four-digit years is written as the nearest inside") {
  CHECK(to_rfc3339(system_time::max()) == "9999-12-31T23:59:59.999999Z");
  CHECK(to_rfc3339(from_civil({.year = 10'000})) == "9999-12-31T23:59:59.999999Z");
  CHECK(to_rfc3339(from_civil({.year = -1, .month = 12, .day = 31})) == "0000-01-01T00:00:00Z");
  CHECK(to_rfc3339(system_time::min()) == "0000-01-01T00:00:00Z");
  CHECK(to_http_date(system_time::max()) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(to_http_date(system_time::min()) == "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST_CASE("offsets, separators, case and long fractions are understood") {
  CHECK(normal("2024-05-06T07:08:09Z") == "2024-05-06T07:08:09Z");
  CHECK(normal("2024-05-06t07:08:09z") == "2024-05-06T07:08:09Z");
  CHECK(normal("2024-05-06 07:08:09Z") == "2024-05-06T07:08:09Z");
  CHECK(normal("2024-05-06T07:08:09+02:00") == "2024-05-06T05:08:09Z");
  CHECK(normal("2024-05-06T07:08:09-05:30") == "2024-05-06T12:38:09Z");
  CHECK(normal("2024-01-01T00:30:00+01:00") == "2023-12-31T23:30:00Z");
  CHECK(normal("2024-02-28T23:30:00-01:00") == "2024-02-29T00:30:00Z");
  CHECK(normal("2024-05-06T07:08:09-00:00") == "2024-05-06T07:08:09Z");
  CHECK(normal("2024-05-06T07:08:09+23:59") == "2024-05-05T07:09:09Z");
  CHECK(normal("2024-05-06T07:08:09.5Z") == "2024-05-06T07:08:09.500Z");
  CHECK(normal("2024-05-06T07:08:09.000001Z") == "2024-05-06T07:08:09.000001Z");
  CHECK(normal("2024-05-06T07:08:09.999999999Z") == "2024-05-06T07:08:09.999999Z");
  CHECK(normal("1969-12-31T23:59:59.9999999Z") == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("leap days exist where the calendar has them") {
  for (const auto* text : {"2024-02-29", "2000-02-29", "1600-02-29", "0000-02-29"}) {
    CHECK(normal(std::string(text) + "T00:00:00Z") == std::string(text) + "T00:00:00Z");
  }
  for (const auto* text : {"2023-02-29", "1900-02-29", "2100-02-29", "2024-02-30", "2024-04-31"}) {
    CHECK(refusal(std::string(text) + "T00:00:00Z").find("no such day") != std::string::npos);
  }
}

TEST_CASE("fields out of range are refused by name") {
  for (const auto* date : {"2024-00-10", "2024-13-10", "2024-01-00", "2024-01-32", "2024-99-99"}) {
    CHECK(refusal(std::string(date) + "T00:00:00Z").find("no such day") != std::string::npos);
  }
  for (const auto* time : {"24:00:00", "23:60:00", "23:59:60", "99:00:00"}) {
    const std::string text = "2024-01-01T" + std::string(time) + "Z";
    CHECK(refusal(text).find("no such time") != std::string::npos);
  }
  for (const auto* text : {"0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"}) {
    CHECK(refusal(text).find("outside the years") != std::string::npos);
  }
}

TEST_CASE("every other shape is refused") {
  for (const auto* text :
       {"",
        "2024",
        "2024-05-06",
        "2024-05-06T07:08Z",
        "2024-05-06T07:08:09",
        "2024-5-6T07:08:09Z",
        "24-05-06T07:08:09Z",
        "12024-05-06T07:08:09Z",
        "-024-05-06T07:08:09Z",
        "2024/05/06T07:08:09Z",
        "2024-05-06_07:08:09Z",
        "2024-05-06T07.08.09Z",
        "2024-05-06T07:08:09.Z",
        "2024-05-06T07:08:09.1234567890Z",
        "2024-05-06T07:08:09,5Z",
        "2024-05-06T07:08:09.5",
        "2024-05-06T07:08:09+0200",
        "2024-05-06T07:08:09+02",
        "2024-05-06T07:08:09+2:00",
        "2024-05-06T07:08:09+24:00",
        "2024-05-06T07:08:09+02:60",
        "2024-05-06T07:08:09UTC",
        "2024-05-06T07:08:09ZZ",
        "2024-05-06T07:08:09Z ",
        " 2024-05-06T07:08:09Z",
        "2024-05-06T+7:08:09Z",
        "2024-05-06T07:08:0\xd9\xa9Z",
        "2024-05-06T07:08:09*02:00"}) {
    CHECK(refusal(text).find("expected the form") != std::string::npos);
  }
  refusal(std::string_view("2024-05-06T07:08:09Z\0", 21));
}

TEST_CASE("no single-character change of a good text is taken for something else") {
  const std::string good = "2024-05-06T07:08:09.123456+01:30";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string changed = good;
      changed[i] = static_cast<char>(c);
      const auto t = parse_rfc3339(changed);
      if (!t) continue;
      // Whatever is accepted spells a digit by a digit, and differs from the original.
      const bool digit = c >= '0' && c <= '9';
      const bool same_class = (good[i] >= '0' && good[i] <= '9') == digit;
      REQUIRE(same_class);
      REQUIRE((changed == good || *t != *parse_rfc3339(good) || i == 10));
    }
  }
}

TEST_CASE("HTTP dates have fixed English names") {
  // The example of RFC 9110 section 5.6.7.
  CHECK(to_http_date(at(784'111'777'000'000)) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(to_http_date(at(0)) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(to_http_date(at(-1)) == "Wed, 31 Dec 1969 23:59:59 GMT");
  constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (unsigned month = 1; month <= 12; ++month) {
    const std::string text = to_http_date(from_civil({.year = 2024, .month = month, .day = 29}));
    CHECK(text.substr(5, 11) == "29 " + std::string(months[month - 1]) + " 2024");
  }
}

TEST_CASE("an HTTP date reads back, and nothing but the one form is read") {
  using scalekit::parse_http_date;
  const system_time example = at(784'111'777'000'000);
  CHECK(*parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == example);
  for (std::int64_t day = 0; day < 800; ++day) {
    const system_time t = example + std::chrono::hours(24 * day);
    CHECK(*parse_http_date(to_http_date(t)) == t);
  }
  for (const std::string_view bad :
       {"",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 ovD 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 19 4 08:49:37 GMT"}) {
    CAPTURE(bad);
    CHECK(parse_http_date(bad).error().code() == scalekit::errc::invalid_argument);
  }
}
