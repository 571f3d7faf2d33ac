// SPDX-License-Identifier: BSL-1.0
#include "bulk/time_pattern.hpp"

#include "bulk/ascii.hpp"

#include <algorithm>
#include <array>

namespace scalekit::inline v0::bulk {

/// Takes what the steps ask for off the front of a text.
class time_pattern::scanner {
 public:
  scanner(std::string_view text, time_parts& out) noexcept
      : at_(text.data()), end_(at_ + text.size()), out_(&out) {}

  [[nodiscard]] bool finished() const noexcept { return at_ == end_; }

  bool take(const step& s) noexcept {
    civil_time& c = out_->civil;
    switch (s.what) {
      case part::literal:
        return one_of(s.literal, s.literal);
      case part::year: {
        unsigned year = 0;
        if (!number(year, 4, 4)) return false;
        c.year = static_cast<int>(year);
        return true;
      }
      case part::month:
        return number(c.month, s.one_digit ? 1 : 2, 2);
      case part::day:
        return number(c.day, s.one_digit ? 1 : 2, 2);
      case part::hour:
        return number(c.hour, s.one_digit ? 1 : 2, 2);
      case part::hour12:
        if (!number(c.hour, s.one_digit ? 1 : 2, 2)) return false;
        out_->in_range = out_->in_range && c.hour >= 1 && c.hour <= 12;
        return true;
      case part::minute:
        return number(c.minute, s.one_digit ? 1 : 2, 2);
      case part::second:
        return number(c.second, s.one_digit ? 1 : 2, 2);
      case part::half:
        return half();
      case part::milliseconds:
        if (!number(c.microsecond, 3, 3)) return false;
        c.microsecond *= 1000;
        return true;
      case part::fraction:
        return fraction();
      case part::zone:
        return zone();
      case part::date_time_separator:
        return one_of('T', 't') || one_of(' ', ' ');
      case part::fraction_if_any:
        return !one_of('.', '.') || fraction();
      case part::zone_if_any:
        return finished() || zone();
    }
    return false;
  }

  /// A text may say AM or PM before the hour, so that is put together in the end.
  void put_halves_together() noexcept {
    if (half_ != '\0') out_->civil.hour = out_->civil.hour % 12 + (half_ == 'p' ? 12U : 0U);
  }

 private:
  bool one_of(char a, char b) noexcept {
    if (at_ == end_ || (*at_ != a && *at_ != b)) return false;
    ++at_;
    return true;
  }

  bool number(unsigned& out, std::ptrdiff_t least, std::ptrdiff_t most) noexcept {
    const char* const limit = at_ + std::min(most, end_ - at_);
    const char* const begin = at_;
    unsigned value = 0;
    for (; at_ != limit && is_digit(*at_); ++at_) {
      value = value * 10 + static_cast<unsigned>(*at_ - '0');
    }
    out = value;
    return at_ - begin >= least;
  }

  bool fraction() noexcept {
    unsigned value = 0;
    int digits = 0;
    for (; digits < 9 && at_ != end_ && is_digit(*at_); ++at_, ++digits) {
      if (digits < 6) {
        value = value * 10 + static_cast<unsigned>(*at_ - '0');
      } else if (*at_ != '0') {
        out_->finer = true;
      }
    }
    for (int i = digits; i < 6; ++i) value *= 10;
    out_->civil.microsecond = value;
    return digits != 0;
  }

  bool half() noexcept {
    if (end_ - at_ < 2 || to_lower(at_[1]) != 'm') return false;
    half_ = to_lower(*at_);
    at_ += 2;
    return half_ == 'a' || half_ == 'p';
  }

  bool zone() noexcept {
    if (one_of('Z', 'z')) {
      out_->zone = 0;
      return true;
    }
    const bool west = at_ != end_ && *at_ == '-';
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!one_of('+', '-') || !number(hours, 2, 2)) return false;
    if (one_of(':', ':')) {
      if (!number(minutes, 2, 2)) return false;
    } else if (at_ != end_ && is_digit(*at_) && !number(minutes, 2, 2)) {
      return false;
    }
    out_->in_range = out_->in_range && hours <= 23 && minutes <= 59;
    const auto offset = static_cast<int>(hours * 60 + minutes);
    out_->zone = west ? -offset : offset;
    return true;
  }

