// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/statement_cache.hpp"
#include "adapters/postgres/wire.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace scalekit;
using postgres::prepared_statement;
using postgres::statement_cache;

namespace {

postgres::statement_ptr make(std::string sql) {
  auto s = std::make_shared<prepared_statement>();
  s->name = "name of " + sql;
  s->sql = std::move(sql);
  return s;
}

}  // namespace

TEST_CASE("the least recently used goes first") {
  statement_cache cache(2);
  CHECK(cache.add(make("a")).empty());
  CHECK(cache.add(make("b")).empty());
  CHECK(cache.find("a") != nullptr);
  CHECK(cache.add(make("c")) == std::vector<std::string>{"name of b"});
  CHECK(cache.find("b") == nullptr);
  CHECK(cache.find("a") != nullptr);
  CHECK(cache.find("c") != nullptr);
}

TEST_CASE("what is removed can be added again, another of the same text stays") {
  statement_cache cache(2);
  const auto first = make("a");
  static_cast<void>(cache.add(first));
  cache.remove(*make("a"));
  CHECK(cache.find("a") == first);
  cache.remove(*first);
  CHECK(cache.find("a") == nullptr);
  static_cast<void>(cache.add(make("a")));
  CHECK(cache.find("a") != first);
}

TEST_CASE("without room nothing is kept") {
  statement_cache cache(0);
  CHECK(cache.add(make("a")).empty());
  CHECK(cache.find("a") == nullptr);
}

TEST_CASE("which values a statement suits") {
  namespace oid = postgres::oid;
  prepared_statement s;
  s.types = {oid::text, oid::int2, oid::int4};
  CHECK(s.suits({}));  // a wrong number is another matter
  CHECK(s.suits({"x", 1, 2}));
  CHECK(s.suits({nullptr, nullptr, nullptr}));
  CHECK_FALSE(s.suits({5, 1, 2}));
  CHECK_FALSE(s.suits({"x", 40'000, 2}));
  CHECK_FALSE(s.suits({"x", 1, std::int64_t{1} << 40}));
  s.natural_refused = true;
  CHECK(s.suits({5, 1, 2}));
  s.types = {oid::int8};
  s.asked = {oid::int8};
  CHECK(s.suits({5}));
  CHECK(s.suits({nullptr}));
  CHECK_FALSE(s.suits({"x"}));
  CHECK_FALSE(s.suits({2.5}));
}
