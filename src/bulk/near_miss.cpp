// SPDX-License-Identifier: BSL-1.0
#include "bulk/near_miss.hpp"

#include "bulk/ascii.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace scalekit::inline v0::bulk {

namespace {
constexpr std::size_t longest = 64;
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, longest);
  b = b.substr(0, longest);
  using row = std::array<std::size_t, longest + 1>;
  row before_last{};
  row last{};
  row now{};
  std::iota(now.begin(), now.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    before_last = last;
    last = now;
    now[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = last[j] + (a[i] == b[j] ? 0 : 1);
      now[j + 1] = std::min({replaced, now[j] + 1, last[j + 1] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
        now[j + 1] = std::min(now[j + 1], before_last[j - 1] + 1);
      }
    }
  }
  return now[b.size()];
}

std::optional<std::size_t> nearest(std::string_view word, std::span<const std::string> candidates) {
  const std::string wanted = folded(word);
  std::optional<std::size_t> found;
  std::size_t best = std::max<std::size_t>(1, std::min(wanted.size(), longest) / 3) + 1;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string candidate = folded(candidates[i]);
    const std::size_t distance = edit_distance(wanted, candidate);
    // All of a short word replaced is another word.
    if (distance >= best || distance >= std::max(wanted.size(), candidate.size())) continue;
    best = distance;
    found = i;
  }
  return found;
}

}  // namespace scalekit::inline v0::bulk
