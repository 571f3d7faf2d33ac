// SPDX-License-Identifier: BSL-1.0
#include "arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <getopt.h>
#include <string_view>
#include <utility>

namespace import_csv {

using namespace scalekit;

const char* const usage =
    "usage: import_csv FILE --schema schema.json --db DATABASE [option ...]\n"
    "       import_csv FILE --to-json [format option ...]\n"
    "       import_csv FILE --sniff\n"
    "\n"
    "Imports a CSV file, gzip or not, into a table: checked, idempotent, resumable.\n"
    "\n"
    "  --schema FILE       what the rows must be (docs/import.md)\n"
    "  --db DATABASE       an SQLite file, postgres://..., mariadb://user:password@host:port/db;\n"
    "                      without it, the environment's IMPORT_CSV_DB\n"
    "  --table NAME, --key COLUMN,...    instead of the schema's\n"
    "  --dry-run           say what would happen; nothing is written\n"
    "  --batch N           rows in a transaction (5000)\n"
    "  --writers N         batches written at the same time (1)\n"
    "  --max-rejected N    give up behind so many rejected rows\n"
    "  --id ID             a name for the import, so that to begin it twice is an error\n"
    "  --resume ID         go on with an import that did not end\n"
    "  --forget            forget the import once it is complete; it has no reports any more then\n"
    "\n"
    "  --rejects FILE      rejected rows as they are, to be corrected and imported again\n"
    "  --errors FILE       what is wrong with each: .csv or .json\n"
    "  --summary FILE      the counts, in JSON\n"
    "  --unprocessed FILE  rows that were not reached\n"
    "\n"
    "  --delimiter C  --quote C|none  --escape C  --comment C  (C: one character, or tab)\n"
    "  --no-header  --null TEXT (may be repeated)\n"
    "  --encoding detect|utf8|latin1|utf16le|utf16be\n"
    "\n"
    "  --to-json           only print each record as a JSON array; FILE may be -, standard input\n"
    "  --sniff             only print how the file seems to be spelled, and why\n"
    "\n"
    "exit code: 0 all rows are in; 3 some were rejected; 2 usage, or the file was refused;\n"
    "           1 trouble with the database; 130 interrupted, to be resumed\n";

namespace {

enum option_code {
  schema = 256,
  db,
  table,
  key,
  dry_run,
  batch,
  writers,
  max_rejected,
  id,
  resume,
  forget,
  rejects,
  errors,
  summary,
  unprocessed,
  delimiter,
  quote,
  escape,
  comment,
  no_header,
  null_text,
  encoding,
  to_json,
  sniff,
  help
};

constexpr std::array options{
    option{"schema", required_argument, nullptr, schema},
    option{"db", required_argument, nullptr, db},
    option{"table", required_argument, nullptr, table},
    option{"key", required_argument, nullptr, key},
    option{"dry-run", no_argument, nullptr, dry_run},
    option{"batch", required_argument, nullptr, batch},
    option{"writers", required_argument, nullptr, writers},
    option{"max-rejected", required_argument, nullptr, max_rejected},
    option{"id", required_argument, nullptr, id},
    option{"resume", required_argument, nullptr, resume},
    option{"forget", no_argument, nullptr, forget},
    option{"rejects", required_argument, nullptr, rejects},
    option{"errors", required_argument, nullptr, errors},
    option{"summary", required_argument, nullptr, summary},
    option{"unprocessed", required_argument, nullptr, unprocessed},
    option{"delimiter", required_argument, nullptr, delimiter},
    option{"quote", required_argument, nullptr, quote},
    option{"escape", required_argument, nullptr, escape},
    option{"comment", required_argument, nullptr, comment},
    option{"no-header", no_argument, nullptr, no_header},
    option{"null", required_argument, nullptr, null_text},
    option{"encoding", required_argument, nullptr, encoding},
    option{"to-json", no_argument, nullptr, to_json},
    option{"sniff", no_argument, nullptr, sniff},
    option{"help", no_argument, nullptr, help},
    option{}};

error wrong(std::string_view what, std::string_view value, std::string_view wanted) {
  std::string message(what);
  message.append(": \"").append(value).append("\" is not ").append(wanted);
  return {errc::invalid_argument, std::move(message)};
}

template <class Number>
result<void> read_number(
    std::string_view name, std::string_view text, Number low, Number high, Number& out
) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed == std::errc() && end == text.data() + text.size() && out >= low && out <= high) {
    return {};
  }
  return wrong(
      name, text, "a whole number from " + std::to_string(low) + " to " + std::to_string(high)
  );
}

template <class Character>
result<void> read_character(std::string_view name, std::string_view text, Character& out) {
  if (text == "tab" || text == "\\t") {
    out = '\t';
  } else if (text.size() == 1) {
    out = text.front();
  } else {
    return wrong(name, text, "one ASCII character");
  }
  return {};
}

result<void> read_quote(std::string_view text, std::optional<std::optional<char>>& out) {
  if (text.empty() || text == "none") {
    out.emplace();
    return {};
  }
  return read_character("--quote", text, out.emplace());
}

