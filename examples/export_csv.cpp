// SPDX-License-Identifier: BSL-1.0
// export_csv FILE TABLE: any table of an SQLite file as CSV to standard output, in constant memory.
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/csv/writer.hpp>
#include <scalekit/sql/identifier.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace scalekit;

struct table_shape {
  std::vector<std::string> columns;
  std::map<std::int64_t, std::string> primary_key;  // by position; empty: the table has a rowid
};

result<table_shape> read_shape(sql::connection& db, const std::string& table) {
  auto found = db.query(
      "SELECT t.type, t.wr, c.name, c.pk FROM pragma_table_list(?1) t, pragma_table_info(?1) c "
      "WHERE t.schema = 'main' ORDER BY c.cid",
      {table}
  );
  if (!found) return found.error();
  table_shape shape;
  for (;;) {
    auto more = (*found)->next();
    if (!more) return more.error();
    if (!*more) break;
    const auto row = (*found)->row();
    if (row[0].as_text() == "view") {
      return error(errc::not_supported, "\"" + table + "\" is a view, which has no unique key");
    }
    const bool without_rowid = row[1].as_int64() != 0;
    const auto key_position = row[3].as_int64();
    shape.columns.emplace_back(row[2].as_text());
    if (without_rowid && key_position != 0) shape.primary_key[key_position] = shape.columns.back();
  }
  if (shape.columns.empty()) return error(errc::not_found, "there is no table \"" + table + "\"");
  return shape;
}

/// By the table's own b-tree, which is the fastest way to read all of it.
result<keyset::order> table_order(const table_shape& shape) {
  if (shape.primary_key.empty()) {
    return keyset::order::make(
        {}, {.columns = {"rowid"}, .storage = keyset::key_storage::sqlite_rowid}
    );
  }
  keyset::unique_key key{.columns = {}};
  for (const auto& [position, name] : shape.primary_key) key.columns.push_back(name);
  return keyset::order::make({}, key);
}

result<void> export_table(sql::connection& db, const std::string& table, csv::fd_sink out) {
  auto shape = read_shape(db, table);
  if (!shape) return shape.error();
  auto order = table_order(*shape);
  if (!order) return order.error();
  auto quoted_table = sql::quote_identifier(db.dialect(), table);
  if (!quoted_table) return quoted_table.error();
  bulk::export_options what{.name = table, .source = {}, .order = *order, .columns = {}};
  what.source.from = sql::fragment(*quoted_table);
  for (const std::string& name : shape->columns) {
    auto quoted = sql::quote_identifier(db.dialect(), name);
    if (!quoted) return quoted.error();
    what.columns.push_back({.name = name, .expression = *quoted});
  }

  auto stream = bulk::export_stream::open(db, std::move(what));
  if (!stream) return stream.error();
  for (csv::buffer chunk;;) {
    auto more = (*stream)->next(chunk);
    if (!more) return more.error();
    if (!*more) return {};
    if (auto written = out(chunk.view()); !written) return written;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: export_csv FILE TABLE\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error like any other
  auto db = sqlite::connection::open(argv[1], {.mode = sqlite::open_mode::read_only});
  auto done =
      db ? export_table(**db, argv[2], csv::fd_sink(STDOUT_FILENO)) : result<void>(db.error());
  if (done) return 0;
  std::fprintf(stderr, "export_csv: %s\n", done.error().describe().c_str());
  return 1;
}
