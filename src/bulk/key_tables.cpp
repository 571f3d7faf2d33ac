// SPDX-License-Identifier: BSL-1.0
#include "bulk/key_tables.hpp"

#include <algorithm>
#include <cstring>

namespace scalekit::inline v0::bulk {

namespace {

constexpr std::uint64_t came_again = 1;

/// The 128-bit product of two words, folded: the mixing step of wyhash (Wang Yi).
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// A quarter of them stays free.
std::size_t slots_for(std::size_t keys) noexcept {
  return std::bit_ceil(std::max<std::size_t>(keys + keys / 3, 16));
}

/// What leaves the number of a slot when it is shifted out of a hash.
unsigned shift_for(std::size_t slots) noexcept {
  return 64U - static_cast<unsigned>(std::countr_zero(slots));
}

}  // namespace

key_hash::key_hash(random_source& random) {
  for (std::uint64_t& s : seed_) s = random.below(UINT64_MAX) | 1U;
}

/// Two independent chains over the words of the text, each with a secret of its own.
hash128 key_hash::operator()(std::string_view key) const noexcept {
  std::uint64_t low = seed_[0] ^ key.size();
  std::uint64_t high = seed_[1] ^ key.size();
  for (std::size_t i = 0; i < key.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data() + i, std::min<std::size_t>(8, key.size() - i));
    low = fold(low ^ word, seed_[2]);
    high = fold(high ^ word, seed_[3]);
  }
  return {(fold(low, seed_[3]) | 2U) & ~came_again, fold(high, seed_[2])};
}

repeated_keys::repeated_keys(std::size_t expected)
    : slots_(slots_for(expected)), shift_(shift_for(slots_.size())) {}

void repeated_keys::add(std::uint64_t low) noexcept {
  __builtin_prefetch(&slots_[low >> shift_], 1);
  std::swap(low, pending_[next_]);
  next_ = (next_ + 1) % pending_.size();
  if (low != 0) insert(low);
}

void repeated_keys::insert(std::uint64_t low) noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = low >> shift_;; i = (i + 1) & mask) {
    std::uint64_t& slot = slots_[i];
    if ((slot & ~came_again) == low) {
      slot |= came_again;
      return;
    }
    if (slot != 0) continue;
    // One stays free, to end every search.
    if (keys_ + 2 > slots_.size()) {
      overflowed_ = true;
      return;
    }
    slot = low;
    ++keys_;
    return;
  }
}

std::vector<std::uint64_t> repeated_keys::take() {
  for (std::uint64_t& low : pending_) {
    if (low != 0) insert(low);
    low = 0;
  }
  std::vector<std::uint64_t> repeated;
  for (const std::uint64_t slot : slots_) {
    if ((slot & came_again) != 0) repeated.push_back(slot & ~came_again);
  }
  slots_ = {};
  std::ranges::sort(repeated);
  return repeated;
}

key_holders::key_holders(std::span<const std::uint64_t> keys)
    : slots_(slots_for(keys.size())), shift_(shift_for(slots_.size())) {
  const std::size_t mask = slots_.size() - 1;
  for (const std::uint64_t low : keys) {
    std::size_t i = low >> shift_;
    while (slots_[i].low != 0) i = (i + 1) & mask;
    slots_[i].low = low;
  }
}

key_holder* key_holders::find(const hash128& key) noexcept {
  const std::size_t mask = slots_.size() - 1;
  bool shares_half = false;
  std::size_t i = key.low >> shift_;
  for (std::size_t tried = 0; tried < mask; ++tried, i = (i + 1) & mask) {
    key_holder& slot = slots_[i];
    if (slot.low == 0 && !shares_half) return nullptr;
    if (slot.low != 0 && slot.low != key.low) continue;
    // Its own, or nobody's yet: a key that shares its half with another takes a slot more.
    if (slot.line == 0 || slot.high == key.high) {
      slot.low = key.low;
      slot.high = key.high;
      return &slot;
    }
    shares_half = true;
  }
  return nullptr;
}

}  // namespace scalekit::inline v0::bulk
