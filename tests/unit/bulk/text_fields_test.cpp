// SPDX-License-Identifier: BSL-1.0
#include "bulk/char_pattern.hpp"
#include "field_support.hpp"

#include <scalekit/bulk/row_error.hpp>
#include <scalekit/encoding.hpp>

#include <algorithm>
#include <random>

using namespace bulk_test;

namespace {

bulk::import_column text(bulk::text_limits limits) {
  return {.name = "t", .text = std::move(limits)};
}
bulk::import_column words(std::vector<bulk::enum_word> list, bulk::letter_case letters) {
  return {
      .name = "w",
      .type = bulk::field_type::enumeration,
      .enumeration = {.words = std::move(list), .letters = letters}};
}
bulk::import_column blob(bulk::blob_limits limits) {
  return {.name = "b", .type = bulk::field_type::blob, .blob = limits};
}

}  // namespace

TEST_CASE("text is given on as it stands, and measured in characters") {
  const field any(text({}));
  CHECK(any(" a\tb\n").value == sql::value(" a\tb\n"));
  const field four(text({.min_length = 2, .max_length = 4}));
  CHECK(four.text("ab") == "ab");
  CHECK(
      four.text("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z") == "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"
  );
  CHECK(four("abcde").code == "limit.length");
  CHECK(four("abcde").message == "has 5 characters, but at most 4 are allowed");
  CHECK(four("abcde").suggestion == "shorten it to 4 characters");
  CHECK(four("\xF0\x9F\x98\x80").message == "has 1 characters, but at least 2 are needed");
  CHECK(four("").code == "limit.length");
  CHECK(problems_of(text({.min_length = 5, .max_length = 4})).size() == 1);
}

TEST_CASE("patterns") {
  const field iban(text({.pattern = "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"}));
  CHECK(iban.text("DE89370400440532013000") == "DE89370400440532013000");
  CHECK(iban("de89370400440532013000").code == "limit.pattern");
  CHECK(
      iban("DE89 3704").message ==
      "`DE89 3704` does not have the form [A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}: character 5"
  );
  CHECK(iban("DE8").message.ends_with("it ends too early"));
  CHECK(iban.text("DE89" + std::string(30, '1')) == "DE89" + std::string(30, '1'));
  CHECK(iban.text("DE89" + std::string(31, '1')) == "limit.pattern");
  CHECK(iban.text("DE89" + std::string(10, '1')) == "limit.pattern");
  const field sku(text({.pattern = "SKU-[0-9]{3}\\[x\\]"}));
  CHECK(sku.text("SKU-123[x]") == "SKU-123[x]");
  CHECK(sku.text("SKU-12[x]") == "limit.pattern");
  CHECK(field(text({.pattern = "[\\]\\-a-]{0,}"})).text("]-a") == "]-a");
  CHECK(field(text({.pattern = "[^,;]{1,}"})).text("a b") == "a b");
  CHECK(field(text({.pattern = "[^,;]{1,}"})).text("a;b") == "limit.pattern");
  CHECK(field(text({.pattern = "[^,;]{1,}"})).text("\xC3\xA4") == "\xC3\xA4");
  CHECK(
      field(text({.pattern = "\xC3\xA4[0-9]"}))
          .text("\xC3\xA4"
                "1") ==
      "\xC3\xA4"
      "1"
  );
}

TEST_CASE("patterns that cannot be meant") {
  for (const std::string_view pattern :
       {"[",
        "[]",
        "[a",
        "[a-",
        "[z-a]",
        "[\xC3\xA4]",
        "a{",
        "a{x}",
        "a{1",
        "a{2,1}",
        "a{0}",
        "\\",
        "a{1,2}b",
        "a]",
        "{1}",
        "a{99999999999999999999}",
        "[a\\"}) {
    CAPTURE(pattern);
    const auto made = bulk::char_pattern::compile(pattern);
    REQUIRE(!made);
    CHECK(made.error().message().starts_with("pattern `"));
  }
}

TEST_CASE("a long text takes one pass, whatever it is") {
  const field read(text({.pattern = "[a-z]{0,}"}));
  std::string big(10'000'000, 'a');
  CHECK(read(big).code.empty());
  big.back() = '!';
  CHECK(read(big).message.ends_with("character 10000000"));
}

