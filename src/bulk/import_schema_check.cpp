// SPDX-License-Identifier: BSL-1.0
#include "bulk/ascii.hpp"
#include "bulk/field_types.hpp"
#include "bulk/header_match.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

/// Nothing for an enumeration, whose words stand for any kind.
std::optional<sql::value_kind> kind_of(field_type type) noexcept {
  switch (type) {
    case field_type::text:
    case field_type::date:
    case field_type::uuid:
      return sql::value_kind::text;
    case field_type::integer:
    case field_type::boolean:
      return sql::value_kind::int64;
    case field_type::decimal:
      return sql::value_kind::decimal;
    case field_type::float64:
      return sql::value_kind::float64;
    case field_type::timestamp:
      return sql::value_kind::timestamp;
    case field_type::blob:
      return sql::value_kind::blob;
    case field_type::enumeration:
      break;
  }
  return std::nullopt;
}

bool can_be_looked_up(field_type type) noexcept {
  const auto kind = kind_of(type);
  return !kind || *kind == sql::value_kind::int64 || *kind == sql::value_kind::text;
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || c == '_' || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
  });
}

class schema_checker {
 public:
  explicit schema_checker(const import_schema& schema) : schema_(schema) {}

  std::vector<std::string> run() {
    if (schema_.columns.empty()) problems_.emplace_back("it has no columns");
    for (std::size_t i = 0; i < schema_.columns.size(); ++i) check_column(i);
    for (std::size_t i = 0; i < schema_.rules.size(); ++i) check_rule(i);
    return std::move(problems_);
  }

 private:
  void check_column(std::size_t at) {
    const import_column& c = schema_.columns[at];
    const auto wrong = [&](std::string_view why) {
      const std::string name = c.name.empty() ? std::to_string(at + 1) : quoted(c.name);
      problems_.push_back("column " + name + ": " + std::string(why));
    };
    if (c.name.empty()) wrong("it has no name");
    if (find_column(schema_, c.name) != at) wrong("there are two of that name");
    for (const std::string& name : header_names(c)) {
      const auto [held, added] = names_.emplace(header_key(name, schema_.header_match), at);
      if (!added && held->second != at && !c.name.empty()) {
        wrong("its header " + quoted(name) + " is that of another column too");
      }
    }
    check_values(c, wrong);
    std::vector<std::string> limits;
    static_cast<void>(make_field_reader(c, limits));
    for (const std::string& why : limits) wrong(why);
  }

  template <class Wrong>
  static void check_values(const import_column& c, const Wrong& wrong) {
    const bool replaced = c.lookup && c.lookup_use == lookup_use::replace;
    const auto kind = kind_of(c.type);
    if (!c.default_value.is_null() && kind && !replaced && c.default_value.kind() != *kind) {
      wrong(
          "its default value is of kind " + std::string(sql::to_string(c.default_value.kind())) +
          ", not " + std::string(sql::to_string(*kind))
      );
    }
    if (c.required && c.absent == absent_column::use_default && c.default_value.is_null()) {
      wrong("it is required, so where it is absent it needs a default value");
    }
    if (c.transform.run && c.transform.name.empty()) wrong("its transform needs a name");
    if (!c.transform.run && !c.transform.name.empty()) wrong("its transform is empty");
    if (c.lookup && !can_be_looked_up(c.type)) {
      wrong("a lookup needs an integer or a text, not a " + std::string(to_string(c.type)));
    }
  }

  void check_rule(std::size_t at) {
    const row_rule& r = schema_.rules[at];
    const auto wrong = [&](std::string_view why) {
      problems_.push_back("rule " + quoted(r.name) + ": " + std::string(why));
    };
    // Codes that mean something else already.
    constexpr std::array<std::string_view, 4> taken{
        "required", "lookup", "unique", "duplicate_key"};
    if (!is_name(r.name)) wrong("its name must be letters, digits and `_`");
    if (std::find(taken.begin(), taken.end(), r.name) != taken.end()) wrong("its name is taken");
    if (!rules_.emplace(r.name, at).second) wrong("there are two of that name");
    if (!r.check) wrong("its check is empty");
    if (r.columns.empty()) wrong("it names no columns");
    for (const std::string& name : r.columns) {
      if (!find_column(schema_, name)) wrong("there is no column " + quoted(name));
    }
  }

  const import_schema& schema_;
  std::map<std::string, std::size_t> names_;
  std::map<std::string, std::size_t> rules_;
  std::vector<std::string> problems_;
};

}  // namespace

result<void> check(const import_schema& schema) {
  const auto problems = schema_checker(schema).run();
  if (problems.empty()) return {};
  return all_of("import_schema", problems);
}

}  // namespace scalekit::inline v0::bulk
