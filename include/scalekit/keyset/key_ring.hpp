// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_KEY_RING_HPP
#define SCALEKIT_KEYSET_KEY_RING_HPP

#include <scalekit/bytes.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::keyset {

/// \brief What \ref key_ring::make is given for one key.
struct key_entry {
  /// 1 to 32 of `A-Z a-z 0-9 _ -`; it stands in every token and is not secret. Never reuse one.
  std::string id;
  /// Exactly 32 bytes from a good generator, e.g. `from_hex` of `openssl rand -hex 32`.
  bytes secret;
  /// The key is good from the one instant up to, but not at, the other.
  system_time not_before = system_time::min();
  system_time not_after = system_time::max();
};

/// \brief One key of a ring, as the codecs see it.
struct ring_key {
  std::string id;
  std::array<std::byte, 32> secret{};
  system_time not_before;
  system_time not_after;

  [[nodiscard]] bool valid_at(system_time now) const noexcept {
    return now >= not_before && now < not_after;
  }
};

/// \brief An immutable set of keys: one to seal with, all to open with.
///
/// Secrets are wiped from memory when the ring goes, and from the entries it was made of. A copy
/// the caller keeps, and the environment variable it came from, are the caller's to wipe.
///
/// \par Rotation
/// \snippet tests/unit/keyset_codec/key_ring_test.cpp rotation
///
/// \par Thread-safety  Immutable; safe for concurrent calls.
class SCALEKIT_EXPORT key_ring {
  struct token {};  // so that only make() constructs

 public:
  static constexpr std::size_t max_id_length = 32;

  /// \brief A ring of `entries` that seals with the one named `current`.
  /// \par Errors `invalid_argument` naming the entry: an id that is empty, too long, repeated or
  /// not URL-safe; a secret that is not 32 bytes or is all zero; `not_before` not before
  /// `not_after`; no entry named `current`.
  [[nodiscard]] static result<std::shared_ptr<const key_ring>> make(
      std::vector<key_entry> entries, std::string_view current
  );

  key_ring(token, std::vector<ring_key> keys, std::size_t current) noexcept;
  key_ring(const key_ring&) = delete;
  key_ring& operator=(const key_ring&) = delete;
  ~key_ring();

  [[nodiscard]] const ring_key& current() const noexcept { return keys_[current_]; }
  /// \brief The key of that id, or null.
  [[nodiscard]] const ring_key* find(std::string_view id) const noexcept;

 private:
  std::vector<ring_key> keys_;
  std::size_t current_;
};

/// \brief The place a process keeps its ring in, so that keys change while requests run.
///
/// A call that has begun ends with the ring it took; the old ring is wiped when the last such call
/// is done.
///
/// \par Thread-safety  Safe for concurrent calls.
class SCALEKIT_EXPORT key_holder {
 public:
  /// \pre `ring` is not null.
  explicit key_holder(std::shared_ptr<const key_ring> ring) noexcept : ring_(std::move(ring)) {}

  [[nodiscard]] std::shared_ptr<const key_ring> snapshot() const;
  /// \pre `ring` is not null.
  void replace(std::shared_ptr<const key_ring> ring);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const key_ring> ring_;
};

}  // namespace scalekit::inline v0::keyset

#endif