result<void> read_encoding(std::string_view text, std::optional<csv::text_encoding>& out) {
  using enum csv::text_encoding;
  constexpr std::array<std::pair<std::string_view, csv::text_encoding>, 5> names{
      {{"detect", detect},
       {"utf8", utf8},
       {"latin1", latin1},
       {"utf16le", utf16le},
       {"utf16be", utf16be}}};
  for (const auto& [name, code] : names) {
    if (name != text) continue;
    out = code;
    return {};
  }
  return wrong("--encoding", text, "one of detect, utf8, latin1, utf16le, utf16be");
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  for (;;) {
    const auto comma = list.find(',');
    out.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    list.remove_prefix(comma + 1);
  }
}

result<void> read_format(int code, std::string_view value, format_flags& f) {
  switch (code) {
    case delimiter:
      return read_character("--delimiter", value, f.delimiter);
    case quote:
      return read_quote(value, f.quote);
    case escape:
      return read_character("--escape", value, f.escape);
    case comment:
      return read_character("--comment", value, f.comment);
    case encoding:
      return read_encoding(value, f.encoding);
    case null_text:
      f.null_texts.emplace_back(value);
      return {};
    default:
      f.no_header = true;
      return {};
  }
}

/// The member that takes an option's value as it is; null if there is none.
std::string* plain_text(int code, arguments& a) {
  switch (code) {
    case schema:
      return &a.schema;
    case db:
      return &a.database;
    case table:
      return &a.table;
    case id:
      return &a.id;
    case resume:
      return &a.resume;
    case rejects:
      return &a.rejects;
    case errors:
      return &a.errors;
    case summary:
      return &a.summary;
    case unprocessed:
      return &a.unprocessed;
    default:
      return nullptr;
  }
}

result<void> read_option(int code, std::string_view value, arguments& a) {
  if (std::string* const text = plain_text(code, a)) {
    if (value.empty()) return error(errc::invalid_argument, "an option's value is empty");
    *text = value;
    return {};
  }
  switch (code) {
    case key:
      a.key = split(value);
      return {};
    case dry_run:
      a.dry_run = true;
      return {};
    case batch:
      return read_number("--batch", value, std::size_t{1}, std::size_t{100'000}, a.batch_rows);
    case writers:
      return read_number("--writers", value, std::size_t{1}, std::size_t{64}, a.writers);
    case max_rejected:
      return read_number("--max-rejected", value, std::uint64_t{0}, UINT64_MAX, a.max_rejected);
    case forget:
      a.forget = true;
      return {};
    case to_json:
      a.task = task::to_json;
      return {};
    case sniff:
      a.task = task::sniff;
      return {};
    case help:
      a.task = task::help;
      return {};
    default:
      return read_format(code, value, a.format);
  }
}

result<void> check_together(arguments& a) {
  const auto missing = [](const char* what) { return error(errc::invalid_argument, what); };
  if (a.file.empty()) return missing("no FILE is given");
  if (a.task != task::import_rows) return {};
  if (a.file == "-") {
    return missing("an import reads its file more than once, so standard input will not do");
  }
  if (a.schema.empty()) return missing("--schema is missing: it says what the rows must be");
  if (const char* where = std::getenv("IMPORT_CSV_DB"); a.database.empty() && where != nullptr) {
    a.database = where;
  }
  if (a.database.empty()) return missing("--db is missing: it says where the table is");
  if (a.errors.empty() || a.errors.ends_with(".csv") || a.errors.ends_with(".json")) return {};
  return wrong("--errors", a.errors, "a file that ends in .csv or .json");
}

}  // namespace

void format_flags::apply(csv::reader_options& o) const {
  if (delimiter) o.delimiter = *delimiter;
  if (quote) o.quote = *quote;
  if (escape) o.escape = escape;
  if (comment) o.comment = comment;
  if (encoding) o.encoding = *encoding;
  if (no_header) o.header = csv::header::absent;
  if (!null_texts.empty()) o.null_texts = null_texts;
}

result<arguments> parse(int argc, char** argv) {
  arguments a;
  opterr = 0;  // it would print
  for (int code; (code = getopt_long(argc, argv, ":", options.data(), nullptr)) != -1;) {
    if (code == '?' || code == ':') {
      std::string message(argv[optind - 1]);
      message += code == ':' ? ": its value is missing" : ": there is no such option; see --help";
      return error(errc::invalid_argument, std::move(message));
    }
    if (auto read = read_option(code, optarg != nullptr ? optarg : "", a); !read) {
      return read.error();
    }
  }
  if (a.task == task::help) return a;
  if (argc - optind > 1) {
    return error(
        errc::invalid_argument, std::string(argv[optind + 1]) + ": one FILE at a time; see --help"
    );
  }
  if (optind < argc) a.file = argv[optind];
  if (auto whole = check_together(a); !whole) return whole.error();
  return a;
}

}  // namespace import_csv
