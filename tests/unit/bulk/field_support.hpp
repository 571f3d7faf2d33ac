// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_BULK_FIELD_SUPPORT_HPP
#define SCALEKIT_TESTS_UNIT_BULK_FIELD_SUPPORT_HPP

#include "bulk/field_types.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulk_test {

namespace bulk = scalekit::bulk;
namespace sql = scalekit::sql;

/// What became of one field: a value, or what is wrong with it.
struct reading {
  sql::value value;
  std::string code;
  std::string message;
  std::string suggestion;
};

/// Reads fields of one column, which must be a valid one.
class field {
 public:
  explicit field(bulk::import_column column) : column_(std::move(column)) {
    std::vector<std::string> problems;
    reader_ = bulk::make_field_reader(column_, problems);
    for (const auto& problem : problems) FAIL(problem);
  }

  reading operator()(std::string_view text) const {
    std::string memory;
    sql::value_view value;
    const auto f = reader_->read(text, memory, value);
    if (f == bulk::flaw::none) return {sql::value(value), "", "", ""};
    auto why = reader_->explain(f, text);
    CHECK(!why.message.empty());
    return {{}, bulk::code_of(f, column_.type), std::move(why.message), std::move(why.suggestion)};
  }

  /// The text of the value, or its code.
  std::string text(std::string_view from) const {
    const reading r = (*this)(from);
    return r.code.empty() ? std::string(r.value.view().as_text()) : r.code;
  }

 private:
  bulk::import_column column_;
  bulk::field_reader_ptr reader_;
};

/// The complaints about a column's limits.
inline std::vector<std::string> problems_of(const bulk::import_column& column) {
  std::vector<std::string> problems;
  static_cast<void>(bulk::make_field_reader(column, problems));
  return problems;
}

}  // namespace bulk_test

#endif
