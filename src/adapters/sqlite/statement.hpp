// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_SQLITE_STATEMENT_HPP
#define SCALEKIT_SRC_ADAPTERS_SQLITE_STATEMENT_HPP

#include <scalekit/ports/sql.hpp>

#include <sqlite3.h>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scalekit::inline v0::sqlite {

struct finalizer {
  void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
};
using statement_handle = std::unique_ptr<sqlite3_stmt, finalizer>;

/// One prepared statement and the room for its rows.
struct statement {
  statement_handle handle;
  std::string sql;
  std::size_t parameter_count = 0;
  bool cached = false;
  bool in_use = true;
  /// The columns are those of the statement as re-prepared this often; -1: not read yet.
  int columns_of = -1;
  std::shared_ptr<const std::vector<sql::column_info>> columns;  // outlive the statement's lease
  std::vector<sql::value_view> row;

  /// Reads the columns again if a change of the schema made SQLite prepare the statement anew.
  /// Call it after the first step: that is where SQLite notices.
  void refresh_columns();
};

/// Parses the first statement of `sql`; `tail` becomes what follows it. The handle is null if
/// there is only blank space, comments and semicolons.
[[nodiscard]] result<statement_handle> prepare(
    sqlite3* db, std::string_view sql, unsigned flags, std::string_view& tail
);

/// How long the bytes of a bound text or blob stay where they are.
enum class lifetime { statement, call };

/// Binds all parameters, or says which cannot be bound and why.
[[nodiscard]] result<void> bind_all(
    sqlite3* db, const statement& s, sql::parameters params, lifetime life
);

class statement_cache {
 public:
  statement_cache(sqlite3* db, std::size_t capacity, sql::connection_stats& stats) noexcept
      : db_(db), capacity_(capacity), stats_(&stats) {}

  struct returner {
    statement_cache* cache = nullptr;
    void operator()(statement* s) const noexcept { cache->give_back(s); }
  };
  /// A statement in use; reset and given back when destroyed.
  using lease = std::unique_ptr<statement, returner>;

  /// The one statement `sql` consists of: the cached one, or a new one where that is in use.
  [[nodiscard]] result<lease> checkout(std::string_view sql);

 private:
  [[nodiscard]] result<statement> prepare_one(std::string_view sql);
  void give_back(statement* s) noexcept;
  void trim() noexcept;

  sqlite3* db_;
  std::size_t capacity_;
  sql::connection_stats* stats_;
  std::list<statement> recent_;  // most recently used first
  std::unordered_map<std::string_view, std::list<statement>::iterator> by_text_;
};

}  // namespace scalekit::inline v0::sqlite

#endif
