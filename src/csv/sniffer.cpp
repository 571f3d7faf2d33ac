// SPDX-License-Identifier: BSL-1.0
#include "csv/sniffer_cells.hpp"
#include "csv/sniffer_text.hpp"

#include <scalekit/csv/sniffer.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::csv {

namespace {

using sniffing::cell;
using sniffing::kind;
using sniffing::row;
using sniffing::spelling;

std::string named(char c) {
  if (c == '\t') return "TAB";
  return std::string("'") + c + "'";
}

std::string counted(std::size_t n, const char* noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

std::string percent(double share) { return std::to_string(static_cast<int>(share * 100)) + " %"; }

/// Leaves out a last line that has no end, unless it is the only one.
std::string_view whole_lines(std::string_view text, char line_end) {
  const std::size_t last = text.rfind(line_end);
  return last == std::string_view::npos ? text : text.substr(0, last + 1);
}

// ---- delimiter, quote, escape ----

struct score {
  spelling how;
  double value = 0;
  std::size_t records = 0;
  std::size_t fields = 0;  ///< of most records
  std::size_t like_most = 0;
  double known = 0;  ///< share of the cells
  std::size_t quoted = 0;
};

/// Pattern score times type score (van den Burg et al., 2019, sections 3.2 and 3.3).
score rate(std::string_view text, const spelling& how) {
  constexpr double one_field = 1e-3;
  constexpr double no_type = 1e-10;
  score s{.how = how};
  std::map<std::size_t, std::size_t> patterns;
  std::size_t cells = 0;
  std::size_t known = 0;
  for (const row& r : sniffing::split(text, how)) {
    ++s.records;
    ++patterns[r.size()];
    cells += r.size();
    for (const cell& c : r) {
      known += sniffing::kind_of(c) != kind::unknown;
      s.quoted += c.quoted;
    }
  }
  if (cells == 0) return s;
  double pattern = 0;
  for (const auto& [fields, times] : patterns) {
    const auto length = static_cast<double>(fields);
    pattern += static_cast<double>(times) * std::max(one_field, length - 1) / length;
    if (times > s.like_most) {
      s.fields = fields;
      s.like_most = times;
    }
  }
  s.known = static_cast<double>(known) / static_cast<double>(cells);
  s.value = pattern / static_cast<double>(patterns.size()) * std::max(no_type, s.known);
  return s;
}

std::vector<spelling> candidates(
    std::string_view text, char line_end, std::optional<char> comment
) {
  std::vector<spelling> all;
  // In order of preference, for where the sample cannot tell.
  for (const char delimiter : {',', ';', '\t', '|', ':'}) {
    const auto add = [&](std::optional<char> quote, std::optional<char> escape) {
      all.push_back({delimiter, quote, escape, comment, line_end});
    };
    for (const char quote : {'"', '\''}) {
      if (quote != '"' && text.find(quote) == std::string_view::npos) continue;
      add(quote, std::nullopt);
      if (text.find(std::string{'\\', quote}) != std::string_view::npos) add(quote, '\\');
    }
    if (text.find('"') != std::string_view::npos) add(std::nullopt, std::nullopt);
  }
  return all;
}

/// How far ahead the best is of the best of those that `differ`.
template <class Differ>
std::pair<const score*, double> runner_up(
    std::span<const score> all, const score& best, const Differ& differ
) {
  const score* second = nullptr;
  for (const score& s : all) {
    if (differ(s.how) && (second == nullptr || s.value > second->value)) second = &s;
  }
  const bool compared = second != nullptr && best.value > 0;
  return {second, compared ? 1 - second->value / best.value : 0};
}

void explain_delimiter(std::span<const score> all, const score& best, finding& f) {
  if (best.fields <= 1) {
    f = {0.2, "no character splits the records alike: one column, as it seems"};
    return;
  }
  const auto [second, lead] = runner_up(all, best, [&](const spelling& other) {
    return other.delimiter != best.how.delimiter;
  });
  const double alike = static_cast<double>(best.like_most) / static_cast<double>(best.records);
  f.confidence = best.records == 1 ? std::min(lead, 0.5) : lead * alike;
  f.reason = std::to_string(best.like_most) + " of " + counted(best.records, "record") + " have " +
             std::to_string(best.fields) + " fields, and " + percent(best.known) +
             " of the cells are numbers, times or words; the next best, " +
             named(second->how.delimiter) + ", scores " + percent(1 - lead) + " of that";
}

void explain_quote(std::span<const score> all, const score& best, finding& f) {
  if (!best.how.quote) {
    f = {0.5, "read as quotes, the quotes in the sample make the records less alike"};
    return;
  }
  if (best.quoted == 0) {
    f = {0.1, "no cell of the sample is quoted; the usual quote"};
    return;
  }
  const auto [second, lead] = runner_up(all, best, [&](const spelling& other) {
    return other.quote != best.how.quote && other.delimiter == best.how.delimiter;
  });
  f.confidence = second == nullptr ? 1 : 0.5 + lead / 2;
  f.reason = counted(best.quoted, "cell") + " of the sample in " + named(*best.how.quote);
}

void explain_escape(const score& best, finding& f) {
  if (best.how.escape) {
    f = {0.9, "quotes inside quotes stand behind a backslash, and the records are alike with it"};
  } else {
    f = {best.quoted == 0 ? 0.1 : 0.8, "no backslash before a quote that would need it"};
  }
}

score find_spelling(
    std::string_view text, char line_end, std::optional<char> comment, proposal& p
) {
  std::vector<score> all;
  for (const spelling& how : candidates(text, line_end, comment)) all.push_back(rate(text, how));
  // The first of equals, which is the preferred.
  const score best = *std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.value < b.value;
  });
  explain_delimiter(all, best, p.delimiter);
  explain_quote(all, best, p.quote);
  explain_escape(best, p.escape);
  p.options.delimiter = best.how.delimiter;
  p.options.quote = best.how.quote;
  p.options.escape = best.how.escape;
  return best;
}

