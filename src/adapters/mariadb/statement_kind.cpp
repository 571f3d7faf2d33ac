// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/statement_kind.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace scalekit::inline v0::mariadb {

namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What follows one comment at the start of `sql`, or `sql` itself where there is none. A comment
// that the server executes (`/*! ... */`) is none.
std::string_view after_comment(std::string_view sql) noexcept {
  const bool dashes =
      sql.starts_with("--") && (sql.size() == 2 || blanks.find(sql[2]) != std::string_view::npos);
  if (dashes || sql.starts_with('#')) {
    const auto end = sql.find('\n');
    return end == std::string_view::npos ? std::string_view() : sql.substr(end + 1);
  }
  if (sql.starts_with("/*") && !sql.starts_with("/*!") && !sql.starts_with("/*M!")) {
    const auto end = sql.find("*/", 2);
    return end == std::string_view::npos ? std::string_view() : sql.substr(end + 2);
  }
  return sql;
}

std::string_view skip_blank(std::string_view sql) noexcept {
  for (;;) {
    const auto start = sql.find_first_not_of(blanks);
    if (start == std::string_view::npos) return {};
    sql.remove_prefix(start);
    const std::string_view rest = after_comment(sql);
    if (rest.size() == sql.size()) return sql;
    sql = rest;
  }
}

bool same_word(std::string_view text, std::string_view upper) noexcept {
  return std::ranges::equal(text, upper, [](char a, char b) {
    return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
  });
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) noexcept {
  return std::ranges::any_of(words, [&](std::string_view w) { return same_word(word, w); });
}

}  // namespace

statement_kind kind_of(std::string_view sql) noexcept {
  sql = skip_blank(sql);
  if (sql.empty()) return statement_kind::empty;
  while (sql.starts_with('(')) sql = skip_blank(sql.substr(1));
  const auto end = std::ranges::find_if_not(sql, is_letter);
  const std::string_view word(sql.begin(), end);
  static constexpr std::array<std::string_view, 3> selecting = {"SELECT", "VALUES", "TABLE"};
  static constexpr std::array<std::string_view, 4> reading = {
      "SHOW", "DESCRIBE", "DESC", "EXPLAIN"};
  static constexpr std::array<std::string_view, 9> writing = {
      "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "DO", "SAVEPOINT", "RELEASE", "LOAD"};
  if (is_one_of(word, selecting)) return statement_kind::selects;
  if (is_one_of(word, reading)) return statement_kind::reads;
  // ROLLBACK ends a transaction, but in the way a lost connection does too.
  if (is_one_of(word, writing) || same_word(word, "ROLLBACK")) return statement_kind::writes;
  return statement_kind::ends_transaction;
}

}  // namespace scalekit::inline v0::mariadb
