// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_KEYSET_SEGMENTS_HPP
#define SCALEKIT_SRC_KEYSET_SEGMENTS_HPP

#include "keyset/plan.hpp"

#include <scalekit/keyset/compiler.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace scalekit::inline v0::keyset::detail {

/// One index range. The leading columns are fixed, the next one (the *free* column) may be
/// bounded, and the rest is only ordered by.
struct segment {
  enum class pin : unsigned char { to_key, to_null };
  enum class floor : unsigned char { none, not_null, behind_key, at_key };
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  std::vector<pin> pinned;
  floor lower = floor::none;
  bool ceiling = false;              // the free column is at most `up_to`'s
  std::size_t up_to_from = nowhere;  // whole rows at most `up_to`, compared from this column on
};

/// A part of a range that one SELECT reads; absent: all of it, by a row-value comparison.
using piece = std::optional<segment>;

/// The segments of a range in output order; never empty ranges only where the keys show it.
[[nodiscard]] std::vector<segment> split(const plan& p, const key_range& range);

}  // namespace scalekit::inline v0::keyset::detail

#endif
