// SPDX-License-Identifier: BSL-1.0
#include "keyset/plan_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace scalekit::inline v0::keyset::detail {

namespace {

constexpr std::size_t nowhere = std::string_view::npos;

/// Where `what` first stands outside parentheses, brackets and quotes.
std::size_t find_outside(std::string_view text, std::string_view what) {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;  // a doubled one closes and opens again
      continue;
    }
    if (depth == 0 && text.substr(i).starts_with(what)) return i;
    if (c == '\'' || c == '"') quote = c;
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
  }
  return nowhere;
}

std::vector<std::string_view> split_outside(std::string_view text, std::string_view by) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t at = find_outside(text, by);
    out.push_back(text.substr(0, at));
    if (at == nowhere) return out;
    text.remove_prefix(at + by.size());
  }
}

/// What one pair of parentheses around all of the text holds; absent if there is no such pair.
std::optional<std::string_view> inside_parentheses(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  // A pair that closes early leaves something outside of it.
  std::string_view rest = text;
  rest.remove_prefix(1);
  const std::size_t close = find_outside(rest, ")");
  if (close + 2 != text.size()) return std::nullopt;
  return rest.substr(0, close);
}

/// `(p.name)::text` -> `name`: no alias, no parentheses around it all, no relabelling.
std::string bare_column(std::string_view text, std::string_view alias) {
  std::string out;
  const std::string qualifier = std::string(alias) + ".";
  for (std::size_t i = 0; i < text.size();) {
    const bool starts_word =
        i == 0 || std::string_view("( ,").find(text[i - 1]) != std::string_view::npos;
    if (!alias.empty() && starts_word && text.substr(i).starts_with(qualifier)) {
      i += qualifier.size();
    } else {
      out.push_back(text[i++]);
    }
  }
  for (;;) {
    const std::string_view view = out;
    const std::size_t cast = find_outside(view, "::");
    if (cast != nowhere && inside_parentheses(view.substr(0, cast))) {
      out = std::string(view.substr(0, cast));
    } else if (const auto inner = inside_parentheses(view)) {
      out = std::string(*inner);
    } else {
      return out;
    }
  }
}

void add_columns(std::string_view condition, std::string_view alias, index_use& use) {
  const std::string_view all = inside_parentheses(condition).value_or(condition);
  const std::vector<std::string_view> terms = split_outside(all, " AND ");
  for (std::string_view term : terms) {
    if (terms.size() > 1) term = inside_parentheses(term).value_or(term);
    std::string_view left = term.substr(0, find_outside(term, " "));
    if (left.starts_with("ROW(")) left = inside_parentheses(left.substr(3)).value_or(left);
    for (const std::string_view column : split_outside(left, ", ")) {
      use.columns.push_back(bare_column(column, alias));
    }
  }
}

std::string_view without_arrow(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (line.starts_with("->  ")) line.remove_prefix(4);
  return line;
}

bool is_sort(std::string_view line) { return line == "Sort" || line == "Incremental Sort"; }

}  // namespace

std::string postgres_objection(std::span<const std::string> lines, std::size_t seek_columns) {
  for (const std::string& raw : lines) {
    const std::string_view line = without_arrow(raw);
    const std::string quoted = "\"" + std::string(line) + "\": ";
    if (is_sort(line)) return quoted + "it sorts";
    if (line.starts_with("Bitmap Heap Scan on ") ||
        line.starts_with("Parallel Bitmap Heap Scan on ")) {
      return quoted + "it gathers all that an index gives before the first row";
    }
    const bool all = line.starts_with("Seq Scan on ") || line.starts_with("Parallel Seq Scan on ");
    if (all && seek_columns != 0) return quoted + "it reads all there is where it could seek";
  }
  return {};
}

double postgres_cost(std::string_view first_line) {
  double out = std::numeric_limits<double>::max();
  const std::size_t cost = first_line.find("(cost=");
  const std::size_t total = first_line.find("..", cost);
  if (cost == nowhere || total == nowhere) return out;
  const std::string_view digits = first_line.substr(total + 2);
  std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return out;
}

std::vector<index_use> index_uses(std::span<const std::string> lines) {
  std::vector<index_use> out;
  std::string alias;
  for (const std::string& raw : lines) {
    std::string_view line = without_arrow(raw);
    const std::size_t index = find_outside(line, " using ");
    const std::size_t on = find_outside(line, " on ");
    const std::string_view kind = line.substr(0, index);
    if (index != nowhere && on != nowhere && kind.find("Index ") != nowhere) {
      // `schema.table` or `schema.table alias`
      const std::string_view relation = line.substr(on + 4);
      const std::size_t dot = std::min(find_outside(relation, "."), relation.size());
      const std::size_t space = find_outside(relation, " ");
      alias = relation.substr(space == nowhere ? std::min(dot + 1, relation.size()) : space + 1);
      const std::string name(line.substr(index + 7, on - index - 7));
      out.push_back({std::string(line), std::string(relation.substr(0, dot)) + "." + name, {}});
    } else if (!out.empty() && line.starts_with("Index Cond: ")) {
      add_columns(line.substr(12), alias, out.back());
      out.back().line += ", " + std::string(line);
    }
  }
  return out;
}

std::size_t leading_columns(const index_use& use, std::span<const std::string> index_columns) {
  const auto is_compared = [&](const std::string& column) {
    return std::ranges::find(use.columns, bare_column(column, {})) != use.columns.end();
  };
  const auto end = std::ranges::find_if_not(index_columns, is_compared);
  return static_cast<std::size_t>(end - index_columns.begin());
}

}  // namespace scalekit::inline v0::keyset::detail
