// SPDX-License-Identifier: BSL-1.0
#include "field_support.hpp"

#include <scalekit/timestamp.hpp>

#include <chrono>
#include <random>

using namespace bulk_test;
using std::chrono::minutes;

namespace {

bulk::import_column date(bulk::date_limits limits) {
  return {.name = "d", .type = bulk::field_type::date, .date = std::move(limits)};
}
bulk::import_column timestamp(bulk::timestamp_limits limits) {
  return {.name = "t", .type = bulk::field_type::timestamp, .timestamp = std::move(limits)};
}

/// The instant a field is read as, spelled out, or its code.
std::string instant(const field& read, std::string_view text) {
  const auto r = read(text);
  if (!r.code.empty()) return r.code;
  CHECK(r.value.kind() == sql::value_kind::timestamp);
  return scalekit::to_rfc3339(r.value.view().as_timestamp(), scalekit::second_fraction::shortest);
}

}  // namespace

TEST_CASE("dates are days of the calendar") {
  const field read(date({}));
  CHECK(read.text("2024-02-29") == "2024-02-29");
  CHECK(read.text("2000-02-29") == "2000-02-29");
  CHECK(read.text("0000-01-01") == "0000-01-01");
  CHECK(read.text("0000-02-29") == "0000-02-29");
  CHECK(read.text("9999-12-31") == "9999-12-31");
  for (const std::string_view text :
       {"2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-00-10",
        "2024-13-10",
        "2024-01-00",
        "2024-01-32"}) {
    CAPTURE(text);
    CHECK(read(text).code == "type.date");
    CHECK(read(text).message.ends_with("there is no such day in the calendar"));
  }
  for (const std::string_view text :
       {"",
        "2024-1-2",
        "2024-01-02 ",
        "24-01-02",
        "2024-01-02T00:00:00Z",
        "20240102",
        "+024-01-02",
        "2024-01-0x",
        "10000-01-01",
        "2024--1-02"}) {
    CAPTURE(text);
    CHECK(read(text).code == "type.date");
    CHECK(read(text).suggestion == "write it like 2024-12-31");
  }
}

TEST_CASE("date patterns are tried in turn") {
  const field german(date({.patterns = {"%d.%m.%Y", "%-d/%-m/%Y", "%Y%m%d"}}));
  CHECK(german.text("01.02.2024") == "2024-02-01");
  CHECK(german.text("1/2/2024") == "2024-02-01");
  CHECK(german.text("31/12/2024") == "2024-12-31");
  CHECK(german.text("20240229") == "2024-02-29");
  CHECK(german("31.02.2024").message.ends_with("no such day in the calendar"));
  CHECK(german("2024-01-02").suggestion == "write it like 31.12.2024 or 31/12/2024 or 20241231");
  // The second pattern can have what the first cannot.
  const field either(date({.patterns = {"%m/%d/%Y", "%d/%m/%Y"}}));
  CHECK(either.text("02/03/2024") == "2024-02-03");
  CHECK(either.text("13/02/2024") == "2024-02-13");
  CHECK(field(date({.patterns = {"100%% %Y-%m-%d"}})).text("100% 2024-05-06") == "2024-05-06");
}

TEST_CASE("the range of a date") {
  const field read(date({.patterns = {"%d.%m.%Y"}, .minimum = "2020-01-01", .maximum = "2024-12-31"}
  ));
  CHECK(read.text("01.01.2020") == "2020-01-01");
  CHECK(read.text("31.12.2024") == "2024-12-31");
  CHECK(read("31.12.2019").code == "limit.minimum");
  CHECK(read("31.12.2019").message == "`31.12.2019` is before 2020-01-01");
  CHECK(read("01.01.2025").code == "limit.maximum");
  CHECK(problems_of(date({.minimum = "2020"})).size() == 1);
  CHECK(problems_of(date({.minimum = "2020-01-02", .maximum = "2020-01-01"})).size() == 1);
  CHECK(problems_of(date({.patterns = {}})).size() == 1);
}

