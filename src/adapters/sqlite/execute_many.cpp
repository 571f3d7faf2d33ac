// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/state.hpp"
#include "ports/row_major.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::sqlite {

namespace {

// Leaves SQLite's last rowid as it was, or as the latest new row made it.
struct rowid_keeper {
  explicit rowid_keeper(sqlite3* handle) noexcept
      : db(handle), last(sqlite3_last_insert_rowid(handle)) {}
  rowid_keeper(const rowid_keeper&) = delete;
  rowid_keeper& operator=(const rowid_keeper&) = delete;
  ~rowid_keeper() { sqlite3_set_last_insert_rowid(db, last); }

  sqlite3* db;
  sqlite3_int64 last;
};

// Whether a column of integers makes `id`, which is negative, of it.
bool becomes(const sql::value_view& v, std::int64_t id) noexcept {
  if (v.kind() == sql::value_kind::int64) return v.as_int64() == id;
  if (v.kind() != sql::value_kind::text && v.kind() != sql::value_kind::decimal) return false;
  std::string_view text = v.as_text();
  // Nearly all texts: neither the minus nor a blank before it is above it.
  if (text.empty() || text.front() > '-') return false;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && number == id;
}

// A rowid that inserting the row cannot give: none of its values, and SQLite chooses none like it.
// Nor can a double be it: of those, INT64_MIN is one, and the next is 1024 away.
std::int64_t impossible_rowid(std::span<const sql::value_view> row) noexcept {
  std::int64_t id = INT64_MIN + 1;
  const auto is_id = [&id](const sql::value_view& v) { return becomes(v, id); };
  while (std::ranges::any_of(row, is_id)) ++id;
  return id;
}

}  // namespace

result<sql::executions> connection::execute_many(
    std::string_view sql, sql::parameters values, std::size_t width, std::size_t* failed_row
) {
  if (auto whole = sql::check_rows(values.size(), width); !whole) return whole.error();
  sql::executions all{.new_ids = 0};
  if (values.empty()) return all;
  if (failed_row != nullptr) *failed_row = 0;
  auto s = state_->start(sql, values.first(width), lifetime::statement);
  if (!s) return s.error();
  sqlite3* db = state_->db;
  sqlite3_stmt* handle = (*s)->handle.get();
  rowid_keeper id(db);
  for (std::size_t at = 0; at < values.size(); at += width) {
    if (failed_row != nullptr) *failed_row = at / width;
    const auto row = values.subspan(at, width);
    if (at != 0) {
      if (auto bound = bind_all(db, **s, row, lifetime::statement); !bound) return bound.error();
      ++state_->stats.statements;
    }
    const std::int64_t none = impossible_rowid(row);
    sqlite3_set_last_insert_rowid(db, none);
    const sqlite3_int64 changes_before = sqlite3_total_changes64(db);
    int rc = SQLITE_ROW;
    while (rc == SQLITE_ROW) rc = sqlite3_step(handle);
    if (rc != SQLITE_DONE) return state_->failure(rc, sql);
    if (sqlite3_total_changes64(db) != changes_before) all.affected_rows += sqlite3_changes64(db);
    if (const auto given = sqlite3_last_insert_rowid(db); given != none) {
      id.last = given;
      ++*all.new_ids;
    }
    sqlite3_reset(handle);
  }
  return all;
}

}  // namespace scalekit::inline v0::sqlite
