// SPDX-License-Identifier: BSL-1.0
#include "schema_file.hpp"

#include <scalekit/csv/byte_source.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parser.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace import_csv {

using namespace scalekit;
namespace json = boost::json;

namespace {

result<std::string> read_whole(const std::string& path) {
  auto file = csv::disk_file::open_path(path);
  if (!file) return file.error();
  auto source = (*file)->open(0);
  if (!source) return source.error();
  std::string text;
  for (std::array<char, 4096> block;;) {
    auto n = (*source)->read(block);
    if (!n) return n.error();
    if (*n == 0) return text;
    text.append(block.data(), *n);
  }
}

result<json::value> parse_text(const std::string& text) {
  json::parser parser;
  json::error_code wrong;
  const std::size_t read = parser.write_some(text.data(), text.size(), wrong);
  if (!wrong && text.find_first_not_of(" \t\r\n", read) == std::string::npos) {
    return parser.release();
  }
  const auto line =
      1 + std::ranges::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
  return error(
      errc::invalid_argument,
      "line " + std::to_string(line) +
          ": not JSON: " + (wrong ? wrong.message() : std::string("something follows the schema"))
  );
}

void read_format(json_members f, csv::reader_options& o) {
  f.read("delimiter", o.delimiter);
  f.read("quote", o.quote);
  f.read("escape", o.escape);
  f.read("comment", o.comment);
  f.read("skip_lines", o.skip_lines);
  f.read("null_texts", o.null_texts);
  f.read("max_field_bytes", o.max_field_bytes);
  f.read("max_record_bytes", o.max_record_bytes);
  f.read("header", o.header, {{"present", csv::header::present}, {"absent", csv::header::absent}});
  f.read("trim", o.trim, {{"none", csv::trim::none}, {"blanks", csv::trim::blanks}});
  f.read("line_ends", o.line_ends, {{"lf", csv::line_ends::lf}, {"any", csv::line_ends::any}});
  f.read(
      "empty_lines",
      o.empty_lines,
      {{"skip", csv::empty_lines::skip}, {"keep", csv::empty_lines::keep}}
  );
  f.read(
      "malformed_quotes",
      o.malformed_quotes,
      {{"report", csv::malformed_quotes::report}, {"as_excel", csv::malformed_quotes::as_excel}}
  );
  f.read(
      "ragged_rows",
      o.ragged_rows,
      {{"report", csv::ragged_rows::report}, {"adjust", csv::ragged_rows::adjust}}
  );
  f.read(
      "encoding",
      o.encoding,
      {{"detect", csv::text_encoding::detect},
       {"utf8", csv::text_encoding::utf8},
       {"latin1", csv::text_encoding::latin1},
       {"utf16le", csv::text_encoding::utf16le},
       {"utf16be", csv::text_encoding::utf16be}}
  );
  f.finish();
}

void read_columns(json_members& top, bulk::import_schema& schema) {
  const json::value* const v = top.find("columns");
  const json::array* const list = v != nullptr ? v->if_array() : nullptr;
  if (list == nullptr) return top.complain("columns", "must be an array of columns");
  for (std::size_t i = 0; i < list->size(); ++i) {
    json_members column((*list)[i], "columns[" + std::to_string(i) + "]", top.noted());
    schema.columns.push_back(read_column(column));
  }
}

bulk::import_options read_options(const json::value& v, problems& noted) {
  bulk::import_options o;
  bulk::import_schema schema;
  json_members top(v, "", noted);
  top.read("name", o.name);
  top.read("table", o.target.table);
  top.read("key", o.target.key);
  top.read("insert_only", o.target.insert_only);
  top.read(
      "on_conflict",
      o.target.on_conflict,
      {{"update_distinct", sql::on_conflict::update_distinct},
       {"update", sql::on_conflict::update},
       {"do_nothing", sql::on_conflict::do_nothing}}
  );
  top.read(
      "duplicates",
      o.duplicates,
      {{"last_wins", sql::duplicate_policy::last_wins},
       {"first_wins", sql::duplicate_policy::first_wins},
       {"reject", sql::duplicate_policy::reject}}
  );
  top.read("version", schema.version);
  top.read(
      "unknown_columns",
      schema.unknown_columns,
      {{"refuse", bulk::unknown_columns::refuse}, {"ignore", bulk::unknown_columns::ignore}}
  );
  top.read(
      "header_match",
      schema.header_match,
      {{"exact", bulk::header_match::exact},
       {"fold", bulk::header_match::fold},
       {"loose", bulk::header_match::loose}}
  );
  if (const json::value* const format = top.find("format")) {
    read_format(json_members(*format, "format", noted), o.format);
  }
  read_columns(top, schema);
  top.finish();
  o.schema = std::make_shared<const bulk::import_schema>(std::move(schema));
  return o;
}

}  // namespace

result<bulk::import_options> read_schema(const std::string& path) {
  auto text = read_whole(path);
  if (!text) return text.error();
  auto parsed = parse_text(*text);
  if (!parsed) return std::move(parsed).error().with_context(path);
  problems noted;
  bulk::import_options o = read_options(*parsed, noted);
  if (noted.empty()) return o;
  std::string message = path;
  for (const std::string& p : noted) message += (&p == noted.data() ? ": " : "; ") + p;
  return error(errc::invalid_argument, std::move(message));
}

}  // namespace import_csv
