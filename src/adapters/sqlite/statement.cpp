// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/statement.hpp"

#include "adapters/sqlite/error.hpp"

#include <climits>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <utility>

namespace scalekit::inline v0::sqlite {

namespace {

// True if nothing but blank space, comments and semicolons is left.
bool is_blank(sqlite3* db, std::string_view rest) {
  for (;;) {
    const std::size_t start = rest.find_first_not_of("; \t\r\n\f");
    if (start == std::string_view::npos) return true;
    rest.remove_prefix(start);
    // SQLite itself is the only judge of where a comment ends.
    std::string_view tail;
    auto next = prepare(db, rest, 0, tail);
    if (!next || *next) return false;
    rest = tail;
  }
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

error refused(const statement& s, std::size_t number, std::string_view why) {
  std::string message = "parameter " + std::to_string(number) + " of " + excerpt(s.sql) + ": ";
  return {errc::invalid_argument, message.append(why)};
}

int bind_bytes(sqlite3_stmt* s, int index, sql::value_view v, lifetime life) {
  // A null pointer would bind NULL, and an empty view may hold one.
  const std::string_view data = v.as_text().empty() ? std::string_view("") : v.as_text();
  const auto keep = life == lifetime::statement ? SQLITE_STATIC : SQLITE_TRANSIENT;
  if (v.kind() == sql::value_kind::blob) {
    return sqlite3_bind_blob64(s, index, data.data(), data.size(), keep);
  }
  return sqlite3_bind_text64(s, index, data.data(), data.size(), keep, SQLITE_UTF8);
}

int bind_one(sqlite3_stmt* s, int index, sql::value_view v, lifetime life) {
  switch (v.kind()) {
    case sql::value_kind::null:
      return sqlite3_bind_null(s, index);
    case sql::value_kind::int64:
    case sql::value_kind::uint64:
    case sql::value_kind::timestamp:
      return sqlite3_bind_int64(s, index, v.as_int64());
    case sql::value_kind::float64:
      return sqlite3_bind_double(s, index, v.as_double());
    case sql::value_kind::decimal:
    case sql::value_kind::text:
    case sql::value_kind::blob:
      return bind_bytes(s, index, v, life);
  }
  return SQLITE_MISUSE;
}

}  // namespace

void statement::refresh_columns() {
  sqlite3_stmt* s = handle.get();
  const int prepared = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_REPREPARE, 0);
  if (prepared == columns_of) return;
  const int count = sqlite3_column_count(s);
  auto fresh = std::make_shared<std::vector<sql::column_info>>();
  for (int i = 0; i < count; ++i) {
    fresh->push_back(
        {text_or_empty(sqlite3_column_name(s, i)), text_or_empty(sqlite3_column_decltype(s, i))}
    );
  }
  row.assign(fresh->size(), sql::value_view());
  columns = std::move(fresh);
  columns_of = prepared;
}

result<statement_handle> prepare(
    sqlite3* db, std::string_view sql, unsigned flags, std::string_view& tail
) {
  if (sql.size() > INT_MAX) {
    return error(errc::limit_exceeded, "the SQL text has " + std::to_string(sql.size()) + " bytes");
  }
  // SQLite stops at a NUL, and would ignore what follows.
  if (const auto nul = sql.find('\0'); nul != std::string_view::npos) {
    return error(
        errc::invalid_argument,
        "the SQL holds a NUL character at byte " + std::to_string(nul) + ": " + excerpt(sql, nul)
    );
  }
  if (sql.empty()) sql = " ";
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int rc =
      sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), flags, &raw, &rest);
  if (rc != SQLITE_OK) return last_error(db, rc, sql);
  tail = sql.substr(static_cast<std::size_t>(rest - sql.data()));
  return statement_handle(raw);
}

