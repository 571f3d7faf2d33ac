// SPDX-License-Identifier: BSL-1.0
#include "bulk/field_types.hpp"
#include "bulk/time_pattern.hpp"

#include <scalekit/timestamp.hpp>

#include <array>
#include <chrono>

namespace scalekit::inline v0::bulk {

namespace {

/// \pre a year of four digits
bool is_day(const civil_time& c) noexcept {
  return std::chrono::year_month_day(
             std::chrono::year(c.year), std::chrono::month(c.month), std::chrono::day(c.day)
  )
      .ok();
}

std::string form_of(const std::vector<time_pattern>& patterns) {
  std::string out = "write it like ";
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    out.append(i == 0 ? "" : " or ").append(patterns[i].example());
  }
  return out;
}

/// The patterns of a column, tried in turn; the first complaint about a value that has the form is
/// the one to hear.
class time_reader : public field_reader {
 public:
  explicit time_reader(std::vector<time_pattern> patterns) : patterns_(std::move(patterns)) {}

  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const final {
    flaw first = flaw::shape;
    time_parts parts;
    for (const time_pattern& p : patterns_) {
      if (!p.parse(text, parts)) continue;
      const flaw f = is_day(parts.civil) ? take(parts, memory, out) : flaw::no_such_day;
      if (f == flaw::none) return f;
      if (first == flaw::shape) first = f;
    }
    return first;
  }

  explanation explain(flaw f, std::string_view text) const final {
    const std::string value = quoted(text);
    switch (f) {
      case flaw::no_such_day:
        return {value + ": there is no such day in the calendar"};
      case flaw::no_such_time:
        return {value + ": there is no such time of day, or no such offset from UTC"};
      case flaw::leap_second:
        return {value + " is a leap second", "write the second before it, or the one after"};
      case flaw::no_zone:
        return {value + " names no time zone", "add Z, or an offset like +02:00"};
      case flaw::out_of_years:
        return {value + " is outside the years 0000-9999 in UTC"};
      case flaw::scale:
        return {value + " is finer than a microsecond", "write at most 6 digits of the second"};
      case flaw::below_minimum:
        return {value + " is before " + minimum_text()};
      case flaw::above_maximum:
        return {value + " is after " + maximum_text()};
      default:
        return {value + " is not a " + noun(), form_of(patterns_)};
    }
  }

 protected:
  /// \pre there is such a day
  virtual flaw take(const time_parts& parts, std::string& memory, sql::value_view& out) const = 0;
  [[nodiscard]] virtual std::string noun() const = 0;
  [[nodiscard]] virtual std::string minimum_text() const = 0;
  [[nodiscard]] virtual std::string maximum_text() const = 0;

 private:
  std::vector<time_pattern> patterns_;
};

class date_reader final : public time_reader {
 public:
  date_reader(std::vector<time_pattern> patterns, const date_limits& limits)
      : time_reader(std::move(patterns)), minimum_(limits.minimum), maximum_(limits.maximum) {}

 protected:
  flaw take(const time_parts& parts, std::string& memory, sql::value_view& out) const override {
    std::array<char, rfc3339_max> buffer;
    civil_time day;
    day.year = parts.civil.year;
    day.month = parts.civil.month;
    day.day = parts.civil.day;
    write_rfc3339(buffer.data(), from_civil(day));
    memory.assign(buffer.data(), 10);
    if (!minimum_.empty() && memory < minimum_) return flaw::below_minimum;
    if (!maximum_.empty() && memory > maximum_) return flaw::above_maximum;
    out = std::string_view(memory);
    return flaw::none;
  }
  std::string noun() const override { return "date"; }
  std::string minimum_text() const override { return minimum_; }
  std::string maximum_text() const override { return maximum_; }

 private:
  std::string minimum_;
  std::string maximum_;
};

class timestamp_reader final : public time_reader {
 public:
  timestamp_reader(std::vector<time_pattern> patterns, const timestamp_limits& limits)
      : time_reader(std::move(patterns)), limits_(limits) {}

 protected:
  flaw take(const time_parts& parts, std::string&, sql::value_view& out) const override {
    const civil_time& c = parts.civil;
    if (c.hour > 23 || c.minute > 59 || c.second > 60 || !parts.in_range) {
      return flaw::no_such_time;
    }
    if (c.second == 60 && limits_.leap_second == leap_second::refuse) return flaw::leap_second;
    if (parts.finer && limits_.fraction == excess_digits::refuse) return flaw::scale;
    if (!parts.zone && !limits_.zone) return flaw::no_zone;
    const auto zone = parts.zone ? std::chrono::minutes(*parts.zone) : *limits_.zone;
    const system_time t = from_civil(c) - zone;
    if (t < first_ || t >= end_) return flaw::out_of_years;
    if (limits_.minimum && t < *limits_.minimum) return flaw::below_minimum;
    if (limits_.maximum && t > *limits_.maximum) return flaw::above_maximum;
    out = t;
    return flaw::none;
  }
  std::string noun() const override { return "point in time"; }
  std::string minimum_text() const override { return to_rfc3339(*limits_.minimum); }
  std::string maximum_text() const override { return to_rfc3339(*limits_.maximum); }

 private:
  timestamp_limits limits_;
  system_time first_ = from_civil({.year = 0});
  system_time end_ = from_civil({.year = 10'000});
};

std::vector<time_pattern> compiled(
    const std::vector<std::string>& patterns,
    time_pattern::use what,
    std::string_view type,
    std::vector<std::string>& problems
) {
  std::vector<time_pattern> made;
  for (const std::string& pattern : patterns) {
    auto one = time_pattern::compile(pattern, what);
    if (one) {
      made.push_back(*std::move(one));
    } else {
      problems.push_back(std::string(type) + ": " + one.error().message());
    }
  }
  return made;
}

}  // namespace

field_reader_ptr make_date_reader(const date_limits& limits, std::vector<std::string>& problems) {
  auto patterns = compiled(limits.patterns, time_pattern::use::date, "date", problems);
  if (limits.patterns.empty()) problems.emplace_back("date: it has no patterns");
  for (const std::string* limit : {&limits.minimum, &limits.maximum}) {
    std::string memory;
    sql::value_view day;
    const std::unique_ptr<const field_reader> plain = std::make_unique<date_reader>(
        std::vector{*time_pattern::compile("%Y-%m-%d", time_pattern::use::date)}, date_limits{}
    );
    if (!limit->empty() && plain->read(*limit, memory, day) != flaw::none) {
      problems.push_back("date: the limit " + quoted(*limit) + " is not a day like 2024-12-31");
    }
  }
  if (!limits.maximum.empty() && limits.minimum > limits.maximum) {
    problems.emplace_back("date: minimum is after maximum");
  }
  return std::make_unique<date_reader>(std::move(patterns), limits);
}

field_reader_ptr make_timestamp_reader(
    const timestamp_limits& limits, std::vector<std::string>& problems
) {
  auto patterns = compiled(limits.patterns, time_pattern::use::timestamp, "timestamp", problems);
  if (limits.patterns.empty()) patterns.push_back(time_pattern::rfc3339());
  if (limits.zone && std::chrono::abs(*limits.zone) >= std::chrono::hours(24)) {
    problems.emplace_back("timestamp: zone must be less than a day");
  }
  if (limits.minimum && limits.maximum && *limits.minimum > *limits.maximum) {
    problems.emplace_back("timestamp: minimum is after maximum");
  }
  return std::make_unique<timestamp_reader>(std::move(patterns), limits);
}

}  // namespace scalekit::inline v0::bulk
