// SPDX-License-Identifier: BSL-1.0
// Pages through a table with sealed cursors, as a JSON endpoint would, and shows that a cursor
// cannot be changed or used for another tenant.
#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/keyset/page_token.hpp>
#include <scalekit/keyset/sealed_codec.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace scalekit;

// [page]
/// One page of a tenant's payments, newest first; `token` is what the page before gave out.
result<std::pair<keyset::page, keyset::page_tokens>> list_payments(
    sql::connection& db,
    const keyset::cursor_codec& codec,
    const std::string& tenant,
    std::optional<std::string_view> token
) {
  auto newest_first = keyset::order::make(
      {{.name = "created_at",
        .direction = keyset::direction::descending,
        .nullability = keyset::nullability::not_null}},
      {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid}
  );
  if (!newest_first) return newest_first.error();
  const keyset::source payments{
      .table = "payment", .columns = {"id", "amount"}, .fixed = {{"tenant", tenant}}};
  const auto binding =
      keyset::bind_cursor(payments, *newest_first, "GET /payments", tenant, /*schema_version=*/1);
  auto request = keyset::request_page(token, /*limit=*/100, codec, binding);
  if (!request) return request.error();  // a bad token is an error, never page one
  auto page = keyset::fetch(db, payments, *newest_first, *request);
  if (!page) return page.error();
  auto tokens = keyset::neighbour_tokens(*page, codec, binding);
  if (!tokens) return tokens.error();
  return std::pair(*std::move(page), *std::move(tokens));
}
// [page]

// 1,000 payments of two tenants; ten at a time share one timestamp, so pages end inside ties.
constexpr const char* schema = R"(
  CREATE TABLE payment (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, amount TEXT NOT NULL,
                        created_at INTEGER NOT NULL);
  CREATE INDEX payment_newest ON payment (tenant, created_at DESC, id DESC);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO payment SELECT i, iif(i % 2, 'blue', 'green'), i || '.00', i / 10 FROM n;
)";

result<void> expect_refused(const char* what, bool refused) {
  std::printf("%s: %s\n", what, refused ? "refused" : "ACCEPTED");
  return refused ? result<void>() : error(errc::internal, std::string(what) + " was accepted");
}

result<void> run() {
  auto db = sqlite::connection::open(":memory:");
  if (!db) return db.error();
  if (auto made = (*db)->execute_script(schema); !made) return made;
  bytes secret(32);
  random_source::system().fill(secret);  // a service reads it from its configuration
  auto ring = keyset::key_ring::make({{.id = "2024-05", .secret = secret}}, "2024-05");
  if (!ring) return ring.error();
  const keyset::key_holder keys(*ring);
  const keyset::sealed_codec codec(keys);

  std::optional<std::string> token;
  std::string last_token;
  std::size_t rows = 0;
  do {
    auto listed = list_payments(**db, codec, "blue", token);
    if (!listed) return listed.error();
    auto& [page, tokens] = *listed;
    rows += page.rows.size();
    const auto first = page.rows.front().values[0].view().as_int64();
    const auto last = page.rows.back().values[0].view().as_int64();
    std::printf(
        "%zu rows, ids %lld to %lld\n",
        page.rows.size(),
        static_cast<long long>(first),
        static_cast<long long>(last)
    );
    token = std::move(tokens.next);
    if (token) last_token = *token;
  } while (token);
  if (rows != 500) return error(errc::internal, std::to_string(rows) + " rows came, not 500");

  auto other_tenant = list_payments(**db, codec, "green", last_token);
  if (auto ok = expect_refused("another tenant's cursor", !other_tenant); !ok) return ok;
  last_token.back() = last_token.back() == 'A' ? 'Q' : 'A';
  auto changed = list_payments(**db, codec, "blue", last_token);
  return expect_refused("a changed cursor", !changed);
}

}  // namespace

int main() {
  if (auto done = run(); !done) {
    std::fprintf(stderr, "page_keyset: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
