// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_COPY_TEXT_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_COPY_TEXT_HPP

#include "adapters/postgres/parameters.hpp"

#include <cstddef>
#include <libpq-fe.h>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::postgres {

/// Rows as the text format of COPY FROM has them. Not its binary format: a column whose type was
/// altered since would take that for something else, where text is read or refused.
class copy_text {
 public:
  /// \par Errors as \ref parameter_block::fill; also `invalid_argument` for a timestamp outside the
  /// years 1 to 9999. What was added before stays.
  [[nodiscard]] result<void> add_row(std::span<const Oid> types, sql::parameters row);

  [[nodiscard]] std::string_view view() const noexcept { return text_; }
  [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
  void clear() noexcept { text_.clear(); }

 private:
  [[nodiscard]] result<void> add(std::size_t column, sql::value_view v);
  void add_escaped(std::string_view data);

  parameter_block block_;  // checks the values, and spells most of them
  std::string text_;
};

}  // namespace scalekit::inline v0::postgres

#endif
