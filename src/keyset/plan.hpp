// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_PLAN_HPP
#define SCALEKIT_SRC_KEYSET_PLAN_HPP

#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// An order column as one dialect sees it.
struct plan_column {
  std::string sql = {};
  bool descending = false;
  bool nullable = false;
  bool nulls_first = false;
  bool nulls_where_default = true;  // where the database puts them unasked
};

struct equality {
  std::string sql;
  sql::value value;
};

/// A source and an order with every name resolved and quoted.
struct plan {
  sql::dialect dialect = sql::dialect::sqlite;
  order by;
  std::vector<plan_column> columns = {};
  std::vector<std::string> outputs = {};
  std::size_t visible = 0;
  std::vector<std::size_t> key_positions = {};
  sql::fragment from = {};
  std::vector<equality> fixed = {};
  std::vector<sql::fragment> where = {};
  std::string index = {};
};

[[nodiscard]] result<plan> make_plan(sql::dialect d, const source& what, const order& by);

/// The same rows from the other end.
[[nodiscard]] plan reversed(const plan& p);

}  // namespace scalekit::inline v0::keyset::detail

#endif