  const char* at_;
  const char* end_;
  time_parts* out_;
  char half_ = '\0';
};

bool time_pattern::parse(std::string_view text, time_parts& out) const noexcept {
  out = {};
  scanner in(text, out);
  for (const step& s : steps_) {
    if (!in.take(s)) return false;
  }
  in.put_halves_together();
  return in.finished();
}

std::optional<time_pattern::part> time_pattern::part_of(char letter) noexcept {
  constexpr std::string_view letters = "YmdHIMSpLfz";
  constexpr std::array<part, letters.size()> parts{
      part::year,
      part::month,
      part::day,
      part::hour,
      part::hour12,
      part::minute,
      part::second,
      part::half,
      part::milliseconds,
      part::fraction,
      part::zone};
  const std::size_t at = letters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  return parts[at];
}

std::size_t time_pattern::count(part p) const noexcept {
  return static_cast<std::size_t>(std::count_if(steps_.begin(), steps_.end(), [p](const step& s) {
    return s.what == p;
  }));
}

std::string_view time_pattern::fault(use what) const {
  if (count(part::year) != 1 || count(part::month) != 1 || count(part::day) != 1) {
    return "it needs %Y, %m and %d, each once";
  }
  const std::size_t hours = count(part::hour) + count(part::hour12);
  const std::size_t fractions = count(part::milliseconds) + count(part::fraction);
  if (what == use::date) {
    const std::size_t others = hours + count(part::minute) + count(part::second) + fractions +
                               count(part::half) + count(part::zone);
    return others == 0 ? "" : "a date has no time of day: use a timestamp";
  }
  if (count(part::hour12) != count(part::half)) return "%I and %p go together";
  if (hours > 1 || count(part::minute) > 1 || count(part::second) > 1 || fractions > 1 ||
      count(part::half) > 1 || count(part::zone) > 1) {
    return "a part of the time is there twice";
  }
  if (hours < count(part::minute) || count(part::minute) < count(part::second) ||
      count(part::second) < fractions) {
    return "minutes need hours, seconds need minutes, and a fraction needs seconds";
  }
  return "";
}

result<time_pattern> time_pattern::compile(std::string_view pattern, use what) {
  const auto wrong = [&](std::string_view why) {
    return error(
        errc::invalid_argument, "pattern `" + std::string(pattern) + "`: " + std::string(why)
    );
  };
  time_pattern made;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    step s{.literal = pattern[i]};
    if (pattern[i] == '%') {
      if (++i < pattern.size() && pattern[i] == '-') {
        s.one_digit = true;
        ++i;
      }
      if (i >= pattern.size()) return wrong("it ends within a `%`");
      const auto found = part_of(pattern[i]);
      if (found) {
        s.what = *found;
      } else if (pattern[i] != '%' || s.one_digit) {
        return wrong("`%" + std::string(1, pattern[i]) + "` is not known; write %% for a `%`");
      }
      constexpr std::string_view may_be_short = "mdHIMS";
      if (s.one_digit && may_be_short.find(pattern[i]) == std::string_view::npos) {
        return wrong("`%-` goes with m, d, H, I, M and S only");
      }
    }
    made.steps_.push_back(s);
  }
  if (const std::string_view why = made.fault(what); !why.empty()) return wrong(why);
  return made;
}

time_pattern time_pattern::rfc3339() {
  time_pattern made;
  made.steps_ = {
      {part::year},
      {part::literal, '-'},
      {part::month},
      {part::literal, '-'},
      {part::day},
      {part::date_time_separator},
      {part::hour},
      {part::literal, ':'},
      {part::minute},
      {part::literal, ':'},
      {part::second},
      {part::fraction_if_any},
      {part::zone_if_any}};
  return made;
}

std::string time_pattern::example() const {
  constexpr std::array<std::string_view, 15> shown{
      "", "2024", "12", "31", "18", "06", "45", "09", "PM", "120", "12", "Z", "T", "", "Z"};
  std::string out;
  for (const step& s : steps_) {
    if (s.what == part::literal) {
      out.push_back(s.literal);
    } else {
      out.append(shown[static_cast<std::size_t>(s.what)]);
    }
  }
  return out;
}

}  // namespace scalekit::inline v0::bulk
