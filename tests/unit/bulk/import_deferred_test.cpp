// SPDX-License-Identifier: BSL-1.0
// Constraints that the database checks at the commit: only the rows that break them are rejected.
#include "import_sqlite.hpp"

#include <algorithm>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// A tree whose rows may come in any order, for its parents are looked for at the commit.
class tree_database {
 public:
  tree_database() {
    db.write()
        ->execute_script(
            "CREATE TABLE node (id INTEGER PRIMARY KEY CHECK (id <> 13), parent INTEGER REFERENCES "
            "node (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        .value();
  }
  [[nodiscard]] std::vector<std::int64_t> ids() {
    auto write = db.write();
    auto rows = write->query("SELECT id FROM node ORDER BY id").value();
    std::vector<std::int64_t> all;
    while (rows->next().value()) all.push_back(rows->row()[0].as_int64());
    return all;
  }
  payment_database db;
};

bulk::import_options tree_import() {
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(bulk::import_schema{
      .columns = {
          {.name = "id", .type = bulk::field_type::integer, .required = true},
          {.name = "parent", .type = bulk::field_type::integer}}});
  o.target = {.table = "node", .key = {"id"}};
  o.format.null_texts = {""};
  o.batch_rows = 1000;
  o.chunk_bytes = 1 << 20;
  return o;
}

std::string row(int id, int parent) {
  return std::to_string(id) + "," + (parent == 0 ? "" : std::to_string(parent)) + "\n";
}

}  // namespace

TEST_CASE("what is checked at the commit costs the rows that break it, and no others") {
  tree_database tree;
  // Every child stands before its parent, so what is checked row by row would refuse nearly all.
  std::string text = "id,parent\n";
  std::string bad = text;
  std::vector<std::int64_t> expected;
  for (int i = 1; i <= 400; ++i) {
    const bool orphan = i % 100 == 50;
    const std::string line =
        orphan ? row(10'000 + i, 99'999) : row(1000 - i, i == 400 ? 0 : 999 - i);
    // Whoever had the orphan's number for a parent is given the next.
    text += orphan ? line : (i % 100 == 49 ? row(1000 - i, 998 - i) : line);
    if (orphan) {
      bad += line;
    } else {
      expected.insert(expected.begin(), 1000 - i);
    }
  }
  csv::memory_file file(text);
  bulk::import_options o = tree_import();
  o.mode = bulk::import_mode::dry_run;
  auto dry = bulk::import_job::start(tree.db.pool(), file, o).value();
  const auto would = dry->run().value();
  CHECK(would.rejected == 4);
  CHECK(would.inserted == 396);
  CHECK(tree.ids().empty());

  auto job = bulk::import_job::start(tree.db.pool(), file, tree_import()).value();
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(done.rejected == 4);
  CHECK(done.rejected_by_code.at("database.constraint") == 4);
  CHECK(done.inserted == 396);
  CHECK(job->stats().bisected == 1);
  CHECK(rejects_of(*job) == bad);
  CHECK(errors_of(*job).find("FOREIGN KEY constraint failed") != std::string::npos);
  CHECK(errors_of(*dry) == errors_of(*job));
  CHECK(tree.ids() == expected);
}

TEST_CASE("a row whose parent is rejected goes with it; a batch that is whole is not taken apart") {
  tree_database tree;
  csv::memory_file file("id,parent\n1,13\n2,1\n13,3\n3,\n4,3\n");
  auto job = bulk::import_job::start(tree.db.pool(), file, tree_import()).value();
  CHECK(job->run().value().rejected == 3);
  CHECK(rejects_of(*job) == "id,parent\n1,13\n2,1\n13,3\n");
  CHECK(tree.ids() == std::vector<std::int64_t>{3, 4});

  csv::memory_file whole("id,parent\n7,8\n8,9\n9,\n");
  auto second = bulk::import_job::start(tree.db.pool(), whole, tree_import()).value();
  CHECK(second->run().value().inserted == 3);
  CHECK(second->stats().bisected == 0);
}
