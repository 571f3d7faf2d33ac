// SPDX-License-Identifier: BSL-1.0
#include <scalekit/sql/identifier.hpp>

#include <doctest/doctest.h>

#include <string>

using scalekit::errc;
using scalekit::sql::dialect;
using scalekit::sql::quote_identifier;
using scalekit::sql::quote_qualified;

namespace {
constexpr dialect all[] = {dialect::sqlite, dialect::postgres, dialect::mariadb, dialect::mysql};
}

TEST_CASE("each dialect has its quote, and doubles it inside a name") {
  CHECK(*quote_identifier(dialect::sqlite, "a") == "\"a\"");
  CHECK(*quote_identifier(dialect::postgres, "a\"b") == "\"a\"\"b\"");
  CHECK(*quote_identifier(dialect::mariadb, "a`b") == "`a``b`");
  CHECK(*quote_identifier(dialect::mysql, "`") == "````");
  CHECK(*quote_identifier(dialect::mysql, "a\"b") == "`a\"b`");
  CHECK(*quote_identifier(dialect::sqlite, "\"; DROP TABLE t; --") == "\"\"\"; DROP TABLE t; --\"");
  CHECK(*quote_identifier(dialect::sqlite, "Straße 1") == "\"Straße 1\"");
}

TEST_CASE("a dot is part of a name, and separates in a qualified one") {
  CHECK(*quote_identifier(dialect::sqlite, "a.b") == "\"a.b\"");
  CHECK(*quote_qualified(dialect::sqlite, "a") == "\"a\"");
  CHECK(*quote_qualified(dialect::postgres, "a.b\"") == "\"a\".\"b\"\"\"");
  CHECK(*quote_qualified(dialect::mysql, "a.b.c") == "`a`.`b`.`c`");
}

TEST_CASE("names that cannot be are refused") {
  for (const dialect d : all) {
    CHECK(quote_identifier(d, "").error().code() == errc::invalid_argument);
    const std::string_view nul("a\0b", 3);
    CHECK(quote_identifier(d, nul).error().code() == errc::invalid_argument);
    for (const auto* name : {"", ".", "a.", ".b", "a..b"}) {
      CHECK(quote_qualified(d, name).error().code() == errc::invalid_argument);
    }
  }
}

TEST_CASE("a name the backend would cut short is refused, with the limit in the message") {
  CHECK(quote_identifier(dialect::postgres, std::string(63, 'x')).has_value());
  CHECK(quote_identifier(dialect::mariadb, std::string(64, 'x')).has_value());
  CHECK(quote_identifier(dialect::mysql, std::string(64, 'x')).has_value());
  CHECK(quote_identifier(dialect::sqlite, std::string(1024, 'x')).has_value());

  const auto too_long = quote_identifier(dialect::postgres, std::string(64, 'x'));
  CHECK(too_long.error().code() == errc::invalid_argument);
  CHECK(too_long.error().message().find("64 bytes") != std::string::npos);
  CHECK(too_long.error().message().find("postgres allows 63") != std::string::npos);
  CHECK_FALSE(quote_identifier(dialect::mariadb, std::string(65, 'x')).has_value());
  CHECK_FALSE(quote_identifier(dialect::sqlite, std::string(1025, 'x')).has_value());
  CHECK_FALSE(quote_qualified(dialect::postgres, "public." + std::string(64, 'x')).has_value());
  // The limit is for the name, not for its quoted form.
  CHECK(quote_identifier(dialect::postgres, std::string(63, '"')).has_value());
}

TEST_CASE("placeholders") {
  std::string text;
  for (const dialect d : all) scalekit::sql::append_placeholder(text, d, 12);
  CHECK(text == "?12$12??");
  CHECK(scalekit::sql::has_numbered_parameters(dialect::sqlite));
  CHECK(scalekit::sql::has_numbered_parameters(dialect::postgres));
  CHECK_FALSE(scalekit::sql::has_numbered_parameters(dialect::mariadb));
  CHECK_FALSE(scalekit::sql::has_numbered_parameters(dialect::mysql));
}
