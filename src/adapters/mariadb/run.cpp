// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/state.hpp"

#include <utility>

namespace scalekit::inline v0::mariadb {

result<sql::execution> connection::state::run_text(std::string_view sql, statement_kind kind) {
  const exchange running(*this);
  return text(sql, kind);
}

result<sql::execution> connection::state::text(std::string_view sql, statement_kind kind) {
  if (kind == statement_kind::empty) {
    return error(errc::invalid_argument, "the SQL holds no statement: " + excerpt(sql));
  }
  if (auto fits = check_size(sql.size()); !fits) return fits.error();
  ++stats.statements;
  const bool was_in_transaction = in_transaction();
  if (mysql_real_query(db, sql.data(), sql.size()) != 0) return fail(kind, was_in_transaction);
  sql::execution done;
  if (mysql_field_count(db) == 0) {
    done.affected_rows = static_cast<std::int64_t>(mysql_affected_rows(db));
    if (done.affected_rows > 0)
      done.last_insert_id = static_cast<std::int64_t>(mysql_insert_id(db));
  }
  auto rows = drain(kind, was_in_transaction);
  if (!rows) return std::move(rows).error();
  if (kind == statement_kind::writes && *rows > 0) done.affected_rows = *rows;
  return done;
}

// One result after the other; the number of rows in all.
result<std::int64_t> connection::state::drain(statement_kind kind, bool was_in_transaction) {
  std::int64_t count = 0;
  for (;;) {
    if (MYSQL_RES* rows = mysql_use_result(db); rows != nullptr) {
      while (mysql_fetch_row(rows) != nullptr) ++count;
      const bool whole = mysql_errno(db) == 0;
      std::optional<error> why;
      if (!whole) why = fail(kind, was_in_transaction);
      mysql_free_result(rows);
      if (why) return *std::move(why);
    }
    const int more = mysql_next_result(db);
    // Negative at the end, but also where a LOCAL INFILE was refused.
    if (mysql_errno(db) != 0) return fail(kind, was_in_transaction);
    if (more != 0) return count;
  }
}

result<sql::execution> connection::state::run_prepared(
    std::string_view sql, sql::parameters params
) {
  const exchange running(*this);
  const bool was_in_transaction = in_transaction();
  auto started = start(sql, params);
  if (!started) return std::move(started).error();
  statement& s = **started;
  sql::execution done;
  if (!s.has_rows()) {
    done.affected_rows = static_cast<std::int64_t>(mysql_stmt_affected_rows(s.handle()));
    if (done.affected_rows > 0) {
      done.last_insert_id = static_cast<std::int64_t>(mysql_stmt_insert_id(s.handle()));
    }
    return done;
  }
  s.refresh_columns();
  std::int64_t rows = 0;
  int rc = 0;
  while ((rc = s.fetch()) == 0) ++rows;
  if (rc != MYSQL_NO_DATA || !s.discard()) return fail(s.why(), s.kind(), was_in_transaction);
  if (s.kind() == statement_kind::writes) done.affected_rows = rows;
  return done;
}

result<void> connection::state::run_script(std::string_view sql) {
  const exchange running(*this);
  if (auto fits = check_size(sql.size()); !fits) return fits;
  if (mysql_set_server_option(db, MYSQL_OPTION_MULTI_STATEMENTS_ON) != 0) {
    return fail(statement_kind::reads, in_transaction());
  }
  result<void> done;
  int number = 1;
  int rc = mysql_real_query(db, sql.data(), sql.size());
  while (rc == 0) {
    ++stats.statements;
    mysql_free_result(mysql_use_result(db));
    if (mysql_errno(db) != 0) break;  // it broke midway
    rc = mysql_next_result(db);
    ++number;
  }
  if (mysql_errno(db) != 0) {
    done = fail(statement_kind::ends_transaction, in_transaction())
               .with_context("statement " + std::to_string(number) + " of the script");
    // A LOCAL INFILE was refused. The server goes on with the script, and libmariadb does not tell
    // how many answers are still to come.
    if (rc < 0) broken = true;
  }
  // Left on, it would let pasted SQL bring a second statement. An interrupt on its
  // way may hit the first try.
  bool off = false;
  for (int tries = 3; !off && !broken && tries > 0; --tries) {
    off = mysql_set_server_option(db, MYSQL_OPTION_MULTI_STATEMENTS_OFF) == 0;
  }
  if (!off) broken = true;
  return done;
}

}  // namespace scalekit::inline v0::mariadb
