// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_SQL_STATEMENT_HPP
#define SCALEKIT_SRC_SQL_STATEMENT_HPP

#include <scalekit/ports/sql.hpp>
#include <scalekit/sql/fragment.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::sql {

/// A fragment's text and parameters as a dialect spells them; borrows from the fragment.
struct statement {
  std::string text;
  std::vector<value_view> params;

  statement(const fragment& f, dialect d) {
    f.render(text, d, 1);
    params.assign(f.params().begin(), f.params().end());
  }
};

inline result<execution> execute(connection& db, const fragment& f) {
  const statement s(f, db.dialect());
  return db.execute(s.text, s.params);
}

/// The front of the names of our own tables: a plain identifier, short enough for every dialect.
inline result<void> check_table_prefix(std::string_view prefix) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool digit_first = !prefix.empty() && prefix.front() >= '0' && prefix.front() <= '9';
  if (prefix.size() <= 24 && !digit_first && std::ranges::all_of(prefix, plain)) return {};
  return error(
      errc::invalid_argument, "must be at most 24 letters, digits and underscores, no digit first"
  );
}

/// The type of a column for bytes of any number.
inline std::string_view blob_type(dialect d) noexcept {
  switch (d) {
    case dialect::sqlite:
      return "BLOB";
    case dialect::postgres:
      return "BYTEA";
    case dialect::mariadb:
    case dialect::mysql:
      return "LONGBLOB";
  }
  return "BLOB";
}

}  // namespace scalekit::inline v0::sql

#endif
