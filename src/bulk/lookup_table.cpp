// SPDX-License-Identifier: BSL-1.0
#include "bulk/fnv.hpp"

#include <scalekit/bulk/lookup_table.hpp>
#include <scalekit/sql/canonical.hpp>

#include <utility>
#include <vector>

namespace scalekit::inline v0::bulk {

namespace {

std::uint64_t entry_hash(sql::value_view key, sql::value_view shown) {
  std::string text;
  sql::append_canonical(text, key);
  sql::append_canonical(text, shown);
  return fnv1a(text);
}

}  // namespace

/// A sum, so that neither the order of the entries nor one that was replaced counts.
void lookup_table::count(sql::value_view key, const sql::value* before, const sql::value& shown) {
  if (before != nullptr) fingerprint_ -= entry_hash(key, *before);
  fingerprint_ += entry_hash(key, shown);
}

result<void> lookup_table::insert(sql::value_view key, sql::value shown) {
  if (key.kind() != sql::value_kind::int64 && key.kind() != sql::value_kind::text) {
    return error(
        errc::invalid_argument,
        "lookup_table: a key must be an integer or a text, not " +
            std::string(sql::to_string(key.kind()))
    );
  }
  count(key, find(key), shown);
  if (key.kind() == sql::value_kind::int64) {
    numbers_.insert_or_assign(key.as_int64(), std::move(shown));
  } else {
    texts_.insert_or_assign(std::string(key.as_text()), std::move(shown));
  }
  return {};
}

const sql::value* lookup_table::find(sql::value_view key) const noexcept {
  if (key.kind() == sql::value_kind::int64) {
    const auto found = numbers_.find(key.as_int64());
    return found == numbers_.end() ? nullptr : &found->second;
  }
  if (key.kind() == sql::value_kind::text) {
    const auto found = texts_.find(key.as_text());
    return found == texts_.end() ? nullptr : &found->second;
  }
  return nullptr;
}

result<std::shared_ptr<const lookup_table>> lookup_table::load(
    sql::connection& db, const sql::fragment& select, const lookup_options& options
) {
  std::string text;
  select.render(text, db.dialect(), 1);
  const std::vector<sql::value_view> params(select.params().begin(), select.params().end());
  auto found = db.query(text, params);
  if (!found) return std::move(found).error().with_context("lookup_table");
  if ((*found)->columns().size() != 2) {
    return error(errc::invalid_argument, "lookup_table: the query must yield a key and a value");
  }
  auto table = std::make_shared<lookup_table>();
  for (;;) {
    auto more = (*found)->next();
    if (!more) return std::move(more).error().with_context("lookup_table");
    if (!*more) break;
    const auto row = (*found)->row();
    if (row[0].is_null()) continue;
    if (auto added = table->insert(row[0], row[1]); !added) return added.error();
    if (options.max_entries != 0 && table->size() > options.max_entries) {
      return error(
          errc::limit_exceeded,
          "lookup_table: more than " + std::to_string(options.max_entries) +
              " entries; raise max_entries or join in the query"
      );
    }
  }
  return std::shared_ptr<const lookup_table>(std::move(table));
}

}  // namespace scalekit::inline v0::bulk
