// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bytes.hpp>
#include <scalekit/keyset/order.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::keyset {

namespace {

error refuse(std::string what) { return {errc::invalid_argument, "order: " + std::move(what)}; }

result<void> check_unique_key(const unique_key& key) {
  if (key.columns.empty()) {
    return refuse("no unique key; without one, rows that compare equal are lost between pages");
  }
  if (key.nullability == nullability::nullable) {
    return refuse(
        "the unique key (" + key.columns.front() +
        ") is nullable, and SQL lets NULLs repeat in it; declare it NOT NULL or name another"
    );
  }
  if (key.storage == key_storage::sqlite_rowid && key.columns.size() != 1) {
    return refuse("sqlite_rowid means one INTEGER PRIMARY KEY column, not several");
  }
  return {};
}

bool is_integer(sql::value_kind k) noexcept {
  return k == sql::value_kind::int64 || k == sql::value_kind::uint64 ||
         k == sql::value_kind::timestamp;
}

nulls opposite(nulls n) noexcept {
  if (n == nulls::database_default) return n;
  return n == nulls::first ? nulls::last : nulls::first;
}

}  // namespace

result<order> order::make(std::vector<order_column> columns, const unique_key& key) {
  if (auto ok = check_unique_key(key); !ok) return ok.error();
  const auto in_key = [&](const order_column& c) {
    return std::find(key.columns.begin(), key.columns.end(), c.name) != key.columns.end();
  };
  const direction last = columns.empty() ? direction::ascending : columns.back().direction;
  for (const std::string& name : key.columns) {
    const auto same = [&](const order_column& c) { return c.name == name; };
    if (std::none_of(columns.begin(), columns.end(), same)) {
      columns.push_back({.name = name, .direction = last});
    }
  }
  order out;
  out.storage_ = key.storage;
  out.key_columns_ = key.columns.size();
  std::size_t key_columns_left = key.columns.size();
  for (order_column& c : columns) {
    if (c.name.empty()) return refuse("a column has no name");
    const auto same = [&](const order_column& other) { return other.name == c.name; };
    if (std::count_if(columns.begin(), columns.end(), same) > 1) {
      return refuse("the column " + c.name + " is named twice");
    }
    if (key_columns_left == 0) continue;
    if (in_key(c)) {
      --key_columns_left;
      c.nullability = nullability::not_null;
      if (!c.kind) c.kind = key.kind;
    }
    if (c.nullability == nullability::not_null) c.nulls = nulls::database_default;
    out.columns_.push_back(std::move(c));
  }
  if (key_columns_left != 0) return refuse("the unique key names a column twice");
  return out;
}

bool order::uniform_not_null() const noexcept {
  return std::all_of(columns_.begin(), columns_.end(), [&](const order_column& c) {
    return c.nullability == nullability::not_null && c.direction == columns_.front().direction;
  });
}

order order::reversed() const {
  order out = *this;
  for (order_column& c : out.columns_) {
    c.direction =
        c.direction == direction::ascending ? direction::descending : direction::ascending;
    c.nulls = opposite(c.nulls);
  }
  return out;
}

result<void> order::check_key(std::span<const sql::value> key) const {
  if (key.size() != columns_.size()) {
    return refuse(
        "a key has one value per order column, " + std::to_string(columns_.size()) + ", not " +
        std::to_string(key.size())
    );
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    const order_column& c = columns_[i];
    const sql::value_view v = key[i];
    if (v.is_null()) {
      if (c.nullability == nullability::nullable) continue;
      return refuse("the key holds NULL for " + c.name + ", which is declared NOT NULL");
    }
    if (v.kind() == sql::value_kind::float64 && std::isnan(v.as_double())) {
      return refuse("the key holds NaN for " + c.name + "; it compares with nothing");
    }
    if (c.kind && v.kind() != *c.kind && !(is_integer(v.kind()) && is_integer(*c.kind))) {
      return refuse(
          "the key holds " + std::string(sql::to_string(v.kind())) + " for " + c.name +
          ", which is " + std::string(sql::to_string(*c.kind))
      );
    }
  }
  return {};
}

std::string order::canonical() const {
  std::string out;
  for (const order_column& c : columns_) {
    append_framed(out, c.name);
    append_framed(out, c.expression);
    out.push_back(c.direction == direction::ascending ? 'a' : 'd');
    out.push_back("dfl"[static_cast<std::size_t>(c.nulls)]);
  }
  return out;
}

}  // namespace scalekit::inline v0::keyset
