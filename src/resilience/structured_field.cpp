// SPDX-License-Identifier: BSL-1.0
#include "resilience/structured_field.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/encoding.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::resilience::structured {

namespace {

constexpr std::size_t longest_field = 8192;
constexpr std::size_t most_members = 64;
constexpr int most_integer_digits = 15;
constexpr int most_decimal_digits = 12;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) noexcept { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_key(char c) noexcept {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token(char c) noexcept {
  return is_alpha(c) || is_digit(c) ||
         std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f'); }

error refuse(const char* why) {
  return {errc::invalid_argument, std::string("structured field: ") + why};
}

class parser {
 public:
  explicit parser(std::string_view text) noexcept : rest_(text) {}

  result<std::vector<member>> list() {
    std::vector<member> members;
    skip(" ");
    if (rest_.empty()) return members;
    for (;;) {
      if (members.size() == most_members) {
        return error(errc::limit_exceeded, "structured field: more than 64 members");
      }
      auto value = bare_item();
      if (!value) return value.error();
      auto parameters = read_parameters();
      if (!parameters) return parameters.error();
      members.push_back({*std::move(value), *std::move(parameters)});
      skip(" \t");
      if (rest_.empty()) return members;
      if (!accept(',')) return refuse("a comma is missing between two members");
      skip(" \t");
      if (rest_.empty()) return refuse("a comma stands at the end");
    }
  }

 private:
  [[nodiscard]] char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool accept(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view blanks) noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
  }
  template <class Test>
  std::string_view take_while(Test test) noexcept {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), test);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  result<std::vector<parameter>> read_parameters() {
    std::vector<parameter> all;
    while (accept(';')) {
      skip(" ");
      if (!is_lower(peek()) && peek() != '*') return refuse("a parameter has no name");
      parameter p{std::string(take_while(is_key)), true};
      if (accept('=')) {
        auto value = bare_item();
        if (!value) return value.error();
        p.value = *std::move(value);
      }
      all.push_back(std::move(p));
    }
    return all;
  }

  result<item> bare_item() {
    const char c = peek();
    if (c == '-' || is_digit(c)) return number();
    if (accept('"')) return string();
    if (is_alpha(c) || c == '*') return item(token{std::string(take_while(is_token))});
    if (accept(':')) return byte_item();
    if (accept('?')) return boolean();
    if (accept('@')) return date();
    if (accept('%')) return display_string();
    return refuse("a member that is no item");
  }

  result<item> number() {
    const bool negative = accept('-');
    const std::string_view digits = take_while(is_digit);
    if (digits.empty()) return refuse("a number has no digits");
    if (accept('.')) {
      const std::size_t fraction = take_while(is_digit).size();
      if (digits.size() > most_decimal_digits || fraction == 0 || fraction > 3) {
        return refuse("a decimal is out of range");
      }
      return item(other{});
    }
    if (digits.size() > most_integer_digits) return refuse("a number is out of range");
    std::int64_t n = 0;
    for (const char d : digits) n = n * 10 + (d - '0');
    return item(negative ? -n : n);
  }

  result<item> string() {
    std::string text;
    while (!rest_.empty()) {
      const char c = peek();
      rest_.remove_prefix(1);
      if (c == '"') return item(std::move(text));
      if (c == '\\') {
        if (peek() != '"' && peek() != '\\') return refuse("a string has a stray backslash");
        text.push_back(peek());
        rest_.remove_prefix(1);
      } else if (c < ' ' || c > '~') {
        return refuse("a string has a character that is not printable");
      } else {
        text.push_back(c);
      }
    }
    return refuse("a string does not end");
  }

  result<item> byte_item() {
    const std::size_t end = rest_.find(':');
    if (end == std::string_view::npos) return refuse("a byte sequence does not end");
    auto decoded = from_base64(rest_.substr(0, end));
    if (!decoded) return refuse("a byte sequence is not base64");
    rest_.remove_prefix(end + 1);
    return item(byte_sequence{std::string(as_text(*decoded))});
  }

  result<item> boolean() {
    if (accept('1')) return item(true);
    if (accept('0')) return item(false);
    return refuse("a boolean is neither ?0 nor ?1");
  }

  result<item> date() {
    auto seconds = number();
    if (!seconds) return seconds;
    if (!std::holds_alternative<std::int64_t>(*seconds)) return refuse("a date is not whole");
    return item(other{});
  }

  result<item> display_string() {
    if (!accept('"')) return refuse("a display string has no quote");
    while (!rest_.empty()) {
      const char c = peek();
      rest_.remove_prefix(1);
      if (c == '"') return item(other{});
      if (c < ' ' || c > '~')
        return refuse("a display string has a character that is not printable");
      if (c != '%') continue;
      if (rest_.size() < 2 || !is_hex(rest_[0]) || !is_hex(rest_[1])) {
        return refuse("a display string has a stray percent sign");
      }
      rest_.remove_prefix(2);
    }
    return refuse("a display string does not end");
  }

  std::string_view rest_;
};

}  // namespace

const item* member::find(std::string_view key) const noexcept {
  const item* found = nullptr;
  for (const parameter& p : parameters) {
    if (p.key == key) found = &p.value;
  }
  return found;
}

result<std::vector<member>> parse_list(std::string_view field) {
  if (field.size() > longest_field) {
    return error(errc::limit_exceeded, "structured field: longer than 8 KiB");
  }
  while (!field.empty() && field.back() == ' ') field.remove_suffix(1);
  return parser(field).list();
}

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

void append_bytes(std::string& out, std::string_view bytes) {
  out.append(":").append(to_base64(as_bytes(bytes))).append(":");
}

bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace scalekit::inline v0::resilience::structured
