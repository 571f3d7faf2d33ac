// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_NEAR_MISS_HPP
#define SCALEKIT_SRC_BULK_NEAR_MISS_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

/// The text with ASCII letters in lower case.
[[nodiscard]] std::string folded(std::string_view text);

/// How many bytes to insert, delete, replace, or swap with their neighbour to get from one text to
/// the other (optimal string alignment). Time and memory are bounded: of longer texts only the
/// first 64 bytes are compared.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `word` was most likely meant as, if any is near: a third of its length wrong
/// at most. Case does not count.
[[nodiscard]] std::optional<std::size_t> nearest(
    std::string_view word, std::span<const std::string> candidates
);

}  // namespace scalekit::inline v0::bulk

#endif