TEST_CASE("patterns that cannot be meant") {
  for (const std::string_view pattern :
       {"",
        "%Y-%m",
        "%Y-%m-%d %H",
        "%y-%m-%d",
        "%Y-%m-%d%",
        "%Y-%m-%-",
        "%-Y-%m-%d",
        "%Y%Y-%m-%d",
        "%-%%Y-%m-%d"}) {
    CAPTURE(pattern);
    CHECK(problems_of(date({.patterns = {std::string(pattern)}})).size() == 1);
  }
  for (const std::string_view pattern :
       {"%H:%M",
        "%Y-%m-%d %I:%M",
        "%Y-%m-%d %H:%M %p",
        "%Y-%m-%d %H %H",
        "%Y-%m-%d %M",
        "%Y-%m-%d %H:%S",
        "%Y-%m-%d %H:%M:%S%f%L",
        "%Y-%m-%d %z%z",
        "%Y-%m-%d %H %I %p"}) {
    CAPTURE(pattern);
    CHECK(problems_of(timestamp({.patterns = {std::string(pattern)}})).size() == 1);
  }
  CHECK(problems_of(timestamp({.zone = minutes(24 * 60)})).size() == 1);
  CHECK(
      problems_of(
          timestamp(
              {.minimum = scalekit::system_time{minutes(1)}, .maximum = scalekit::system_time{}}
          )
      ).size() == 1
  );
}

