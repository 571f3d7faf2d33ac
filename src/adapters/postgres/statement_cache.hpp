// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_STATEMENT_CACHE_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_STATEMENT_CACHE_HPP

#include <scalekit/ports/sql.hpp>

#include <cstddef>
#include <libpq-fe.h>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scalekit::inline v0::postgres {

/// A statement as the server understood it.
struct prepared_statement {
  std::string sql;
  std::string name;              ///< on the server; empty: not kept there
  std::vector<Oid> types;        ///< of the parameters
  std::vector<Oid> asked;        ///< the types we asked for, 0 where the server chose; or empty
  bool natural_refused = false;  ///< the natural types of its values do not fit this statement
  std::vector<Oid> column_types;
  std::shared_ptr<const std::vector<sql::column_info>> columns;
  bool binary_rows = false;  ///< every column is of a type we read in binary

  /// Whether it can take values of these kinds, or must be prepared anew for them.
  [[nodiscard]] bool suits(sql::parameters params) const noexcept;
};

using statement_ptr = std::shared_ptr<prepared_statement>;

/// Prepared statements by text, least recently used first out.
class statement_cache {
 public:
  explicit statement_cache(std::size_t capacity) noexcept : capacity_(capacity) {}

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] statement_ptr find(std::string_view sql);
  /// Adds one; returns the names of those that had to go.
  [[nodiscard]] std::vector<std::string> add(const statement_ptr& s);
  void remove(const prepared_statement& s) noexcept;
  [[nodiscard]] const std::list<statement_ptr>& all() const noexcept { return recent_; }

 private:
  std::size_t capacity_;
  std::list<statement_ptr> recent_;  // most recently used first
  std::unordered_map<std::string_view, std::list<statement_ptr>::iterator> by_text_;
};

}  // namespace scalekit::inline v0::postgres

#endif
