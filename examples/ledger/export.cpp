// SPDX-License-Identifier: BSL-1.0
#include "export.hpp"

#include "parameters.hpp"

#include <scalekit/bulk/lookup_table.hpp>
#include <scalekit/sql/fragment.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledger {

using namespace scalekit;

namespace {

constexpr std::string_view all_columns =
    "id,tenant_id,account,amount,currency,status,description,created_at";

result<csv::dialect> read_dialect(const http::request& r) {
  auto delimiter =
      choice_parameter<char>(r, "delimiter", {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}});
  if (!delimiter) return delimiter.error();
  auto quoting = choice_parameter<csv::quoting>(
      r,
      "quoting",
      {{"sqlite", csv::quoting::sqlite_cli},
       {"minimal", csv::quoting::minimal},
       {"all", csv::quoting::all},
       {"non_numeric", csv::quoting::non_numeric}}
  );
  if (!quoting) return quoting.error();
  auto ending = choice_parameter<csv::line_ending>(
      r, "line_ending", {{"lf", csv::line_ending::lf}, {"crlf", csv::line_ending::crlf}}
  );
  if (!ending) return ending.error();
  auto mark = choice_parameter<csv::byte_order_mark>(
      r, "bom", {{"none", csv::byte_order_mark::none}, {"utf8", csv::byte_order_mark::utf8}}
  );
  if (!mark) return mark.error();
  auto guard = choice_parameter<csv::formula_guard>(
      r, "formula_guard", {{"off", csv::formula_guard::off}, {"on", csv::formula_guard::on}}
  );
  if (!guard) return guard.error();
  auto stamps = choice_parameter<csv::timestamp_style>(
      r,
      "timestamps",
      {{"epoch", csv::timestamp_style::epoch_microseconds},
       {"rfc3339", csv::timestamp_style::rfc3339},
       {"sql", csv::timestamp_style::space_separated}}
  );
  if (!stamps) return stamps.error();
  return csv::dialect{
      .delimiter = *delimiter,
      .quoting = *quoting,
      .line_ending = *ending,
      .byte_order_mark = *mark,
      .formula_guard = *guard,
      .timestamp_style = *stamps,
  };
}

/// Account id -> name: read once, so that the loop over the entries needs no join.
result<std::shared_ptr<const bulk::lookup_table>> load_accounts(
    sql::pool& connections, std::optional<std::int64_t> tenant
) {
  auto db = connections.acquire(sql::access::read);
  if (!db) return db.error();
  sql::fragment select("SELECT id, name FROM account");
  if (tenant) select.sql(" WHERE tenant_id = ").param(*tenant);
  return bulk::lookup_table::load(**db, select);
}

result<std::vector<bulk::export_column>> read_columns(
    const http::request& r, const std::shared_ptr<const bulk::lookup_table>& accounts
) {
  const std::array<bulk::export_column, 8> known{{
      {.name = "id"},
      {.name = "tenant_id"},
      {.name = "account_id", .header = "account", .lookup = accounts},
      {.name = "amount", .format = {.text = csv::show_text::plain}},
      {.name = "currency"},
      {.name = "status"},
      {.name = "description"},
      {.name = "created_at", .format = {.integer = csv::show_integer::timestamp}},
  }};
  std::vector<bulk::export_column> out;
  std::string_view rest = r.query("columns").value_or(all_columns);
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    more = comma != std::string_view::npos;
    const auto name = rest.substr(0, comma);
    const auto* const at = std::ranges::find_if(known, [&](const bulk::export_column& c) {
      return (c.header.empty() ? c.name : c.header) == name;
    });
    if (at == known.end()) {
      return bad_parameter("columns", "choose from " + std::string(all_columns));
    }
    out.push_back(*at);
    if (more) rest.remove_prefix(comma + 1);
  }
  return out;
}

result<keyset::order> order_of(std::optional<std::int64_t> tenant) {
  if (tenant) return newest_first();
  return keyset::order::make({}, {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid});
}

}  // namespace

result<http::export_definition> define_transactions_export(
    const http::request& r, sql::pool& connections, metrics::registry& metrics
) {
  auto names = check_names(
      r,
      {"tenant",
       "status",
       "columns",
       "header",
       "delimiter",
       "quoting",
       "line_ending",
       "timestamps",
       "bom",
       "formula_guard",
       "export"}
  );
  if (!names) return names.error();
  auto tenant = number_parameter(r, "tenant", 1, INT32_MAX);
  if (!tenant) return tenant.error();
  auto source = read_source(r, *tenant);
  if (!source) return source.error();
  auto dialect = read_dialect(r);
  if (!dialect) return dialect.error();
  using header_row = bulk::export_options::header_row;
  auto header = choice_parameter<header_row>(
      r, "header", {{"present", header_row::present}, {"absent", header_row::absent}}
  );
  if (!header) return header.error();
  auto order = order_of(*tenant);
  if (!order) return order.error();
  auto accounts = load_accounts(connections, *tenant);
  if (!accounts) return accounts.error();
  auto columns = read_columns(r, *accounts);
  if (!columns) return columns.error();

  bulk::export_options what{
      .name = *tenant ? "transactions of tenant " + std::to_string(**tenant) : "transactions",
      .source = *std::move(source),
      .order = *std::move(order),
      .columns = *std::move(columns),
      .dialect = *std::move(dialect),
      .header = *header,
  };
  what.bound_column = "id";
  what.chunk_bytes = std::size_t{400} * 1024;  // about 5,000 entries
  what.metrics = &metrics;
  http::export_definition out{.what = std::move(what), .file_name = "transactions.csv"};
  if (*header == header_row::absent) out.content_type = "text/csv; charset=utf-8; header=absent";
  return out;
}

}  // namespace ledger
