// SPDX-License-Identifier: BSL-1.0
#include <scalekit/keyset/key_ring.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <span>

namespace scalekit::inline v0::keyset {

namespace {

void wipe(std::span<std::byte> secret) noexcept {
  if (!secret.empty()) OPENSSL_cleanse(secret.data(), secret.size());
}

/// Wipes the caller's secrets on every way out of make().
struct entries_wiper {
  explicit entries_wiper(std::vector<key_entry>& e) noexcept : entries(e) {}
  entries_wiper(const entries_wiper&) = delete;
  entries_wiper& operator=(const entries_wiper&) = delete;
  ~entries_wiper() {
    for (key_entry& entry : entries) wipe(entry.secret);
  }
  std::vector<key_entry>& entries;
};

bool is_id(std::string_view id) noexcept {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !id.empty() && id.size() <= key_ring::max_id_length &&
         id.find_first_not_of(allowed) == std::string_view::npos;
}

result<void> check(std::span<const key_entry> entries, std::size_t index) {
  const key_entry& entry = entries[index];
  const auto bad = [&](std::string why) {
    const std::string name = is_id(entry.id) ? " ('" + entry.id + "')" : std::string();
    return error(
        errc::invalid_argument,
        "key ring: entry " + std::to_string(index + 1) + name + ": " + std::move(why)
    );
  };
  if (!is_id(entry.id)) return bad("the id must be 1 to 32 of A-Z a-z 0-9 _ -");
  if (std::ranges::count(entries.first(index), entry.id, &key_entry::id) != 0) {
    return bad("the id is taken by an earlier entry");
  }
  if (entry.secret.size() != sizeof(ring_key::secret)) {
    return bad("the secret has " + std::to_string(entry.secret.size()) + " bytes, not 32");
  }
  // What a forgotten read leaves behind; no generator gives it.
  if (std::ranges::count(entry.secret, std::byte{0}) == std::ssize(entry.secret)) {
    return bad("the secret is all zero");
  }
  if (entry.not_before >= entry.not_after) return bad("not_before is not before not_after");
  return {};
}

}  // namespace

result<std::shared_ptr<const key_ring>> key_ring::make(
    std::vector<key_entry> entries, std::string_view current
) {
  const entries_wiper wiper(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (auto good = check(entries, i); !good) return good.error();
  }
  const auto chosen = std::ranges::find(entries, current, &key_entry::id);
  if (chosen == entries.end()) {
    return error(
        errc::invalid_argument,
        "key ring: the current key '" + std::string(current) + "' is not among the entries"
    );
  }
  std::vector<ring_key> keys;
  // Growing would leave secrets behind in the blocks it frees.
  keys.reserve(entries.size());
  for (const key_entry& entry : entries) {
    ring_key& key = keys.emplace_back();
    key.id = entry.id;
    key.not_before = entry.not_before;
    key.not_after = entry.not_after;
    std::ranges::copy(entry.secret, key.secret.begin());
  }
  return std::shared_ptr<const key_ring>(std::make_shared<key_ring>(
      token{}, std::move(keys), static_cast<std::size_t>(chosen - entries.begin())
  ));
}

key_ring::key_ring(token, std::vector<ring_key> keys, std::size_t current) noexcept
    : keys_(std::move(keys)), current_(current) {}

key_ring::~key_ring() {
  for (ring_key& key : keys_) wipe(key.secret);
}

const ring_key* key_ring::find(std::string_view id) const noexcept {
  const auto found = std::ranges::find(keys_, id, &ring_key::id);
  return found == keys_.end() ? nullptr : &*found;
}

std::shared_ptr<const key_ring> key_holder::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return ring_;
}

void key_holder::replace(std::shared_ptr<const key_ring> ring) {
  const std::scoped_lock lock(mutex_);
  // Swapped, not assigned: the old ring, if this was its last owner, is wiped outside the lock.
  ring_.swap(ring);
}

}  // namespace scalekit::inline v0::keyset
