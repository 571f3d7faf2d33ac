// SPDX-License-Identifier: BSL-1.0
#include "csv/reader_parser.hpp"

#include <scalekit/csv/reader.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::csv {

std::string_view to_string(issue_code code) noexcept {
  switch (code) {
    case issue_code::too_few_fields:
      return "too_few_fields";
    case issue_code::too_many_fields:
      return "too_many_fields";
    case issue_code::stray_quote:
      return "stray_quote";
    case issue_code::unterminated_quote:
      return "unterminated_quote";
    case issue_code::bare_carriage_return:
      return "bare_carriage_return";
    case issue_code::nul_character:
      return "nul_character";
    case issue_code::invalid_encoding:
      return "invalid_encoding";
    case issue_code::field_too_long:
      return "field_too_long";
    case issue_code::record_too_long:
      return "record_too_long";
    case issue_code::too_many_columns:
      return "too_many_columns";
  }
  return "unknown";
}

namespace {

/// A header that has lost names would let every record be misread.
result<void> check_header(const record& names) {
  const auto exceeds = [](const issue& i) {
    return i.code == issue_code::field_too_long || i.code == issue_code::record_too_long ||
           i.code == issue_code::too_many_columns;
  };
  const auto issues = names.issues();
  const auto found = std::find_if(issues.begin(), issues.end(), exceeds);
  if (found == issues.end()) return {};
  return error{
      errc::limit_exceeded,
      "csv: the header, at line " + std::to_string(names.begin().line) + ", has " +
          std::string(to_string(found->code)) +
          "; raise the limit of the reader's options, or check that this is a CSV file with the "
          "delimiter and quotes that were stated"};
}

}  // namespace

reader::reader(std::unique_ptr<detail::record_parser> parser) noexcept
    : parser_(std::move(parser)), row_(&parser_->row()) {}
reader::~reader() = default;

result<std::unique_ptr<reader>> reader::open(byte_source& source, reader_options options) {
  if (auto r = check(options); !r) return r.error();
  const bool has_header = options.header == csv::header::present;
  auto parser = std::make_unique<detail::record_parser>(source, std::move(options));
  if (auto r = parser->start(); !r) return r.error();
  std::unique_ptr<reader> made(new reader(std::move(parser)));
  if (!has_header) return made;
  auto found = made->next();
  if (!found) return found.error();
  if (auto r = check_header(made->row()); !r) return r.error();
  made->header_.assign(made->row().fields().begin(), made->row().fields().end());
  return made;
}

result<std::unique_ptr<reader>> reader::open_at(
    byte_source& source, const csv::position& from, std::size_t columns, reader_options options
) {
  if (auto r = check(options); !r) return r.error();
  auto parser = std::make_unique<detail::record_parser>(source, std::move(options));
  parser->start_at(from, columns);
  return std::unique_ptr<reader>(new reader(std::move(parser)));
}

std::span<const std::string> reader::header() const noexcept { return header_; }
text_encoding reader::encoding() const noexcept { return parser_->encoding(); }
result<bool> reader::next() { return parser_->next(); }
const csv::position& reader::position() const noexcept { return parser_->position(); }

}  // namespace scalekit::inline v0::csv
