// SPDX-License-Identifier: BSL-1.0
#include "bulk/char_pattern.hpp"

#include "bulk/ascii.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace scalekit::inline v0::bulk {

class char_pattern::parser {
 public:
  explicit parser(std::string_view pattern) : pattern_(pattern) {}

  result<char_pattern> run() {
    char_pattern made;
    while (at_ < pattern_.size()) {
      if (!made.elements_.empty()) {
        const element& before = made.elements_.back();
        if (before.least != before.most) {
          return wrong("only the last part may be repeated a varying number of times");
        }
      }
      auto part = next_element();
      if (!part) return part.error();
      made.elements_.push_back(*std::move(part));
    }
    return made;
  }

 private:
  error wrong(std::string_view why) const {
    return {
        errc::invalid_argument,
        "pattern `" + std::string(pattern_) + "`, character " + std::to_string(at_ + 1) + ": " +
            std::string(why)};
  }

  [[nodiscard]] bool at(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }

  /// The next character, `\` taken off.
  std::optional<unsigned char> plain() {
    if (at('\\')) ++at_;
    if (at_ == pattern_.size()) return std::nullopt;
    return static_cast<unsigned char>(pattern_[at_++]);
  }

  result<element> next_element() {
    element made;
    if (at('[')) {
      auto set = bracket();
      if (!set) return set.error();
      made.set = *set;
    } else if (at(']') || at('{') || at('}')) {
      return wrong("write a `\\` before a bracket that stands for itself");
    } else {
      const auto c = plain();
      if (!c) return wrong("a `\\` needs a character behind it");
      made.set.set(*c);
    }
    if (at('{')) {
      if (auto read = repetition(made); !read) return read.error();
    }
    return made;
  }

  result<std::bitset<256>> bracket() {
    ++at_;
    std::bitset<256> set;
    const bool negated = at('^');
    if (negated) ++at_;
    while (!at(']')) {
      const auto first = plain();
      if (!first) return wrong("the `[` is not closed");
      auto last = first;
      // A `-` at the end stands for itself.
      if (at('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        last = plain();
        if (!last) return wrong("the `[` is not closed");
      }
      if (*last < *first) return wrong("a range that goes backwards");
      if (*last >= 0x80) return wrong("a set holds ASCII characters only");
      for (std::size_t c = *first; c <= *last; ++c) set.set(c);
    }
    ++at_;
    if (set.none()) return wrong("a set of no characters");
    return negated ? ~set : set;
  }

  result<void> repetition(element& of) {
    ++at_;
    if (!number(of.least)) return wrong("a number must follow `{`");
    of.most = of.least;
    if (at(',')) {
      ++at_;
      if (!number(of.most)) of.most = std::numeric_limits<std::size_t>::max();
    }
    if (!at('}')) return wrong("the `{` is not closed");
    ++at_;
    if (of.most < of.least || of.most == 0) return wrong("a part that is never there");
    return {};
  }

  bool number(std::size_t& out) {
    const char* const begin = pattern_.data() + at_;
    const auto [stop, failure] = std::from_chars(begin, pattern_.data() + pattern_.size(), out);
    at_ += static_cast<std::size_t>(stop - begin);
    return failure == std::errc();
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
};

result<char_pattern> char_pattern::compile(std::string_view pattern) {
  return parser(pattern).run();
}

std::size_t char_pattern::mismatch(std::string_view text) const noexcept {
  std::size_t at = 0;
  for (const element& e : elements_) {
    std::size_t met = 0;
    while (met < e.most && at < text.size() && e.set.test(static_cast<unsigned char>(text[at]))) {
      ++met;
      ++at;
    }
    if (met < e.least) return at;
  }
  return at == text.size() ? std::string_view::npos : at;
}

}  // namespace scalekit::inline v0::bulk