result<void> bind_all(sqlite3* db, const statement& s, sql::parameters params, lifetime life) {
  if (params.size() != s.parameter_count) {
    return error(
        errc::invalid_argument,
        "the statement takes " + std::to_string(s.parameter_count) + " parameters, " +
            std::to_string(params.size()) + " were given: " + excerpt(s.sql)
    );
  }
  for (std::size_t i = 0; i < params.size(); ++i) {
    const sql::value_view v = params[i];
    if (v.kind() == sql::value_kind::uint64 && v.as_uint64() > INT64_MAX) {
      return refused(s, i + 1, "SQLite has no integer above 2^63-1; bind it as text");
    }
    if (v.kind() == sql::value_kind::float64 && std::isnan(v.as_double())) {
      return refused(s, i + 1, "SQLite would store NaN as NULL; bind nullptr if you mean that");
    }
    if (const int rc = bind_one(s.handle.get(), static_cast<int>(i) + 1, v, life);
        rc != SQLITE_OK) {
      return last_error(db, rc, s.sql).with_context("parameter " + std::to_string(i + 1));
    }
  }
  return {};
}

result<statement_cache::lease> statement_cache::checkout(std::string_view sql) {
  auto found = recent_.end();
  // A loop over one statement finds it in front, and need not hash its text.
  if (!recent_.empty() && recent_.front().sql == sql) {
    found = recent_.begin();
  } else if (const auto entry = by_text_.find(sql); entry != by_text_.end()) {
    found = entry->second;
  }
  if (found != recent_.end() && !found->in_use) {
    recent_.splice(recent_.begin(), recent_, found);
    found->in_use = true;
    ++stats_->cache_hits;
    return lease(&*found, {this});
  }
  auto fresh = prepare_one(sql);
  if (!fresh) return std::move(fresh).error();
  if (found != recent_.end() || capacity_ == 0) {
    return lease(std::make_unique<statement>(*std::move(fresh)).release(), {this});
  }
  // In a list of its own until the index knows it: either both have it or neither.
  std::list<statement> one;
  one.push_front(*std::move(fresh));
  by_text_.emplace(one.front().sql, one.begin());
  recent_.splice(recent_.begin(), one);
  recent_.front().cached = true;
  trim();
  return lease(&recent_.front(), {this});
}

result<statement> statement_cache::prepare_one(std::string_view sql) {
  statement s;
  std::string_view tail;
  auto handle = prepare(db_, sql, capacity_ == 0 ? 0 : SQLITE_PREPARE_PERSISTENT, tail);
  if (!handle) return std::move(handle).error();
  ++stats_->prepared;
  if (!*handle) {
    return error(errc::invalid_argument, "the SQL holds no statement: " + excerpt(sql));
  }
  if (!is_blank(db_, tail)) {
    return error(
        errc::invalid_argument,
        "more than one statement (use execute_script): " +
            excerpt(sql, static_cast<std::size_t>(tail.data() - sql.data()))
    );
  }
  s.handle = *std::move(handle);
  s.sql = sql;
  s.parameter_count = static_cast<std::size_t>(sqlite3_bind_parameter_count(s.handle.get()));
  return s;
}

void statement_cache::give_back(statement* s) noexcept {
  sqlite3_stmt* handle = s->handle.get();
  stats_->work +=
      static_cast<std::uint32_t>(sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_VM_STEP, 1));
  sqlite3_reset(handle);
  // Borrowed text must not be reachable, nor a large copy kept, once the call is over.
  if (s->parameter_count > 0) sqlite3_clear_bindings(handle);
  if (!s->cached) {
    std::default_delete<statement>()(s);
    return;
  }
  s->in_use = false;
  trim();
}

void statement_cache::trim() noexcept {
  for (auto i = recent_.end(); recent_.size() > capacity_ && i != recent_.begin();) {
    --i;
    if (i->in_use) continue;
    by_text_.erase(i->sql);
    i = recent_.erase(i);
  }
}

}  // namespace scalekit::inline v0::sqlite
