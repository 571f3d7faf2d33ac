// SPDX-License-Identifier: BSL-1.0
#include "bulk/field_types.hpp"

#include <scalekit/bulk/row_error.hpp>

#include <algorithm>

namespace scalekit::inline v0::bulk {

field_reader::~field_reader() = default;

std::string_view to_string(field_type type) noexcept {
  switch (type) {
    case field_type::text:
      return "text";
    case field_type::integer:
      return "integer";
    case field_type::decimal:
      return "decimal";
    case field_type::float64:
      return "float64";
    case field_type::boolean:
      return "boolean";
    case field_type::date:
      return "date";
    case field_type::timestamp:
      return "timestamp";
    case field_type::uuid:
      return "uuid";
    case field_type::enumeration:
      return "enumeration";
    case field_type::blob:
      return "blob";
  }
  return "unknown";
}

std::string code_of(flaw f, field_type type) {
  switch (f) {
    case flaw::below_minimum:
      return "limit.minimum";
    case flaw::above_maximum:
      return "limit.maximum";
    case flaw::too_short:
    case flaw::too_long:
      return "limit.length";
    case flaw::pattern:
      return "limit.pattern";
    case flaw::precision:
      return "limit.precision";
    case flaw::scale:
      return "limit.scale";
    default:
      return "type." + std::string(to_string(type));
  }
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t most = 80;
  constexpr std::string_view cut = "...";
  if (text.size() <= most) return std::string(text);
  std::size_t n = most - cut.size();
  // Back to where a character begins; what is not UTF-8 is cut anywhere.
  for (std::size_t back = 0; back <= 3; ++back) {
    if ((static_cast<unsigned char>(text[n - back]) & 0xC0U) != 0x80U) {
      n -= back;
      break;
    }
  }
  return std::string(text.substr(0, n)).append(cut);
}

std::string quoted(std::string_view value) { return "`" + excerpt(value) + "`"; }

field_reader_ptr make_field_reader(
    const import_column& column, std::vector<std::string>& problems
) {
  switch (column.type) {
    case field_type::text:
      return make_text_reader(column.text, problems);
    case field_type::integer:
      return make_integer_reader(column.integer, problems);
    case field_type::decimal:
      return make_decimal_reader(column.decimal, problems);
    case field_type::float64:
      return make_float64_reader(column.float64, problems);
    case field_type::boolean:
      return make_boolean_reader(column.boolean, problems);
    case field_type::date:
      return make_date_reader(column.date, problems);
    case field_type::timestamp:
      return make_timestamp_reader(column.timestamp, problems);
    case field_type::uuid:
      return make_uuid_reader();
    case field_type::enumeration:
      return make_enumeration_reader(column.enumeration, problems);
    case field_type::blob:
      return make_blob_reader(column.blob);
  }
  problems.emplace_back("type is not one of the field types");
  return nullptr;
}

}  // namespace scalekit::inline v0::bulk
