// SPDX-License-Identifier: BSL-1.0
#include "bulk/column_checker.hpp"
#include "bulk/header_match.hpp"

#include <scalekit/bulk/row_checker.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::bulk {

void typed_row::set(std::size_t column, sql::value v) {
  memory_[column].given = std::move(v);
  values_[column] = memory_[column].given.view();
}

void typed_row::clear(std::size_t columns) {
  values_.assign(columns, sql::value_view());
  bad_.assign(columns, 0);
  if (memory_.size() != columns) memory_.resize(columns);
}

struct row_checker::plan {
  struct bound_rule {
    const row_rule* rule;
    std::vector<std::size_t> columns;
    std::string code;
  };

  std::shared_ptr<const import_schema> schema;
  std::vector<std::string> header;
  std::vector<column_checker> columns;
  std::vector<bound_rule> rules;
  // Of a file without a header, which says itself how many there are otherwise.
  std::size_t least_fields = 0;
  std::size_t most_fields = static_cast<std::size_t>(-1);

  void bind_columns(std::span<const std::size_t> sources);
  void bind_rules();
  void bind_positions();
};

namespace {

/// Whether fields may have slipped into other columns.
bool slips(csv::issue_code code) noexcept {
  switch (code) {
    case csv::issue_code::too_few_fields:
    case csv::issue_code::too_many_fields:
    case csv::issue_code::stray_quote:
    case csv::issue_code::unterminated_quote:
    case csv::issue_code::record_too_long:
    case csv::issue_code::too_many_columns:
      return true;
    case csv::issue_code::bare_carriage_return:
    case csv::issue_code::nul_character:
    case csv::issue_code::invalid_encoding:
    case csv::issue_code::field_too_long:
      break;
  }
  return false;
}

explanation explain(csv::issue_code code, std::size_t fields, std::size_t columns) {
  const std::string count =
      "the row has " + std::to_string(fields) + " fields, not " + std::to_string(columns);
  switch (code) {
    case csv::issue_code::too_few_fields:
      return {count, "look for a missing delimiter or a line end inside a field without quotes"};
    case csv::issue_code::too_many_fields:
      return {count, "put quotes around a field that holds the delimiter"};
    case csv::issue_code::stray_quote:
      return {
          "a quote where none may be",
          "put quotes around the whole field and write each quote inside it twice"};
    case csv::issue_code::unterminated_quote:
      return {"a quote is opened and never closed", "close it, or write it twice if it is a quote"};
    case csv::issue_code::bare_carriage_return:
      return {"a carriage return that ends no line", "put quotes around the field, or remove it"};
    case csv::issue_code::nul_character:
      return {"a NUL character", "remove it; the file may be damaged, or in UTF-16"};
    case csv::issue_code::invalid_encoding:
      return {"bytes that are not in the file's encoding", "save the file as UTF-8"};
    case csv::issue_code::field_too_long:
      return {"the field is longer than allowed", "look for a quote that is not closed"};
    case csv::issue_code::record_too_long:
      return {"the row is longer than allowed", "look for a quote that is not closed"};
    case csv::issue_code::too_many_columns:
      return {"the row has more fields than allowed", "look for a missing line end"};
  }
  return {"the row is malformed", ""};
}

row_error whole_row(const csv::record& record) {
  row_error e;
  e.record = record.begin().record;
  e.line = record.begin().line;
  e.offset = record.begin().offset;
  return e;
}

row_error of_issue(
    const csv::record& record, const csv::issue& issue, std::span<const std::string> header
) {
  row_error e = whole_row(record);
  e.code = "csv.";
  e.code += csv::to_string(issue.code);
  auto why = explain(issue.code, record.size(), header.size());
  e.message = std::move(why.message);
  e.suggestion = std::move(why.suggestion);
  e.line = issue.line;
  e.offset = issue.offset;
  if (issue.column < record.size()) {
    e.column_index = issue.column;
    e.value = excerpt(record[issue.column]);
    if (issue.column < header.size()) e.column = header[issue.column];
  }
  return e;
}

}  // namespace

void row_checker::plan::bind_columns(std::span<const std::size_t> sources) {
  columns.reserve(sources.size());
  for (std::size_t c = 0; c < sources.size(); ++c) {
    const import_column& column = schema->columns[c];
    std::vector<std::string> none;  // the schema was checked
    columns.emplace_back(
        column,
        make_field_reader(column, none),
        sources[c],
        sources[c] < header.size() ? header[sources[c]] : header_names(column).front()
    );
  }
}

void row_checker::plan::bind_rules() {
  for (const row_rule& r : schema->rules) {
    bound_rule bound{.rule = &r, .columns = {}, .code = "rule." + r.name};
    for (const std::string& name : r.columns) bound.columns.push_back(*find_column(*schema, name));
    rules.push_back(std::move(bound));
  }
}

