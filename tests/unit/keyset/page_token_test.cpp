// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include <scalekit/keyset/page_token.hpp>
#include <scalekit/keyset/plain_codec.hpp>

using namespace keyset_test;

TEST_CASE("tokens lead from page to page and back, and nowhere else") {
  auto db = open_memory("CREATE TABLE r(id INTEGER PRIMARY KEY, a, b, c);");
  const auto rows = tangled_rows();
  insert(*db, "r", rows);
  const std::vector<model_column> model{{0, true, false}, {3, true, false}};
  const auto by = to_order(model);
  const keyset::source what{.table = "r", .columns = {"id"}};
  const keyset::plain_codec codec;
  const auto binding = keyset::bind_cursor(what, by, "GET /r", "t1", 1);

  std::vector<std::int64_t> there;
  std::vector<std::string> firsts;
  std::optional<std::string> token;
  std::optional<std::string> back;
  do {
    auto request = keyset::request_page(token, 7, codec, binding);
    REQUIRE(request);
    auto page = keyset::fetch(*db, what, by, *request);
    REQUIRE(page);
    for (const auto& r : page->rows) there.push_back(r.values[0].view().as_int64());
    auto tokens = keyset::neighbour_tokens(*page, codec, binding);
    REQUIRE(tokens);
    CHECK(tokens->previous.has_value() == token.has_value());
    token = tokens->next;
    back = tokens->previous;
  } while (token);
  CHECK(there == sorted_ids(rows, model));

  std::size_t seen = there.size() % 7 == 0 ? 7 : there.size() % 7;
  while (back) {
    auto request = keyset::request_page(back, 7, codec, binding);
    REQUIRE(request);
    auto page = keyset::fetch(*db, what, by, *request);
    REQUIRE(page);
    CHECK(page->has_next);
    seen += page->rows.size();
    back = keyset::neighbour_tokens(*page, codec, binding)->previous;
  }
  CHECK(seen == there.size());

  auto other = what;
  other.fixed = {{"b", 1}};
  auto page = keyset::fetch(*db, what, by, {.limit = 3});
  REQUIRE(page);
  const auto next = keyset::neighbour_tokens(*page, codec, binding)->next;
  REQUIRE(next);
  CHECK(!keyset::request_page(*next, 3, codec, keyset::bind_cursor(other, by, "GET /r", "t1", 1)));
  CHECK(!keyset::request_page(
      *next, 3, codec, keyset::bind_cursor(what, by.reversed(), "GET /r", "t1", 1)
  ));
  CHECK(!keyset::request_page("", 3, codec, binding));
  CHECK(keyset::neighbour_tokens({}, codec, binding)->next == std::nullopt);
}