TEST_CASE("RFC 3339 by default, exact to the microsecond") {
  const field read(timestamp({}));
  CHECK(instant(read, "2024-05-06T07:08:09Z") == "2024-05-06T07:08:09Z");
  CHECK(instant(read, "2024-05-06t07:08:09z") == "2024-05-06T07:08:09Z");
  CHECK(instant(read, "2024-05-06 07:08:09.123456Z") == "2024-05-06T07:08:09.123456Z");
  CHECK(instant(read, "2024-05-06T07:08:09.1+02:00") == "2024-05-06T05:08:09.1Z");
  CHECK(instant(read, "2024-01-01T00:00:00+14:00") == "2023-12-31T10:00:00Z");
  CHECK(instant(read, "2023-12-31T12:00:00-12:00") == "2024-01-01T00:00:00Z");
  CHECK(instant(read, "2024-05-06T07:08:09-00:30") == "2024-05-06T07:38:09Z");
  CHECK(instant(read, "0000-01-01T00:00:00Z") == "0000-01-01T00:00:00Z");
  CHECK(instant(read, "9999-12-31T23:59:59.999999Z") == "9999-12-31T23:59:59.999999Z");
  CHECK(instant(read, "1969-12-31T23:59:59.999999Z") == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("what is wrong with a timestamp is said") {
  const field read(timestamp({}));
  struct example {
    std::string_view text, message;
  };
  for (const auto& [text, message] : {
           example{"2023-02-29T00:00:00Z", "no such day"},
           {"2024-01-01T24:00:00Z", "no such time of day"},
           {"2024-01-01T23:60:00Z", "no such time of day"},
           {"2024-01-01T23:59:61Z", "no such time of day"},
           {"2024-01-01T00:00:00+24:00", "no such offset"},
           {"2024-01-01T00:00:00+01:60", "no such offset"},
           {"2016-12-31T23:59:60Z", "leap second"},
           {"2024-01-01T00:00:00", "names no time zone"},
           {"0000-01-01T00:00:00+00:01", "outside the years 0000-9999"},
           {"9999-12-31T23:59:59-00:01", "outside the years 0000-9999"},
           {"2024-01-01", "is not a point in time"},
           {"2024-01-01T00:00Z", "is not a point in time"},
           {"2024-01-01T00:00:00.Z", "is not a point in time"},
           {"2024-01-01T00:00:00.1234567890Z", "is not a point in time"},
           {"2024-01-01T00:00:00 Z", "is not a point in time"},
           {"2024-01-01T00:00:00+1", "is not a point in time"},
           {"2024-01-01T00:00:00Z!", "is not a point in time"},
       }) {
    CAPTURE(text);
    CHECK(read(text).code == "type.timestamp");
    CHECK(read(text).message.find(message) != std::string::npos);
  }
  CHECK(read("nonsense").suggestion == "write it like 2024-12-31T18:45:09Z");
  CHECK(read("2024-01-01T00:00:00").suggestion == "add Z, or an offset like +02:00");
}

TEST_CASE("the options of a timestamp") {
  const field exact(timestamp({}));
  CHECK(exact("2024-01-01T00:00:00.1234567Z").code == "limit.scale");
  CHECK(instant(exact, "2024-01-01T00:00:00.123456000Z") == "2024-01-01T00:00:00.123456Z");
  const field cut(timestamp({.fraction = bulk::excess_digits::cut}));
  CHECK(instant(cut, "2024-01-01T00:00:00.999999999Z") == "2024-01-01T00:00:00.999999Z");

  const field leap(timestamp({.leap_second = bulk::leap_second::next_second}));
  CHECK(instant(leap, "2016-12-31T23:59:60Z") == "2017-01-01T00:00:00Z");
  CHECK(instant(leap, "2016-12-31T18:59:60.5-05:00") == "2017-01-01T00:00:00.5Z");
  CHECK(leap("2016-12-31T23:59:61Z").code == "type.timestamp");

  const field zoned(timestamp({.zone = minutes(-210)}));
  CHECK(instant(zoned, "2024-01-01T00:00:00") == "2024-01-01T03:30:00Z");
  CHECK(instant(zoned, "2024-01-01T00:00:00Z") == "2024-01-01T00:00:00Z");

  const auto from = scalekit::parse_rfc3339("2024-01-01T00:00:00Z").value();
  const field range(timestamp({.minimum = from, .maximum = from + std::chrono::microseconds(1)}));
  CHECK(range("2024-01-01T00:00:00.000001Z").code.empty());
  CHECK(range("2024-01-01T00:00:00.000002Z").code == "limit.maximum");
  CHECK(
      range("2023-12-31T23:59:59Z").message ==
      "`2023-12-31T23:59:59Z` is before 2024-01-01T00:00:00Z"
  );
}

TEST_CASE("timestamp patterns") {
  const field american(timestamp({.patterns = {"%-m/%-d/%Y %-I:%M %p"}, .zone = minutes(0)}));
  CHECK(instant(american, "1/2/2024 3:04 PM") == "2024-01-02T15:04:00Z");
  CHECK(instant(american, "12/31/2024 12:00 am") == "2024-12-31T00:00:00Z");
  CHECK(instant(american, "12/31/2024 12:00 Pm") == "2024-12-31T12:00:00Z");
  CHECK(instant(american, "1/2/2024 13:04 PM") == "type.timestamp");
  CHECK(instant(american, "1/2/2024 0:04 PM") == "type.timestamp");
  CHECK(instant(american, "1/2/2024 1:04 XM") == "type.timestamp");
  CHECK(instant(american, "1/2/2024 1:04 P") == "type.timestamp");
  const field zones(timestamp({.patterns = {"%Y%m%dT%H%M%S%z", "%d.%m.%Y %H:%M:%S,%L%z"}}));
  CHECK(instant(zones, "20240506T070809Z") == "2024-05-06T07:08:09Z");
  CHECK(instant(zones, "20240506T070809+0530") == "2024-05-06T01:38:09Z");
  CHECK(instant(zones, "20240506T070809-03") == "2024-05-06T10:08:09Z");
  CHECK(instant(zones, "20240506T070809+053") == "type.timestamp");
  CHECK(instant(zones, "06.05.2024 07:08:09,123+01:00") == "2024-05-06T06:08:09.123Z");
  CHECK(instant(zones, "06.05.2024 07:08:09,12+01:00") == "type.timestamp");
  const field midnight(timestamp({.patterns = {"%p %I %d/%m/%Y"}, .zone = minutes(60)}));
  CHECK(instant(midnight, "PM 01 01/01/2024") == "2024-01-01T12:00:00Z");
  const field day(timestamp({.patterns = {"%Y-%m-%d"}, .zone = minutes(0)}));
  CHECK(instant(day, "2024-05-06") == "2024-05-06T00:00:00Z");
  const field fine(timestamp({.patterns = {"%Y-%m-%d %H:%M:%S.%f%z"}}));
  CHECK(instant(fine, "2024-05-06 01:02:03.000001Z") == "2024-05-06T01:02:03.000001Z");
  CHECK(instant(fine, "2024-05-06 01:02:03.5Z") == "2024-05-06T01:02:03.5Z");
  CHECK(instant(fine, "2024-05-06 01:02:03Z") == "type.timestamp");
}

TEST_CASE("random instants come back, whatever the zone they were written in") {
  std::mt19937_64 random(10);
  const field read(timestamp({}));
  const field days(date({}));
  const auto first = scalekit::parse_rfc3339("0000-01-02T00:00:00Z").value();
  const auto last = scalekit::parse_rfc3339("9999-12-30T00:00:00Z").value();
  const auto span = static_cast<std::uint64_t>((last - first).count());
  for (int i = 0; i < 20'000; ++i) {
    const auto t = first + std::chrono::microseconds(random() % span);
    const auto offset = minutes(static_cast<int>(random() % (26 * 60 + 1)) - 12 * 60);
    std::string text = scalekit::to_rfc3339(t + offset, scalekit::second_fraction::microseconds);
    text.pop_back();
    const auto size = std::chrono::abs(offset).count();
    const auto two = [](auto n) { return std::to_string(100 + n).substr(1); };
    text += (offset.count() < 0 ? "-" : "+") + two(size / 60) + ":" + two(size % 60);
    CAPTURE(text);
    REQUIRE(read(text).value == sql::value(t));
    REQUIRE(read(text).value == sql::value(scalekit::parse_rfc3339(text).value()));
    REQUIRE(days.text(text.substr(0, 10)) == text.substr(0, 10));
  }
}
