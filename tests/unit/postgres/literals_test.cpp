// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/literals.hpp"

#include "adapters/postgres/wire.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace scalekit;
using postgres::bind_literals;
using postgres::to_literal;
namespace oid = postgres::oid;

namespace {

std::string text(Oid type, std::string_view value) {
  return to_literal(type, value.data(), static_cast<int>(value.size()), 0).value();
}

std::string binary(Oid type, std::string_view value) {
  return to_literal(type, value.data(), static_cast<int>(value.size()), 1).value();
}

std::string bound(std::string_view sql, const std::vector<std::string>& literals = {"<1>", "<2>"}) {
  auto done = bind_literals(sql, literals);
  return done ? *done : "refused: " + done.error().message();
}

bool refused(std::string_view sql) {
  const std::vector<std::string> literals = {"<1>", "<2>"};
  const auto done = bind_literals(sql, literals);
  return !done && done.error().code() == errc::not_supported;
}

}  // namespace

TEST_CASE("a literal has the type the parameter had") {
  CHECK(to_literal(oid::int4, nullptr, 0, 0).value() == "NULL");
  CHECK(text(oid::int4, "5") == " ('5'::int4) ");
  CHECK(text(oid::int8, "-9223372036854775808") == " ('-9223372036854775808'::int8) ");
  CHECK(text(oid::boolean, "t") == " ('t'::bool) ");
  CHECK(text(oid::float4, "0.1") == " ('0.1'::float4) ");
  CHECK(text(oid::bpchar, "it's") == " ('it''s'::bpchar) ");
  CHECK(text(99999, "of an enum") == " ('of an enum') ");
  CHECK(binary(oid::text, "back\\slash'") == " ('back\\slash'''::text) ");
  CHECK(binary(oid::bytea, "\x01\xff") == " ('\\x01ff'::bytea) ");
  CHECK(
      binary(oid::float8, std::string_view("\x3f\xb9\x99\x99\x99\x99\x99\x9a", 8)) ==
      " ('0.1'::float8) "
  );
  CHECK(
      binary(oid::timestamptz, std::string_view("\0\0\0\0\0\0\0\1", 8)) ==
      " ('2000-01-01T00:00:00.000001Z'::timestamptz) "
  );
  CHECK(
      to_literal(oid::timestamp, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, 1).error().code() ==
      errc::not_supported
  );
}

TEST_CASE("parameters are replaced where PostgreSQL sees them") {
  CHECK(bound("SELECT $1") == "SELECT <1>");
  CHECK(bound("a=$1 AND b=$2 OR c=$1") == "a=<1> AND b=<2> OR c=<1>");
  CHECK(bound("a$1 $1") == "a$1 <1>");
  CHECK(bound("\"$1\" '$1' $1") == "\"$1\" '$1' <1>");
  CHECK(bound("'it''s $1' $1") == "'it''s $1' <1>");
  CHECK(bound("\"a\"\"$1\" $1") == "\"a\"\"$1\" <1>");
  CHECK(bound("'a\\' $1") == "'a\\' <1>");
  CHECK(bound("'a'\n'b $1' $1") == "'a'\n'b $1' <1>");
  CHECK(bound("date'$1' $1") == "date'$1' <1>");
  CHECK(bound("typed'a\\' $1") == "typed'a\\' <1>");
  CHECK(bound("a / b - c $2") == "a / b - c <2>");
  CHECK(bound("\xc3\xa4$1 $1") == "\xc3\xa4$1 <1>");
}

TEST_CASE("what needs more than quotes to be read is left alone") {
  for (const char* sql :
       {"SELECT $3",
        "SELECT $0",
        "SELECT $99999999999999999999999",
        "SELECT 'open",
        "SELECT \"open",
        "SELECT E'a' $1",
        "SELECT e'' $1",
        "E'x'\n'\\' $1 '",
        "1E'$1'",
        "SELECT $1 -- comment",
        "/* $1 */",
        "$$ $1 $$",
        "$tag$ $1 $tag$",
        "SELECT $1; DROP TABLE t",
        "SELECT $",
        "SELECT $ 1"}) {
    CAPTURE(sql);
    CHECK(refused(sql));
  }
  CHECK(bind_literals(std::string_view("a\0b", 3), {}).error().code() == errc::not_supported);
}

// Quotes and what is between them, taken off by a rule of its own: a quote toggles, nothing else.
TEST_CASE("a literal stands outside quotes, and all else is as it was") {
  const std::string_view alphabet = "$1'\" aE\n";
  for (std::uint32_t seed = 0; seed < 2'000'000; seed += 3) {
    std::string sql;
    for (std::uint32_t n = seed; n != 0; n /= 8) sql += alphabet[n % 8];
    const std::vector<std::string> literals = {"\x01"};
    const auto done = bind_literals(sql, literals);
    if (!done) continue;
    char open = 0;
    std::string back;
    for (const char c : *done) {
      if (c == '\x01' && open != 0) FAIL("inside quotes: " << sql);
      if (open == 0 && (c == '\'' || c == '"')) {
        open = c;
      } else if (c == open) {
        open = 0;
      }
      back += c == '\x01' ? std::string("$1") : std::string{c};
    }
    if (back != sql) FAIL(sql);
  }
}