// ---- comments ----

constexpr char comment_mark = '#';

/// Whether lines that begin with the mark are comments, given how the other lines are spelled.
bool find_comment(std::string_view text, score& best, proposal& p) {
  spelling everything = best.how;
  everything.comment.reset();
  std::size_t marked = 0;
  std::size_t like_records = 0;
  for (const row& r : sniffing::split(text, everything)) {
    if (r.front().quoted || !r.front().text.starts_with(comment_mark)) continue;
    ++marked;
    like_records += r.size() == best.fields;
  }
  if (marked == 0) {
    p.comment = {0.5, "no line begins with '#'"};
    return false;
  }
  if (best.records == 0 || (best.fields > 1 && like_records == marked)) {
    p.comment = {
        0.6, counted(marked, "line") + " with '#' in front, but no different from the rest"};
    return false;
  }
  p.options.comment = comment_mark;
  p.comment = {
      best.fields > 1 ? 0.9 : 0.5,
      counted(marked, "line") + " with '#' in front, unlike the records"};
  return true;
}

// ---- header ----

/// What most cells of a column are, the first row left out.
kind kind_of_column(std::span<const row> rows, std::size_t column) {
  std::array<std::size_t, 5> times{};
  std::size_t filled = 0;
  for (const row& r : rows.subspan(1)) {
    if (column >= r.size()) continue;
    const kind k = sniffing::kind_of(r[column]);
    ++times[static_cast<std::size_t>(k)];
    filled += k != kind::empty;
  }
  for (const kind k : {kind::number, kind::time}) {
    if (filled != 0 && times[static_cast<std::size_t>(k)] * 10 >= filled * 9) return k;
  }
  return filled == 0 ? kind::empty : kind::text;
}

bool recurs(std::span<const row> rows, std::size_t column) {
  return std::any_of(rows.begin() + 1, rows.end(), [&](const row& r) {
    return column < r.size() && r[column].text == rows.front()[column].text;
  });
}

/// Whether the cells of a first row could be names: words, all of them different.
bool are_names(const row& first) {
  std::set<std::string_view> seen;
  return std::all_of(first.begin(), first.end(), [&](const cell& c) {
    return sniffing::kind_of(c) == kind::text && seen.insert(c.text).second;
  });
}

void find_header(std::span<const row> rows, proposal& p) {
  const auto found = [&](header h, double confidence, std::string why) {
    p.options.header = h;
    p.header = {confidence, std::move(why)};
  };
  const bool names = are_names(rows.front());
  if (rows.size() == 1) {
    return found(names ? header::present : header::absent, 0.2, "one record only");
  }
  std::size_t unlike = 0;
  std::size_t alike = 0;
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    const kind first = sniffing::kind_of(rows.front()[column]);
    const kind below = kind_of_column(rows, column);
    if (below == kind::number || below == kind::time) {
      unlike += first == kind::text;
      alike += first == below;
    } else if (below == kind::text && first == kind::text) {
      alike += recurs(rows, column);
    }
  }
  if (unlike + alike == 0) {
    return found(
        names ? header::present : header::absent,
        0.4,
        names ? "the first record is of different words, and nothing else tells"
              : "the first record is not one of different words"
    );
  }
  const auto [more, fewer] = std::minmax(unlike, alike, std::greater<>());
  const double lead = static_cast<double>(more - fewer) / static_cast<double>(more + fewer);
  found(
      unlike > alike ? header::present : header::absent,
      0.5 + 0.49 * lead,
      "the first record differs in kind from those below in " + counted(unlike, "column") +
          ", and looks like them in " + std::to_string(alike)
  );
}

void nothing_to_see(proposal& p, const char* why) {
  for (finding* f :
       {&p.delimiter, &p.quote, &p.escape, &p.comment, &p.header, &p.encoding, &p.line_end}) {
    *f = {0, why};
  }
}

}  // namespace

proposal sniff(std::string_view sample) {
  proposal p;
  const std::string text = sniffing::decode(sample.substr(0, sniffed_bytes), p);
  if (text.empty() || sniffing::is_junk(text)) {
    p = {};
    nothing_to_see(p, text.empty() ? "the sample is empty" : "the sample is not text");
    return p;
  }
  sniffing::find_line_ends(text, p);
  const char line_end = p.line_ends == seen_line_ends::cr ? '\r' : '\n';
  const std::string_view lines = whole_lines(text, line_end);
  // Without such lines first, for comments hide how alike the records are.
  score best = find_spelling(lines, line_end, comment_mark, p);
  if (!find_comment(lines, best, p)) best = find_spelling(lines, line_end, std::nullopt, p);
  const std::vector<row> rows = sniffing::split(lines, best.how);
  if (rows.empty()) {
    p.header = {0, "no record in the sample"};
  } else {
    find_header(rows, p);
  }
  return p;
}

}  // namespace scalekit::inline v0::csv
