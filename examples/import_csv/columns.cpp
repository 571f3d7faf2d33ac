// SPDX-License-Identifier: BSL-1.0
#include "schema_file.hpp"

#include <scalekit/timestamp.hpp>

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>

#include <charconv>
#include <utility>

namespace import_csv {

using namespace scalekit;
using bulk::field_type;
using bulk::import_column;
namespace json = boost::json;

namespace {

void read_instant(json_members& from, std::string_view name, std::optional<system_time>& out) {
  std::string text;
  from.read(name, text);
  if (text.empty()) return;
  if (auto t = parse_rfc3339(text)) {
    out = *t;
  } else {
    from.complain(name, t.error().message());
  }
}

/// `Z`, `+02:00`, `-0330`: by the parser of timestamps.
void read_zone(json_members& from, std::optional<std::chrono::minutes>& out) {
  std::string text;
  from.read("zone", text);
  if (text.empty()) return;
  if (auto t = parse_rfc3339("2000-01-02T00:00:00" + text)) {
    const civil_time midnight{.year = 2000, .month = 1, .day = 2};
    out = std::chrono::duration_cast<std::chrono::minutes>(from_civil(midnight) - *t);
  } else {
    from.complain("zone", "must be Z or an offset such as \"+02:00\"");
  }
}

void read_word(json_members from, bulk::enum_word& out) {
  from.read("word", out.word);
  if (const json::value* const stored = from.find("stored")) {
    if (stored->is_string()) {
      out.stored = sql::value(std::string(stored->get_string()));
    } else if (stored->is_int64()) {
      out.stored = sql::value(stored->get_int64());
    } else {
      from.complain("stored", "must be a text or a whole number");
    }
  }
  from.finish();
}

void read_words(json_members& from, bulk::enumeration_words& out) {
  from.read(
      "word_case",
      out.letters,
      {{"exact", bulk::letter_case::exact}, {"fold", bulk::letter_case::fold}}
  );
  const json::value* const v = from.find("words");
  const json::array* const list = v != nullptr ? v->if_array() : nullptr;
  if (list == nullptr) return from.complain("words", "must be an array of texts or objects");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::value& one = (*list)[i];
    bulk::enum_word& word = out.words.emplace_back();
    if (one.is_string()) {
      word.word = one.get_string();
    } else {
      const std::string path = from.path_of("words[" + std::to_string(i) + "]");
      read_word(json_members(one, path, from.noted()), word);
    }
  }
}

void read_timestamp_limits(json_members& from, bulk::timestamp_limits& out) {
  from.read("patterns", out.patterns);
  read_zone(from, out.zone);
  read_instant(from, "minimum", out.minimum);
  read_instant(from, "maximum", out.maximum);
  from.read(
      "fraction",
      out.fraction,
      {{"refuse", bulk::excess_digits::refuse}, {"cut", bulk::excess_digits::cut}}
  );
  from.read(
      "leap_second",
      out.leap_second,
      {{"refuse", bulk::leap_second::refuse}, {"next_second", bulk::leap_second::next_second}}
  );
}

void read_integer_limits(json_members& from, bulk::integer_limits& out) {
  from.read("minimum", out.minimum);
  from.read("maximum", out.maximum);
  from.read("thousands", out.thousands);
  from.read(
      "plus_sign",
      out.plus_sign,
      {{"accept", bulk::plus_sign::accept}, {"refuse", bulk::plus_sign::refuse}}
  );
  from.read(
      "leading_zeros",
      out.leading_zeros,
      {{"accept", bulk::leading_zeros::accept}, {"refuse", bulk::leading_zeros::refuse}}
  );
}

void read_decimal_limits(json_members& from, bulk::decimal_limits& out) {
  from.read("precision", out.precision);
  from.read("scale", out.scale);
  from.read_decimal("minimum", out.minimum);
  from.read_decimal("maximum", out.maximum);
  from.read("separator", out.separator);
  from.read("thousands", out.thousands);
}

void read_float_limits(json_members& from, bulk::float64_limits& out) {
  from.read("minimum", out.minimum);
  from.read("maximum", out.maximum);
  from.read("separator", out.separator);
  from.read(
      "non_finite",
      out.non_finite,
      {{"refuse", bulk::non_finite::refuse}, {"accept", bulk::non_finite::accept}}
  );
}

void read_limits(json_members& from, import_column& c) {
  switch (c.type) {
    case field_type::text:
      from.read("min_length", c.text.min_length);
      from.read("max_length", c.text.max_length);
      return from.read("pattern", c.text.pattern);
    case field_type::integer:
      return read_integer_limits(from, c.integer);
    case field_type::decimal:
      return read_decimal_limits(from, c.decimal);
    case field_type::float64:
      return read_float_limits(from, c.float64);
    case field_type::boolean:
      from.read("yes", c.boolean.yes);
      return from.read("no", c.boolean.no);
    case field_type::date:
      from.read("patterns", c.date.patterns);
      from.read("minimum", c.date.minimum);
      return from.read("maximum", c.date.maximum);
    case field_type::timestamp:
      return read_timestamp_limits(from, c.timestamp);
    case field_type::uuid:
      return;
    case field_type::enumeration:
      return read_words(from, c.enumeration);
    case field_type::blob:
      from.read(
          "encoded",
          c.blob.text,
          {{"hex", bulk::blob_text::hex}, {"base64", bulk::blob_text::base64}}
      );
      return from.read("max_bytes", c.blob.max_bytes);
  }
}

/// What stands in for an empty field, as the column's own kind of value.
void read_default(json_members& from, import_column& c) {
  const json::value* const v = from.find("default");
  if (v == nullptr || v->is_null()) return;
  if (c.type == field_type::decimal) {
    std::string text;
    from.read_decimal("default", text);
    c.default_value = sql::value_view::decimal(text);
  } else if (c.type == field_type::timestamp) {
    std::optional<system_time> t;
    read_instant(from, "default", t);
    if (t) c.default_value = *t;
  } else if (c.type == field_type::boolean && v->is_bool()) {
    c.default_value = v->get_bool();
  } else if (c.type == field_type::float64 && v->is_number()) {
    c.default_value = v->to_number<double>();
  } else if ((c.type == field_type::integer || c.type == field_type::enumeration) && v->is_int64()) {
    c.default_value = v->get_int64();
  } else if ((c.type == field_type::text || c.type == field_type::date || c.type == field_type::uuid || c.type == field_type::enumeration) && v->is_string()) {
    c.default_value = std::string(v->get_string());
  } else {
    from.complain("default", "is no value of type " + std::string(to_string(c.type)));
  }
}

void read_type(json_members& from, field_type& out) {
  from.read(
      "type",
      out,
      {{"text", field_type::text},
       {"integer", field_type::integer},
       {"decimal", field_type::decimal},
       {"float64", field_type::float64},
       {"boolean", field_type::boolean},
       {"date", field_type::date},
       {"timestamp", field_type::timestamp},
       {"uuid", field_type::uuid},
       {"enumeration", field_type::enumeration},
       {"blob", field_type::blob}}
  );
}

}  // namespace

import_column read_column(json_members& from) {
  import_column c;
  from.read("name", c.name);
  from.read("header", c.header);
  from.read("aliases", c.aliases);
  read_type(from, c.type);
  from.read("required", c.required);
  from.read("unique", c.unique);
  from.read("trim", c.trim);
  from.read(
      "letters",
      c.letters,
      {{"keep", bulk::text_case::keep},
       {"lower", bulk::text_case::lower},
       {"upper", bulk::text_case::upper}}
  );
  read_default(from, c);
  from.read(
      "absent",
      c.absent,
      {{"refuse", bulk::absent_column::refuse}, {"use_default", bulk::absent_column::use_default}}
  );
  from.read("example", c.example);
  read_limits(from, c);
  from.finish(" in a column of type " + std::string(to_string(c.type)));
  return c;
}

}  // namespace import_csv