void row_checker::plan::bind_positions() {
  std::vector<std::size_t> sources;
  for (const import_column& column : schema->columns) {
    sources.push_back(sources.size());
    header.push_back(header_names(column).front());
    if (column.absent == absent_column::refuse) least_fields = sources.size();
  }
  if (schema->unknown_columns == unknown_columns::refuse) most_fields = sources.size();
  bind_columns(sources);
}

row_checker::row_checker(std::shared_ptr<const plan> made) noexcept : plan_(std::move(made)) {}

result<row_checker> row_checker::bind(
    std::shared_ptr<const import_schema> schema, std::span<const std::string> header
) {
  if (!schema) return error(errc::invalid_argument, "row_checker: no schema is given");
  if (auto agreed = bulk::check(*schema); !agreed) return agreed.error();
  auto made = std::make_shared<plan>();
  made->schema = std::move(schema);
  made->bind_rules();
  if (header.empty()) {
    made->bind_positions();
  } else {
    auto sources = match_header(*made->schema, header);
    if (!sources) return sources.error();
    made->header.assign(header.begin(), header.end());
    made->bind_columns(*sources);
  }
  return row_checker(std::move(made));
}

bool row_checker::check(const csv::record& record, typed_row& row, std::vector<row_error>& errors)
    const {
  const std::size_t before = errors.size();
  row.clear(columns());
  if (!check_form(record, row, errors)) return false;
  for (std::size_t c = 0; c < plan_->columns.size(); ++c) check_column(record, c, row, errors);
  check_rules(record, row, errors);
  return errors.size() == before;
}

bool row_checker::check_columns(
    const csv::record& record,
    std::span<const std::size_t> columns,
    typed_row& row,
    std::vector<row_error>& errors
) const {
  const std::size_t before = errors.size();
  row.clear(plan_->columns.size());
  if (!check_form(record, row, errors)) return false;
  for (const std::size_t c : columns) check_column(record, c, row, errors);
  return errors.size() == before;
}

void row_checker::check_column(
    const csv::record& record, std::size_t c, typed_row& row, std::vector<row_error>& errors
) const {
  if (row.bad_[c] != 0) return;
  typed_row::memory& memory = row.memory_[c];
  if (plan_->columns[c].read(record, memory.transformed, memory.typed, row.values_[c], errors)) {
    return;
  }
  row.bad_[c] = 1;
  row.values_[c] = nullptr;
}

/// False if the columns are not worth looking at.
bool row_checker::check_form(
    const csv::record& record, typed_row& row, std::vector<row_error>& errors
) const {
  const bool few = record.size() < plan_->least_fields;
  const bool fits = !few && record.size() <= plan_->most_fields;
  if (record.issues().empty() && fits) [[likely]]
    return true;
  bool slipped = false;
  for (const csv::issue& issue : record.issues()) {
    errors.push_back(of_issue(record, issue, plan_->header));
    slipped = slipped || slips(issue.code);
    for (std::size_t c = 0; c < plan_->columns.size(); ++c) {
      if (plan_->columns[c].source() == issue.column) row.bad_[c] = 1;
    }
  }
  if (slipped || fits) return !slipped;
  const csv::issue_code count =
      few ? csv::issue_code::too_few_fields : csv::issue_code::too_many_fields;
  const csv::issue issue{
      .code = count,
      .column = record.size(),
      .offset = record.begin().offset,
      .line = record.begin().line};
  errors.push_back(of_issue(record, issue, plan_->header));
  return false;
}

void row_checker::check_rules(
    const csv::record& record, typed_row& row, std::vector<row_error>& errors
) const {
  for (const plan::bound_rule& bound : plan_->rules) {
    const bool ready = std::none_of(bound.columns.begin(), bound.columns.end(), [&](std::size_t c) {
      return row.bad_[c] != 0;
    });
    if (!ready) continue;
    auto failure = bound.rule->check(row);
    if (!failure) continue;
    auto column = find_column(*plan_->schema, failure->column);
    if (!column && bound.columns.size() == 1) column = bound.columns.front();
    row_error e = column ? plan_->columns[*column].located(record) : whole_row(record);
    e.code = bound.code;
    e.message = std::move(failure->message);
    e.suggestion = std::move(failure->suggestion);
    errors.push_back(std::move(e));
  }
}

row_error row_checker::error_at(const csv::record& record, std::size_t column) const {
  return plan_->columns[column].located(record);
}

std::size_t row_checker::columns() const noexcept { return plan_->columns.size(); }

const import_schema& row_checker::schema() const noexcept { return *plan_->schema; }

}  // namespace scalekit::inline v0::bulk
