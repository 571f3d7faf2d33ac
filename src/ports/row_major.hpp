// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_PORTS_ROW_MAJOR_HPP
#define SCALEKIT_SRC_PORTS_ROW_MAJOR_HPP

#include <scalekit/result.hpp>

#include <cstddef>
#include <string>

namespace scalekit::inline v0::sql {

/// Whether `count` values are whole rows of `width`.
[[nodiscard]] inline result<void> check_rows(std::size_t count, std::size_t width) {
  if (width != 0 && count % width == 0) return {};
  return error(
      errc::invalid_argument,
      std::to_string(count) + " values are not whole rows of " + std::to_string(width)
  );
}

}  // namespace scalekit::inline v0::sql

#endif
