// SPDX-License-Identifier: BSL-1.0
#include "bulk/header_match.hpp"

#include "bulk/ascii.hpp"
#include "bulk/field_types.hpp"
#include "bulk/near_miss.hpp"

#include <map>
#include <utility>

namespace scalekit::inline v0::bulk {

std::string header_key(std::string_view name, header_match how) {
  if (how == header_match::exact) return std::string(name);
  std::string key = folded(trimmed(name));
  if (how == header_match::fold) return key;
  std::string loose;
  for (const char c : key) {
    const bool gap = is_blank(c) || c == '_' || c == '-';
    if (!gap) {
      loose.push_back(c);
    } else if (!loose.empty() && loose.back() != ' ') {
      loose.push_back(' ');
    }
  }
  if (!loose.empty() && loose.back() == ' ') loose.pop_back();
  return loose;
}

std::vector<std::string> header_names(const import_column& column) {
  std::vector<std::string> names{column.header.empty() ? column.name : column.header};
  names.insert(names.end(), column.aliases.begin(), column.aliases.end());
  return names;
}

error all_of(std::string_view what, std::span<const std::string> problems) {
  std::string text(what);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    text.append(i == 0 ? ": " : "; ").append(problems[i]);
  }
  return {errc::invalid_argument, std::move(text)};
}

namespace {

class matcher {
 public:
  matcher(const import_schema& schema, std::span<const std::string> header)
      : schema_(schema), header_(header), sources_(schema.columns.size(), not_in_file) {}

  result<std::vector<std::size_t>> run() {
    place_columns();
    report_missing();
    report_unknown();
    if (!problems_.empty()) return all_of("the header does not fit the schema", problems_);
    return std::move(sources_);
  }

 private:
  [[nodiscard]] std::string place(std::size_t at) const {
    return "column " + std::to_string(at + 1) + " " + quoted(header_[at]);
  }

  void place_columns() {
    std::map<std::string, std::size_t> known;
    for (std::size_t c = 0; c < schema_.columns.size(); ++c) {
      for (const std::string& name : header_names(schema_.columns[c])) {
        known.emplace(header_key(name, schema_.header_match), c);
      }
    }
    for (std::size_t i = 0; i < header_.size(); ++i) {
      const auto found = known.find(header_key(header_[i], schema_.header_match));
      if (found == known.end()) {
        unknown_.push_back(i);
        unknown_names_.push_back(header_[i]);
      } else if (std::size_t& source = sources_[found->second]; source == not_in_file) {
        source = i;
      } else {
        problems_.push_back(
            place(i) + " is double: " + place(source) + " is read as " +
            quoted(schema_.columns[found->second].name) + " already"
        );
      }
    }
  }

  void report_missing() {
    for (std::size_t c = 0; c < sources_.size(); ++c) {
      if (sources_[c] != not_in_file) continue;
      const import_column& column = schema_.columns[c];
      const std::string name = header_names(column).front();
      missing_.push_back(name);
      if (column.absent == absent_column::use_default) continue;
      std::string problem = quoted(name) + " is missing";
      if (const auto near = nearest(name, unknown_names_)) {
        problem += "; is it " + place(unknown_[*near]) + "?";
      }
      problems_.push_back(std::move(problem));
    }
  }

  void report_unknown() {
    if (schema_.unknown_columns == unknown_columns::ignore) return;
    for (const std::size_t i : unknown_) {
      if (trimmed(header_[i]).empty()) {
        problems_.push_back("column " + std::to_string(i + 1) + " has no name");
        continue;
      }
      std::string problem = place(i) + " is not known";
      if (const auto near = nearest(header_[i], missing_)) {
        problem += "; is it " + quoted(missing_[*near]) + "?";
      }
      problems_.push_back(std::move(problem));
    }
  }

  const import_schema& schema_;
  std::span<const std::string> header_;
  std::vector<std::size_t> sources_;
  std::vector<std::size_t> unknown_;
  std::vector<std::string> unknown_names_;
  std::vector<std::string> missing_;
  std::vector<std::string> problems_;
};

}  // namespace

result<std::vector<std::size_t>> match_header(
    const import_schema& schema, std::span<const std::string> header
) {
  return matcher(schema, header).run();
}

}  // namespace scalekit::inline v0::bulk
