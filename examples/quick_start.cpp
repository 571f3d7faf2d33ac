// SPDX-License-Identifier: BSL-1.0
// The quick start of README.md: streams a table of SQLite as CSV to standard output.
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/csv/writer.hpp>

#include <cstdio>
#include <unistd.h>

// [quick_start]
using namespace scalekit;

result<void> export_settled(sql::connection& db, csv::fd_sink out) {
  auto by_id = keyset::order::make({}, {.columns = {"id"}});
  if (!by_id) return by_id.error();
  const bulk::export_options settled{
      .name = "payments",
      .source = {.table = "payment", .where = {sql::fragment("status = ").param("settled")}},
      .order = *by_id,
      .columns = {{.name = "id"}, {.name = "amount"}, {.name = "note"}},
  };
  auto stream = bulk::export_stream::open(db, settled);
  if (!stream) return stream.error();
  for (csv::buffer chunk;;) {
    auto more = (*stream)->next(chunk);  // nothing is read until it is asked for
    if (!more) return more.error();
    if (!*more) return {};
    if (auto sent = out(chunk.view()); !sent) return sent;
  }
}
// [quick_start]

result<void> run() {
  auto db = sqlite::connection::open(":memory:");
  if (!db) return db.error();
  auto made = (*db)->execute_script(R"(
    CREATE TABLE payment (id INTEGER PRIMARY KEY, amount TEXT, status TEXT, note TEXT);
    INSERT INTO payment VALUES
      (1, '12.50', 'settled', 'Coffee beans, 5 kg'), (2, '7.00', 'pending', NULL),
      (3, '-3.10', 'settled', 'Refund for "Priority" shipping'), (4, '0.99', 'settled', NULL);
  )");
  if (!made) return made.error();
  return export_settled(**db, csv::fd_sink(STDOUT_FILENO));
}

int main() {
  if (auto done = run(); !done) {
    std::fprintf(stderr, "quick_start: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
