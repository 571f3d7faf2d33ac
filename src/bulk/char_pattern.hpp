// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_CHAR_PATTERN_HPP
#define SCALEKIT_SRC_BULK_CHAR_PATTERN_HPP

#include <scalekit/result.hpp>

#include <bitset>
#include <cstddef>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief The pattern of \ref text_limits: sets of characters, each repeated so often; only the
/// last one a varying number of times, so there is never a choice to take back.
class char_pattern {
 public:
  char_pattern() = default;
  /// \par Errors `invalid_argument` saying what is wrong and where.
  [[nodiscard]] static result<char_pattern> compile(std::string_view pattern);

  /// \brief The offset of the first byte that does not fit (the text's size if it is too short), or
  /// `npos` if all of it does.
  [[nodiscard]] std::size_t mismatch(std::string_view text) const noexcept;

 private:
  struct element {
    std::bitset<256> set;
    std::size_t least = 1;
    std::size_t most = 1;
  };
  class parser;

  std::vector<element> elements_;
};

}  // namespace scalekit::inline v0::bulk

#endif
