// SPDX-License-Identifier: BSL-1.0
#include "bulk/number_text.hpp"

#include "bulk/ascii.hpp"

#include <algorithm>
#include <array>

namespace scalekit::inline v0::bulk {

bool append_ungrouped(std::string& out, std::string_view text, char separator) {
  std::size_t end = text.find(separator);
  if (end == std::string_view::npos) end = text.size();
  const bool separated = end != text.size();
  if (end == 0 || (separated && (end > 3 || text.front() == '0'))) return false;
  for (std::size_t begin = 0;;) {
    const std::string_view group = text.substr(begin, end - begin);
    if (!all_digits(group)) return false;
    out.append(group);
    if (end == text.size()) return true;
    begin = end + 1;
    end = begin + 3;
    if (end > text.size() || (end != text.size() && text[end] != separator)) return false;
  }
}

bool less_decimal(std::string_view a, std::string_view b) noexcept {
  const bool a_negative = a.front() == '-';
  if (a_negative != (b.front() == '-')) return a_negative;
  if (a_negative) {
    std::swap(a, b);
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

namespace {

/// The number in plain form, with `.`; nothing if it is none.
std::optional<std::string> plain(std::string_view text, char separator, char thousands) {
  std::string out;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    out.append(text.front() == '-' ? 1 : 0, '-');
    text.remove_prefix(1);
  }
  const std::size_t point = text.find(separator);
  const std::string_view whole = text.substr(0, point);
  if (!append_ungrouped(out, whole, thousands)) return std::nullopt;
  if (point == std::string_view::npos) return out;
  std::string_view fraction = text.substr(point + 1);
  if (fraction.empty() || !all_digits(fraction)) return std::nullopt;
  return out.append(1, '.').append(fraction);
}

/// Takes off zeros behind the scale; false if there are other digits.
bool fit_scale(std::string& number, std::optional<std::size_t> scale) {
  const std::size_t point = number.find('.');
  if (!scale || point == std::string::npos) return true;
  while (number.size() - point - 1 > *scale && number.back() == '0') number.pop_back();
  if (number.back() == '.') number.pop_back();
  return number.size() <= point + 1 + *scale;
}

}  // namespace

std::string rewritten_number(
    std::string_view text, char separator, std::optional<std::size_t> scale
) {
  struct spelling {
    char separator;
    char thousands;
  };
  constexpr std::array<spelling, 6> common{
      {{'.', ','}, {',', '.'}, {'.', ' '}, {',', ' '}, {'.', '\''}, {'.', '_'}}};
  std::vector<std::string> meanings;
  for (const spelling& s : common) {
    auto number = plain(text, s.separator, s.thousands);
    if (!number || !fit_scale(*number, scale)) continue;
    if (const auto at = number->find('.'); at != std::string::npos) (*number)[at] = separator;
    if (std::find(meanings.begin(), meanings.end(), *number) == meanings.end()) {
      meanings.push_back(*std::move(number));
    }
  }
  if (meanings.empty()) return {};
  if (meanings.size() == 1) {
    return "write " + meanings.front() + ", not " + std::string(text.substr(0, 80));
  }
  return "write " + meanings[0] + " or " + meanings[1] + ", whichever is meant";
}

void check_separators(
    char decimal, char thousands, std::string_view type, std::vector<std::string>& problems
) {
  const std::string name(type);
  if (decimal != '\0' && decimal != '.' && decimal != ',') {
    problems.push_back(name + ": separator must be `.` or `,`");
  }
  if (thousands == '\0') return;
  if (thousands == decimal) problems.push_back(name + ": thousands and separator are the same");
  if (is_digit(thousands) || thousands == '-' || thousands == '+') {
    problems.push_back(name + ": thousands must be neither a digit nor a sign");
  }
}

}  // namespace scalekit::inline v0::bulk
