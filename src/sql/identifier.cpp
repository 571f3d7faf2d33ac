// SPDX-License-Identifier: BSL-1.0
#include <scalekit/sql/identifier.hpp>

#include <cstddef>

namespace scalekit::inline v0::sql {

namespace {

bool is_mysql_like(dialect d) noexcept { return d == dialect::mariadb || d == dialect::mysql; }

std::size_t longest_identifier(dialect d) noexcept {
  if (d == dialect::postgres) return 63;
  if (is_mysql_like(d)) return 64;
  return 1024;
}

}  // namespace

result<std::string> quote_identifier(dialect d, std::string_view name) {
  if (name.empty()) return error(errc::invalid_argument, "identifier: the name is empty");
  if (name.find('\0') != std::string_view::npos) {
    return error(errc::invalid_argument, "identifier: the name holds a NUL character");
  }
  if (name.size() > longest_identifier(d)) {
    return error(
        errc::invalid_argument,
        "identifier: \"" + std::string(name.substr(0, 40)) + "...\" has " +
            std::to_string(name.size()) + " bytes; " + std::string(to_string(d)) + " allows " +
            std::to_string(longest_identifier(d))
    );
  }
  const char quote = is_mysql_like(d) ? '`' : '"';
  std::string out;
  out.reserve(name.size() + 2);
  out.push_back(quote);
  for (const char c : name) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

result<std::string> quote_qualified(dialect d, std::string_view name) {
  std::string out;
  for (;;) {
    const std::size_t dot = name.find('.');
    auto part = quote_identifier(d, name.substr(0, dot));
    if (!part) return part.error();
    out += *part;
    if (dot == std::string_view::npos) return out;
    out.push_back('.');
    name.remove_prefix(dot + 1);
  }
}

void append_placeholder(std::string& sql, dialect d, std::size_t number) {
  sql.push_back(d == dialect::postgres ? '$' : '?');
  if (has_numbered_parameters(d)) sql += std::to_string(number);
}

}  // namespace scalekit::inline v0::sql
