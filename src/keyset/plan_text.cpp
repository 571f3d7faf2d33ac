// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan_text.hpp"

#include <algorithm>
#include <charconv>

namespace scalekit::inline v0::keyset::detail {

namespace {

/// How many index columns a line like `SEARCH t USING INDEX i (a=? AND b>? AND b<?)` seeks by: 2.
std::size_t columns_sought(std::string_view line) {
  if (!line.starts_with("SEARCH ")) return 0;
  const std::size_t open = line.find(" (");
  const std::size_t close = line.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return 0;
  std::string_view terms = line.substr(open + 2, close - open - 2);
  std::size_t count = 0;
  std::string_view previous;
  while (!terms.empty()) {
    const std::size_t end = std::min(terms.find(" AND "), terms.size());
    const std::string_view term = terms.substr(0, end);
    terms.remove_prefix(std::min(end + 5, terms.size()));
    const std::string_view name = term.substr(0, term.find_last_of("<>="));
    if (term.starts_with("ANY(")) continue;
    if (term.starts_with("(")) {
      count += 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), ','));
    } else if (name != previous || term.ends_with("=?")) {
      ++count;
    }
    previous = name;
  }
  return count;
}

/// The value of a line `"name": value,`; empty if it is another line.
std::string_view json_member(std::string_view line, std::string_view name) {
  line.remove_prefix(std::min(line.find('"'), line.size()));
  if (!line.starts_with('"') || !line.substr(1).starts_with(name)) return {};
  line.remove_prefix(1 + name.size());
  if (!line.starts_with("\": ")) return {};
  line.remove_prefix(3);
  if (line.ends_with(',')) line.remove_suffix(1);
  return line;
}

/// MySQL puts each string of an array on a line of its own; here an array is one line, as
/// MariaDB's.
std::vector<std::string> with_whole_arrays(std::span<const std::string> lines) {
  const auto begins = [](std::string_view line, char c) {
    const std::size_t at = line.find_first_not_of(' ');
    return at != std::string_view::npos && line[at] == c;
  };
  std::vector<std::string> out;
  bool inside = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (inside) {
      out.back() += lines[i].substr(std::min(lines[i].find_first_not_of(' '), lines[i].size()));
      inside = !begins(lines[i], ']');
    } else {
      out.push_back(lines[i]);
      inside = lines[i].ends_with('[') && i + 1 < lines.size() && begins(lines[i + 1], '"');
    }
  }
  return out;
}

/// How many strings `["a", "b"` holds; a backslash hides the character behind it.
std::size_t strings_in(std::string_view list) {
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '\\') {
      ++i;
    } else if (list[i] == '"') {
      ++quotes;
    }
  }
  return quotes / 2;
}

std::string trimmed(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (line.ends_with(',')) line.remove_suffix(1);
  return std::string(line);
}

/// What makes this line of the JSON an objection by itself.
std::string_view mariadb_fault(std::string_view line, std::size_t seek_columns) {
  const auto is = [&](std::string_view name, std::string_view value) {
    return json_member(line, name) == value;
  };
  if (is("filesort", "{") || is("using_filesort", "true")) return "it sorts";
  if (is("temporary_table", "{") || is("using_temporary_table", "true")) {
    return "it needs a temporary table";
  }
  if (is("access_type", "\"index_merge\"") || is("rowid_filter", "{")) {
    return "it gathers all that an index gives before the first row";
  }
  if (seek_columns != 0 && (is("access_type", "\"ALL\"") || is("access_type", "\"index\""))) {
    return "it reads all there is where it could seek";
  }
  return {};
}

}  // namespace

std::string too_few_columns(std::string_view line, std::size_t sought, std::size_t wanted) {
  return "\"" + std::string(line) + "\": it seeks by " + std::to_string(sought) + " of " +
         std::to_string(wanted) + " columns and reads through everything that is equal in them";
}

std::string sqlite_objection(std::span<const std::string> lines, std::size_t seek_columns) {
  std::size_t sought = 0;
  for (const std::string& line : lines) {
    if (line.starts_with("USE TEMP B-TREE") && line.ends_with("ORDER BY")) {
      return "\"" + line + "\": it sorts";
    }
    if (seek_columns != 0 && line.starts_with("SCAN ")) {
      return "\"" + line + "\": it reads all there is where it could seek";
    }
    sought = std::max(sought, columns_sought(line));
  }
  if (sought >= seek_columns) return {};
  return too_few_columns(lines.empty() ? std::string() : lines.front(), sought, seek_columns);
}

std::string mariadb_objection(
    std::span<const std::string> lines, std::size_t seek_columns, std::size_t sought
) {
  std::string key;
  for (const std::string& line : with_whole_arrays(lines)) {
    // The key's examples contradict what is there: nothing will be read.
    if (json_member(line, "message").starts_with("\"Impossible WHERE")) return {};
    const std::string_view fault = mariadb_fault(line, seek_columns);
    if (!fault.empty()) return trimmed(line) + ": " + std::string(fault);
    const std::string_view parts = json_member(line, "used_key_parts");
    sought = std::max(sought, strings_in(parts));
    if (!json_member(line, "key").empty() || !parts.empty()) {
      key += (key.empty() ? "" : ", ") + trimmed(line);
    }
  }
  if (sought >= seek_columns) return {};
  return too_few_columns(key, sought, seek_columns);
}

key_use mariadb_key_use(std::span<const std::string> lines) {
  const auto unquoted = [](std::string_view text) {
    return text.size() < 2 ? text : text.substr(1, text.size() - 2);
  };
  key_use out;
  bool merged = false;
  for (const std::string& line : with_whole_arrays(lines)) {
    const std::string_view key = json_member(line, "key");
    if (!key.empty()) out.key = unquoted(key);
    const std::string_view length = unquoted(json_member(line, "key_length"));
    std::from_chars(length.data(), length.data() + length.size(), out.length);
    std::string_view rows = json_member(line, "rows");
    if (rows.empty()) rows = json_member(line, "rows_examined_per_scan");  // MySQL's
    std::from_chars(rows.data(), rows.data() + rows.size(), out.rows);
    out.constants = std::max(out.constants, strings_in(json_member(line, "ref")));
    out.covers = out.covers || json_member(line, "using_index") == "true";
    merged = merged || json_member(line, "access_type") == "\"index_merge\"";
  }
  if (merged) out.key.clear();  // MySQL names how it merges there
  return out;
}

}  // namespace scalekit::inline v0::keyset::detail
