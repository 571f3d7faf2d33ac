// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"

#include <scalekit/bulk/lookup_table.hpp>

using namespace scalekit;

TEST_CASE("a lookup table answers integer and text keys") {
  scalekit_tests::ledger data(0);
  auto db = data.writer();
  db->execute_script(
        "CREATE TABLE name (k, v); INSERT INTO name VALUES (1, 'one'), ('x', 'ex'), (NULL, 'no'),"
        " (1, 'uno'), (2, NULL)"
  )
      .value();
  auto table = bulk::lookup_table::load(*db, sql::fragment("SELECT k, v FROM name")).value();
  CHECK(table->size() == 3);
  CHECK(table->find(1)->view().as_text() == "uno");
  CHECK(table->find("x")->view().as_text() == "ex");
  CHECK(table->find(2)->is_null());
  CHECK(table->find(3) == nullptr);
  CHECK(table->find("1") == nullptr);
  CHECK(table->find(nullptr) == nullptr);
}

TEST_CASE("a lookup query that cannot be a table is refused") {
  scalekit_tests::ledger data(10);
  auto db = data.reader();
  const auto code = [&](const char* query, bulk::lookup_options o = {}) {
    return bulk::lookup_table::load(*db, sql::fragment(query), o).error().code();
  };
  CHECK(code("SELECT id FROM entry") == errc::invalid_argument);
  CHECK(code("SELECT 1.5, 2") == errc::invalid_argument);
  CHECK(code("SELECT nonsense") == errc::invalid_argument);
  CHECK(code("SELECT id, note FROM entry", {.max_entries = 9}) == errc::limit_exceeded);
  CHECK(bulk::lookup_table::load(
      *db, sql::fragment("SELECT id, note FROM entry"), {.max_entries = 10}
  ));
}
