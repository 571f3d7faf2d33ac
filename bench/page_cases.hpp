// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_PAGE_CASES_HPP
#define SCALEKIT_BENCH_PAGE_CASES_HPP

/// \file
/// The table `item` in the orders that pages are measured in, and the index that serves each.

#include "measure.hpp"

#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>

#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The tenant that owns 30 % of the rows.
inline constexpr int whale = 1;

struct page_order {
  scalekit::keyset::source source{
      .table = "item", .columns = {"id", "tenant_id", "created_at", "score", "payload"}};
  scalekit::keyset::order order;
  std::string index;
};

inline scalekit::keyset::order item_order(scalekit::keyset::order_column first) {
  namespace keyset = scalekit::keyset;
  std::vector<keyset::order_column> columns{std::move(first), {.name = "id"}};
  return must(keyset::order::make(
      std::move(columns), {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid}
  ));
}

inline page_order oldest_first() {
  using scalekit::keyset::nullability;
  return {
      .order = item_order({.name = "created_at", .nullability = nullability::not_null}),
      .index = "CREATE INDEX item_oldest_first ON item(created_at, id)"};
}

/// Newest first, and ids upwards among rows of the same instant.
inline page_order mixed_directions() {
  using scalekit::keyset::direction;
  using scalekit::keyset::nullability;
  return {
      .order = item_order(
          {.name = "created_at",
           .direction = direction::descending,
           .nullability = nullability::not_null}
      ),
      .index = "CREATE INDEX item_newest_first ON item(created_at DESC, id)"};
}

/// NULLs first, as SQLite keeps them.
inline page_order by_score() {
  return {
      .order = item_order({.name = "score"}),
      .index = "CREATE INDEX item_by_score ON item(score, id)"};
}

inline page_order one_tenant() {
  page_order p = oldest_first();
  p.source.fixed = {{"tenant_id", scalekit::sql::value(whale)}};
  p.index = "CREATE INDEX item_of_tenant ON item(tenant_id, created_at, id)";
  return p;
}

}  // namespace bench

#endif
