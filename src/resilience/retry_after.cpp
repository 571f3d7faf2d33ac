// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/rate_limit_fields.hpp>
#include <scalekit/timestamp.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

using std::chrono::seconds;

constexpr std::int64_t most_seconds = 2'147'483'647;
constexpr std::array<std::string_view, 12> months{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

// Takes a text apart from its front, and remembers whether everything has fitted so far.
class scanner {
 public:
  explicit scanner(std::string_view text) noexcept : rest_(text) {}

  scanner& text(std::string_view expected) noexcept {
    ok_ = ok_ && rest_.starts_with(expected);
    if (ok_) rest_.remove_prefix(expected.size());
    return *this;
  }
  scanner& number(unsigned& out, std::size_t digits, bool blank_first = false) noexcept {
    out = 0;
    for (std::size_t i = 0; ok_ && i < digits; ++i) {
      const char c = rest_.empty() ? '\0' : rest_.front();
      const bool blank = blank_first && i == 0 && c == ' ';
      ok_ = blank || (c >= '0' && c <= '9');
      if (!ok_) break;
      if (!blank) out = out * 10 + static_cast<unsigned>(c - '0');
      rest_.remove_prefix(1);
    }
    return *this;
  }
  scanner& month(unsigned& out) noexcept {
    const auto found = std::ranges::find(months, rest_.substr(0, 3));
    ok_ = ok_ && found != months.end();
    out = static_cast<unsigned>(found - months.begin()) + 1;
    if (ok_) rest_.remove_prefix(3);
    return *this;
  }
  scanner& day_name(std::size_t length) noexcept {
    const auto found = std::ranges::find_if(days, [&](std::string_view day) {
      return rest_.starts_with(day.substr(0, length));
    });
    ok_ = ok_ && found != days.end();
    if (ok_) rest_.remove_prefix(found->substr(0, length).size());
    return *this;
  }
  scanner& time(civil_time& c) noexcept {
    return number(c.hour, 2).text(":").number(c.minute, 2).text(":").number(c.second, 2);
  }
  [[nodiscard]] bool finished() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool exists(const civil_time& c) noexcept {
  using namespace std::chrono;
  return year_month_day(year(c.year), month(c.month), day(c.day)).ok() && c.hour < 24 &&
         c.minute < 60 && c.second <= 60;  // a leap second counts as the next
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<civil_time> imf_fixdate(std::string_view text) noexcept {
  civil_time c;
  unsigned year = 0;
  scanner s(text);
  s.day_name(3).text(", ").number(c.day, 2).text(" ").month(c.month).text(" ").number(year, 4);
  s.text(" ").time(c).text(" GMT");
  c.year = static_cast<int>(year);
  return s.finished() ? std::optional(c) : std::nullopt;
}

// Sunday, 06-Nov-94 08:49:37 GMT; the year that is next to this one, up to 50 years ahead.
std::optional<civil_time> rfc850(std::string_view text, int this_year) noexcept {
  civil_time c;
  unsigned year = 0;
  scanner s(text);
  s.day_name(std::string_view::npos).text(", ").number(c.day, 2).text("-").month(c.month);
  s.text("-").number(year, 2).text(" ").time(c).text(" GMT");
  c.year = this_year - this_year % 100 + static_cast<int>(year);
  if (c.year > this_year + 50) c.year -= 100;
  if (c.year <= this_year - 50) c.year += 100;
  return s.finished() ? std::optional(c) : std::nullopt;
}

// Sun Nov  6 08:49:37 1994
std::optional<civil_time> asctime(std::string_view text) noexcept {
  civil_time c;
  unsigned year = 0;
  scanner s(text);
  s.day_name(3).text(" ").month(c.month).text(" ").number(c.day, 2, true).text(" ").time(c);
  s.text(" ").number(year, 4);
  c.year = static_cast<int>(year);
  return s.finished() ? std::optional(c) : std::nullopt;
}

std::optional<system_time> parse_date(std::string_view text, system_time now) noexcept {
  std::optional<civil_time> c = imf_fixdate(text);
  if (!c) c = rfc850(text, to_civil(now).year);
  if (!c) c = asctime(text);
  if (!c || !exists(*c)) return std::nullopt;
  const unsigned second = std::exchange(c->second, 0U);
  return from_civil(*c) + seconds(second);
}

}  // namespace

std::string retry_after_seconds(duration wait) {
  if (wait <= duration::zero()) return "0";
  const std::int64_t s = std::chrono::floor<seconds>(wait - duration(1)).count() + 1;
  return std::to_string(std::min(s, most_seconds));
}

std::string retry_after_date(system_time when) {
  return to_http_date(std::chrono::ceil<seconds>(when));
}

result<duration> parse_retry_after(std::string_view field, system_time now, duration most) {
  constexpr std::string_view blank = " \t";
  const std::size_t first = field.find_first_not_of(blank);
  if (first == std::string_view::npos) {
    return error(errc::invalid_argument, "Retry-After: is empty");
  }
  field = field.substr(first, field.find_last_not_of(blank) - first + 1);
  const bool digits = std::ranges::all_of(field, [](char c) { return c >= '0' && c <= '9'; });
  if (digits) {
    std::int64_t n = 0;
    for (const char c : field) n = std::min(n * 10 + (c - '0'), most_seconds);
    return std::min<duration>(seconds(n), std::max(most, duration::zero()));
  }
  const auto when = parse_date(field, now);
  if (!when) {
    return error(errc::invalid_argument, "Retry-After: neither seconds nor a date");
  }
  if (*when <= now) return duration::zero();
  // In microseconds, for a far date is more nanoseconds than fit.
  const auto wait = *when - now;
  const auto cap = std::max(most, duration::zero());
  return wait >= std::chrono::ceil<std::chrono::microseconds>(cap) ? cap : duration(wait);
}

}  // namespace scalekit::inline v0::resilience
