// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_NUMBER_TEXT_HPP
#define SCALEKIT_SRC_BULK_NUMBER_TEXT_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief Appends the digits of a number whose groups of three are separated; false if it is not
/// such a number (`1,23`), and then some of them.
[[nodiscard]] bool append_ungrouped(std::string& out, std::string_view text, char separator);

/// \brief Which of two numbers is less; both in the form that \ref decimal_limits gives on, with
/// the same scale.
[[nodiscard]] bool less_decimal(std::string_view a, std::string_view b) noexcept;

/// \brief How to write a number that was written with other separators: `write 12.50, not 12,50`,
/// or both ways if it can mean two numbers (`1,250`). Empty if it is no number in any common way,
/// or has more than `scale` digits behind the point.
[[nodiscard]] std::string rewritten_number(
    std::string_view text, char separator, std::optional<std::size_t> scale = {}
);

/// \brief Appends to `problems` if the two cannot stand in one number. 0 means not used.
void check_separators(
    char decimal, char thousands, std::string_view type, std::vector<std::string>& problems
);

}  // namespace scalekit::inline v0::bulk

#endif
