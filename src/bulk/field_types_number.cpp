// SPDX-License-Identifier: BSL-1.0
#include "bulk/ascii.hpp"
#include "bulk/field_types.hpp"
#include "bulk/number_text.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace scalekit::inline v0::bulk {

namespace {

std::string text_of(double v) {
  std::string out(32, '\0');
  out.resize(static_cast<std::size_t>(
      std::to_chars(out.data(), out.data() + out.size(), v).ptr - out.data()
  ));
  return out;
}

class integer_reader final : public field_reader {
 public:
  explicit integer_reader(const integer_limits& limits) : limits_(limits) {}

  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const override {
    if (!text.empty() && text.front() == '+') {
      if (limits_.plus_sign == plus_sign::refuse) return flaw::plus_sign;
      text.remove_prefix(1);
      if (!text.empty() && text.front() == '-') return flaw::shape;
    }
    if (limits_.thousands != '\0' && text.find(limits_.thousands) != std::string_view::npos) {
      const bool negative = text.front() == '-';
      memory.assign(negative ? 1 : 0, '-');
      if (!append_ungrouped(memory, text.substr(negative ? 1 : 0), limits_.thousands)) {
        return flaw::shape;
      }
      text = memory;
    }
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (stop != end || text.empty() || error == std::errc::invalid_argument) return flaw::shape;
    if (limits_.leading_zeros == leading_zeros::refuse) {
      const std::size_t first = text.front() == '-' ? 1 : 0;
      if (text[first] == '0' && text.size() > first + 1) return flaw::leading_zeros;
    }
    if (error == std::errc::result_out_of_range) {
      return text.front() == '-' ? flaw::below_minimum : flaw::above_maximum;
    }
    if (value < limits_.minimum) return flaw::below_minimum;
    if (value > limits_.maximum) return flaw::above_maximum;
    out = value;
    return flaw::none;
  }

  explanation explain(flaw f, std::string_view text) const override {
    const std::string value = quoted(text);
    switch (f) {
      case flaw::below_minimum:
        return {value + " is less than " + std::to_string(limits_.minimum)};
      case flaw::above_maximum:
        return {value + " is more than " + std::to_string(limits_.maximum)};
      case flaw::plus_sign:
        return {value + " has a plus sign", "write " + quoted(text.substr(1))};
      case flaw::leading_zeros: {
        std::string memory;
        sql::value_view plain;
        const bool readable =
            integer_reader({.thousands = limits_.thousands}).read(text, memory, plain) ==
            flaw::none;
        return {
            value + " has zeros in front",
            readable ? "write " + quoted(std::to_string(plain.as_int64())) : std::string()};
      }
      default:
        return {value + " is not a whole number", rewritten_number(text, '.', 0)};
    }
  }

 private:
  integer_limits limits_;
};

class float64_reader final : public field_reader {
 public:
  explicit float64_reader(const float64_limits& limits) : limits_(limits) {}

  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const override {
    if (limits_.separator != '.') {
      if (text.find('.') != std::string_view::npos) return flaw::shape;
      memory.assign(text);
      if (const auto at = memory.find(limits_.separator); at != std::string::npos) memory[at] = '.';
      text = memory;
    }
    if (!text.empty() && text.front() == '+') {
      text.remove_prefix(1);
      if (!text.empty() && text.front() == '-') return flaw::shape;
    }
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    // `nan(...)` is C's, not a file's.
    if (stop != end || text.empty() || text.back() == ')' || error == std::errc::invalid_argument) {
      return flaw::shape;
    }
    if (error == std::errc::result_out_of_range) return flaw::out_of_range;
    if (!std::isfinite(value) && limits_.non_finite == non_finite::refuse) return flaw::not_finite;
    if (value < limits_.minimum) return flaw::below_minimum;
    if (value > limits_.maximum) return flaw::above_maximum;
    out = value;
    return flaw::none;
  }

  explanation explain(flaw f, std::string_view text) const override {
    const std::string value = quoted(text);
    switch (f) {
      case flaw::below_minimum:
        return {value + " is less than " + text_of(limits_.minimum)};
      case flaw::above_maximum:
        return {value + " is more than " + text_of(limits_.maximum)};
      case flaw::out_of_range:
        return {value + " is too large, or too near to zero, for a 64-bit floating-point number"};
      case flaw::not_finite:
        return {value + " is not a finite number", "leave the field empty"};
      default:
        return {value + " is not a number", rewritten_number(text, limits_.separator)};
    }
  }

 private:
  float64_limits limits_;
};

}  // namespace

field_reader_ptr make_integer_reader(
    const integer_limits& limits, std::vector<std::string>& problems
) {
  if (limits.minimum > limits.maximum) problems.emplace_back("integer: minimum is above maximum");
  check_separators('\0', limits.thousands, "integer", problems);
  return std::make_unique<integer_reader>(limits);
}

field_reader_ptr make_float64_reader(
    const float64_limits& limits, std::vector<std::string>& problems
) {
  if (!(limits.minimum <= limits.maximum)) {
    problems.emplace_back("float64: minimum and maximum leave no number between them");
  }
  check_separators(limits.separator, '\0', "float64", problems);
  return std::make_unique<float64_reader>(limits);
}

}  // namespace scalekit::inline v0::bulk
