// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_BULK_LEDGER_HPP
#define SCALEKIT_TESTS_UNIT_BULK_LEDGER_HPP

#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/bulk/export_options.hpp>
#include <scalekit/crypto/sha256.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace scalekit_tests {

namespace sk = scalekit;

/// A small ledger in a file: every kind of content a CSV writer has to think about.
class ledger {
 public:
  explicit ledger(int rows) : path_(folder_ / "ledger.db") {
    sk::sqlite::pool_options options;
    options.connection.sync = sk::sqlite::synchronous::off;
    pool_ = std::move(sk::sqlite::pool::open(path_, options)).value();
    writer()
        ->execute_script(
            "CREATE TABLE entry (id INTEGER PRIMARY KEY, account INTEGER, amount TEXT, note TEXT, "
            "at_us INTEGER)"
        )
        .value();
    insert(1, rows);
  }

  void insert(int first, int last) {
    auto db = writer();
    db->begin({}).value();
    for (int i = first; i <= last; ++i) {
      std::string note = i % 7 == 0 ? "a, \"b\"\nc" : "note " + std::to_string(i);
      const sk::sql::value_view maybe =
          i % 5 == 0 ? sk::sql::value_view() : sk::sql::value_view(note);
      static_cast<void>(db->execute(
                              "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5)",
                              {i,
                               i % 10,
                               std::to_string(i) + ".50",
                               maybe,
                               std::int64_t{1'700'000'000'000'000} + i * 1000}
      )
                            .value());
    }
    db->commit().value();
  }

  [[nodiscard]] sk::sql::pooled_connection reader() {
    return std::move(pool_->acquire(sk::sql::access::read)).value();
  }
  [[nodiscard]] sk::sql::pooled_connection writer() {
    return std::move(pool_->acquire(sk::sql::access::write)).value();
  }
  [[nodiscard]] sk::sqlite::pool& pool() { return *pool_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  temp_folder folder_;
  std::string path_;
  std::unique_ptr<sk::sqlite::pool> pool_;
};

[[nodiscard]] inline sk::keyset::order by_id() {
  return std::move(sk::keyset::order::make(
                       {{.name = "id", .nullability = sk::keyset::nullability::not_null}},
                       {.columns = {"id"}, .storage = sk::keyset::key_storage::sqlite_rowid}
                   ))
      .value();
}

[[nodiscard]] inline sk::bulk::export_options all_entries() {
  sk::bulk::export_options o{.source = {.table = "entry"}, .order = by_id(), .columns = {}};
  for (const char* name : {"id", "account", "amount", "note", "at_us"}) {
    sk::bulk::export_column c;
    c.name = name;
    o.columns.push_back(c);
  }
  o.columns[4].format.integer = sk::csv::show_integer::timestamp;
  o.chunk_bytes = 1000;
  o.page_rows = 17;
  o.digest = sk::crypto::sha256_factory();
  return o;
}

/// Everything that is left of an export.
[[nodiscard]] inline std::string drain(sk::bulk::chunk_source& source) {
  std::string all;
  sk::csv::buffer chunk;
  while (source.next(chunk).value()) all += chunk.view();
  return all;
}

}  // namespace scalekit_tests

#endif
