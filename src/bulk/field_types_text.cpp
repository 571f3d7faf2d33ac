// SPDX-License-Identifier: BSL-1.0
#include "bulk/char_pattern.hpp"
#include "bulk/field_types.hpp"

#include <algorithm>

namespace scalekit::inline v0::bulk {

namespace {

std::size_t code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

class text_reader final : public field_reader {
 public:
  text_reader(const text_limits& limits, char_pattern pattern)
      : limits_(limits), pattern_(std::move(pattern)) {}

  flaw read(std::string_view text, std::string&, sql::value_view& out) const override {
    // There are never more code points than bytes, so most texts are not counted.
    if (limits_.max_length != 0 && text.size() > limits_.max_length &&
        code_points(text) > limits_.max_length) {
      return flaw::too_long;
    }
    if (limits_.min_length != 0 && code_points(text) < limits_.min_length) return flaw::too_short;
    if (!limits_.pattern.empty() && pattern_.mismatch(text) != std::string_view::npos) {
      return flaw::pattern;
    }
    out = text;
    return flaw::none;
  }

  explanation explain(flaw f, std::string_view text) const override {
    const std::string length = std::to_string(code_points(text));
    if (f == flaw::too_long) {
      const std::string most = std::to_string(limits_.max_length);
      return {
          "has " + length + " characters, but at most " + most + " are allowed",
          "shorten it to " + most + " characters"};
    }
    if (f == flaw::too_short) {
      return {
          "has " + length + " characters, but at least " + std::to_string(limits_.min_length) +
          " are needed"};
    }
    const std::size_t at = pattern_.mismatch(text);
    const std::string where =
        at == text.size() ? "it ends too early"
                          : "character " + std::to_string(code_points(text.substr(0, at)) + 1);
    return {quoted(text) + " does not have the form " + limits_.pattern + ": " + where};
  }

 private:
  text_limits limits_;
  char_pattern pattern_;
};

}  // namespace

field_reader_ptr make_text_reader(const text_limits& limits, std::vector<std::string>& problems) {
  if (limits.max_length != 0 && limits.min_length > limits.max_length) {
    problems.emplace_back("text: min_length is above max_length");
  }
  auto pattern = char_pattern::compile(limits.pattern);
  if (!pattern) {
    problems.push_back("text: " + pattern.error().message());
    return nullptr;
  }
  return std::make_unique<text_reader>(limits, *std::move(pattern));
}

}  // namespace scalekit::inline v0::bulk