TEST_CASE("enumerations map words to what is stored") {
  const field exact(words({{"paid"}, {"open", sql::value(0)}}, bulk::letter_case::exact));
  CHECK(exact("paid").value == sql::value("paid"));
  CHECK(exact("open").value == sql::value(0));
  CHECK(exact("Paid").code == "type.enumeration");
  CHECK(exact("Paid").message == "`Paid` is not one of the words allowed: paid, open");
  CHECK(exact("Paid").suggestion == "write `paid`");
  CHECK(exact("opne").suggestion == "write `open`");
  CHECK(exact("zzzz").suggestion.empty());
  const field fold(words({{"Paid"}, {"OPEN"}}, bulk::letter_case::fold));
  CHECK(fold("pAID").value == sql::value("Paid"));
  CHECK(fold("open").value == sql::value("OPEN"));
  CHECK(fold("").code == "type.enumeration");
  CHECK(fold(std::string(100'000, 'p')).code == "type.enumeration");
  CHECK(problems_of(words({}, bulk::letter_case::exact)).size() == 1);
  CHECK(problems_of(words({{"a"}, {"A"}}, bulk::letter_case::exact)).empty());
  CHECK(problems_of(words({{"a"}, {"A"}}, bulk::letter_case::fold)).size() == 1);
  CHECK(problems_of(words({{""}}, bulk::letter_case::fold)).size() == 1);
}

TEST_CASE("an enumeration of many words") {
  std::vector<bulk::enum_word> list;
  for (int i = 0; i < 500; ++i) list.push_back({"w" + std::to_string(i * 7), sql::value(i)});
  const field read(words(list, bulk::letter_case::exact));
  for (int i = 0; i < 500; ++i) REQUIRE(read("w" + std::to_string(i * 7)).value == sql::value(i));
  CHECK(read("w1").code == "type.enumeration");
  CHECK(read("w1").message.ends_with("and 490 more"));
}

TEST_CASE("booleans") {
  const field read({.name = "b", .type = bulk::field_type::boolean});
  for (const std::string_view text : {"true", "TRUE", "t", "Yes", "y", "on", "1"}) {
    CHECK(read(text).value == sql::value(1));
  }
  for (const std::string_view text : {"false", "F", "no", "N", "Off", "0"}) {
    CHECK(read(text).value == sql::value(0));
  }
  for (const std::string_view text : {"", "2", "truee", "ja", "-1"}) {
    CHECK(read(text).code == "type.boolean");
  }
  CHECK(read("ture").suggestion == "write `true`");
  const field german(
      {.name = "b", .type = bulk::field_type::boolean, .boolean = {.yes = {"ja"}, .no = {"nein"}}}
  );
  CHECK(german("JA").value == sql::value(1));
  CHECK(german("true").code == "type.boolean");
  CHECK(
      problems_of(
          {.name = "b", .type = bulk::field_type::boolean, .boolean = {.yes = {"x"}, .no = {"X"}}}
      ).size() == 1
  );
  CHECK(
      problems_of({.name = "b", .type = bulk::field_type::boolean, .boolean = {.yes = {}}}
      ).size() == 1
  );
}

TEST_CASE("uuids take one form") {
  const field read({.name = "u", .type = bulk::field_type::uuid});
  const std::string canonical = "123e4567-e89b-12d3-a456-426614174000";
  CHECK(read.text(canonical) == canonical);
  CHECK(read.text("123E4567-E89B-12D3-A456-426614174000") == canonical);
  CHECK(read.text("{123e4567-E89b-12d3-a456-426614174000}") == canonical);
  CHECK(read.text("123e4567e89b12d3a456426614174000") == canonical);
  for (const std::string_view bad :
       {"",
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567-e89b-12d3-a456-42661417400g",
        "123e4567e-89b-12d3-a456-426614174000",
        "{123e4567-e89b-12d3-a456-426614174000",
        "{123e4567e89b12d3a456426614174000}",
        "123e4567-e89b-12d3-a45642-6614174000"}) {
    CAPTURE(bad);
    CHECK(read.text(bad) == "type.uuid");
  }
}

TEST_CASE("blobs come back as the encoders wrote them") {
  std::mt19937 random(9);
  const field hex(blob({}));
  const field base64(blob({.text = bulk::blob_text::base64}));
  for (std::size_t size = 0; size < 300; ++size) {
    scalekit::bytes data(size);
    for (auto& b : data) b = static_cast<std::byte>(random());
    const sql::value value{sql::value_view(data)};
    const std::string text = scalekit::to_base64(data);
    REQUIRE(hex(scalekit::to_hex(data)).value == value);
    REQUIRE(base64(text).value == value);
    // Strict to the bit, as the decoder that others use.
    if (text.empty()) continue;
    std::string changed = text;
    changed[random() % text.size()] = "A/=b!"[random() % 5];
    const auto known = scalekit::from_base64(changed);
    REQUIRE(base64(changed).code.empty() == known.has_value());
  }
  CHECK(hex("\\xCAFE").value == hex("cafe").value);
  CHECK(hex("0xcafe").value == hex("cafe").value);
  CHECK(hex("abc").code == "type.blob");
  CHECK(hex("zz").code == "type.blob");
  CHECK(base64("QQ").code == "type.blob");
  CHECK(base64("QR==").code == "type.blob");
  CHECK(base64("====").code == "type.blob");
  const field two(blob({.max_bytes = 2}));
  CHECK(two("cafe").code.empty());
  CHECK(two("cafe00").code == "limit.length");
  CHECK(two("cafe00").message == "has more than 2 bytes");
}

TEST_CASE("an excerpt is at most 80 bytes and ends with a whole character") {
  CHECK(bulk::excerpt("short") == "short");
  CHECK(bulk::excerpt(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(bulk::excerpt(std::string(81, 'x')) == std::string(77, 'x') + "...");
  for (std::size_t before = 70; before < 81; ++before) {
    std::string text(before, 'x');
    while (text.size() < 200) text += "\xF0\x9F\x98\x80";
    const std::string cut = bulk::excerpt(text);
    CHECK(cut.size() <= 80);
    CHECK(cut.size() > 73);
    CHECK((cut.size() - 3 - std::min(before, cut.size() - 3)) % 4 == 0);
  }
  CHECK(bulk::excerpt(std::string(200, '\x80')).size() == 80);
}
