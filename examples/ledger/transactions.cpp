// SPDX-License-Identifier: BSL-1.0
#include "transactions.hpp"

#include "parameters.hpp"

#include <scalekit/clock.hpp>
#include <scalekit/keyset/page_token.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/keyset/plan_gate.hpp>
#include <scalekit/timestamp.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledger {

using namespace scalekit;
namespace json = boost::json;

namespace {

constexpr std::string_view path = "/api/transactions";

/// What a page shows; `to_json` reads the columns by their place here.
const std::vector<keyset::select_column>& page_columns() {
  static const std::vector<keyset::select_column> columns{
      "id",
      {"account", "(SELECT name FROM account WHERE account.id = ledger_entry.account_id)"},
      "amount",
      "currency",
      "status",
      "description",
      "created_at"};
  return columns;
}

json::value text_or_null(sql::value_view v) {
  return v.is_null() ? json::value(nullptr) : json::value(v.as_text());
}

json::object to_json(const keyset::page_row& row) {
  const auto& v = row.values;
  return {
      {"id", v[0].view().as_int64()},
      {"account", text_or_null(v[1])},
      {"amount", v[2].view().as_text()},  // a string: a JSON number would be read as a double
      {"currency", v[3].view().as_text()},
      {"status", v[4].view().as_text()},
      {"description", text_or_null(v[5])},
      {"created_at", to_rfc3339(v[6].view().as_timestamp())},
  };
}

json::value link(const http::request& r, const std::optional<std::string>& token) {
  if (!token) return nullptr;
  std::string out(path);
  char separator = '?';
  for (const std::string_view name : {"tenant", "status", "limit"}) {
    const auto value = r.query(name);
    if (!value) continue;
    out.append(1, separator).append(name).append("=").append(*value);  // checked: letters, digits
    separator = '&';
  }
  return json::value(out.append(1, separator).append("cursor=").append(*token));
}

}  // namespace

transactions_api::transactions_api(
    sql::pool& connections, const keyset::cursor_codec& cursors, metrics::registry& metrics
)
    : connections_(connections),
      cursors_(cursors),
      page_seconds_(metrics.make_histogram(
          "ledger_page_seconds", "Time to answer a page of transactions", metrics::duration_bounds()
      )) {}

result<void> transactions_api::check_schema() {
  auto db = connections_.acquire(sql::access::read);
  if (!db) return db.error();
  auto order = newest_first();
  if (!order) return order.error();
  const keyset::source one_tenant{
      .table = "ledger_entry", .columns = page_columns(), .fixed = {{"tenant_id", 1}}};
  auto plans = keyset::check_plans(**db, one_tenant, *order);
  return plans ? result<void>() : plans.error();
}

result<http::response> transactions_api::list(const http::request& r) {
  const auto began = clock::system().steady_now();
  if (auto ok = check_names(r, {"tenant", "status", "limit", "cursor"}); !ok) return ok.error();
  auto tenant = number_parameter(r, "tenant", 1, INT32_MAX);
  if (!tenant) return tenant.error();
  if (!*tenant) return bad_parameter("tenant", "required");
  auto limit = number_parameter(r, "limit", 1, 500);
  if (!limit) return limit.error();
  auto source = read_source(r, **tenant);
  if (!source) return source.error();
  auto order = newest_first();
  if (!order) return order.error();
  source->columns = page_columns();

  const auto binding =
      keyset::bind_cursor(*source, *order, "GET " + std::string(path), std::to_string(**tenant), 1);
  auto wanted = keyset::request_page(r.query("cursor"), limit->value_or(50), cursors_, binding);
  if (!wanted) return http::problem(400, wanted.error().message());
  auto db = connections_.acquire(sql::access::read);
  if (!db) return db.error();
  auto page = keyset::fetch(**db, *source, *order, *wanted);
  if (!page) return page.error();
  db->release();
  auto tokens = keyset::neighbour_tokens(*page, cursors_, binding);
  if (!tokens) return tokens.error();

  json::array data;
  data.reserve(page->rows.size());
  for (const auto& row : page->rows) data.push_back(to_json(row));
  const json::object body{
      {"data", std::move(data)},
      {"links", {{"prev", link(r, tokens->previous)}, {"next", link(r, tokens->next)}}}};
  auto answer = http::response::of(200, "application/json", json::serialize(body));
  const duration took = clock::system().steady_now() - began;
  page_seconds_.observe(std::chrono::duration<double>(took).count());
  return answer;
}

}  // namespace ledger
