// SPDX-License-Identifier: BSL-1.0
#include "bulk/ascii.hpp"
#include "bulk/field_types.hpp"
#include "bulk/number_text.hpp"

#include <algorithm>

namespace scalekit::inline v0::bulk {

namespace {

class decimal_reader final : public field_reader {
 public:
  explicit decimal_reader(const decimal_limits& limits) : limits_(limits) {}

  flaw read(std::string_view text, std::string& memory, sql::value_view& out) const override {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
    const std::size_t point = text.find(limits_.separator);
    const std::string_view whole = text.substr(0, point);
    std::string_view fraction;
    if (point != std::string_view::npos) fraction = text.substr(point + 1);
    if ((whole.empty() && fraction.empty()) || !all_digits(fraction)) return flaw::shape;

    memory.assign(1, '-');
    if (!append_whole(memory, whole)) return flaw::shape;
    while (fraction.size() > limits_.scale && fraction.back() == '0') fraction.remove_suffix(1);
    if (fraction.size() > limits_.scale) return flaw::scale;
    const std::size_t digits = memory.size() - 1;
    if (memory[1] != '0' && digits > limits_.precision - limits_.scale) return flaw::precision;
    if (limits_.scale != 0) {
      memory.push_back('.');
      memory.append(fraction).append(limits_.scale - fraction.size(), '0');
    }
    const bool zero = memory.find_first_not_of("0.", 1) == std::string::npos;
    std::string_view number(memory);
    if (!negative || zero) number.remove_prefix(1);
    if (!minimum_.empty() && less_decimal(number, minimum_)) return flaw::below_minimum;
    if (!maximum_.empty() && less_decimal(maximum_, number)) return flaw::above_maximum;
    out = sql::value_view::decimal(number);
    return flaw::none;
  }

  explanation explain(flaw f, std::string_view text) const override {
    const std::string value = quoted(text);
    switch (f) {
      case flaw::below_minimum:
        return {value + " is less than " + limits_.minimum};
      case flaw::above_maximum:
        return {value + " is more than " + limits_.maximum};
      case flaw::precision:
        return {
            value + " has more than " + std::to_string(limits_.precision - limits_.scale) +
            " digits before the decimal separator"};
      case flaw::scale:
        return {
            value + " has more than " + std::to_string(limits_.scale) +
                " digits behind the decimal separator",
            "round it in the file: nothing is rounded here"};
      default:
        return {
            value + " is not a decimal number",
            rewritten_number(text, limits_.separator, limits_.scale)};
    }
  }

  /// The limits, which are written with a point, in the form of the values.
  void take_range(std::vector<std::string>& problems) {
    const decimal_reader plain({.precision = limits_.precision, .scale = limits_.scale});
    const auto take = [&](std::string_view name, const std::string& text, std::string& into) {
      if (text.empty()) return;
      std::string memory;
      sql::value_view number;
      if (plain.read(text, memory, number) == flaw::none) {
        into = number.as_text();
      } else {
        problems.push_back(
            "decimal: " + std::string(name) + " " + quoted(text) +
            " does not fit the precision and scale"
        );
      }
    };
    take("minimum", limits_.minimum, minimum_);
    take("maximum", limits_.maximum, maximum_);
    if (!minimum_.empty() && !maximum_.empty() && less_decimal(maximum_, minimum_)) {
      problems.emplace_back("decimal: minimum is above maximum");
    }
  }

 private:
  /// Without zeros in front, but at least one digit.
  bool append_whole(std::string& out, std::string_view whole) const {
    const std::size_t begin = out.size();
    if (limits_.thousands != '\0' && whole.find(limits_.thousands) != std::string_view::npos) {
      if (!append_ungrouped(out, whole, limits_.thousands)) return false;
    } else {
      if (!all_digits(whole)) return false;
      out.append(whole);
    }
    const std::size_t zeros = std::min(out.find_first_not_of('0', begin), out.size()) - begin;
    out.erase(begin, zeros);
    if (out.size() == begin) out.push_back('0');
    return true;
  }

  decimal_limits limits_;
  std::string minimum_;
  std::string maximum_;
};

}  // namespace

field_reader_ptr make_decimal_reader(
    const decimal_limits& limits, std::vector<std::string>& problems
) {
  constexpr std::size_t most = 1000;
  check_separators(limits.separator, limits.thousands, "decimal", problems);
  if (limits.precision == 0 || limits.precision > most || limits.scale > limits.precision) {
    problems.emplace_back("decimal: precision must be 1 to 1000, and scale at most precision");
    return nullptr;
  }
  auto made = std::make_unique<decimal_reader>(limits);
  made->take_range(problems);
  return made;
}

}  // namespace scalekit::inline v0::bulk
