// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_REDIS_CONNECTION_HPP
#define SCALEKIT_SRC_ADAPTERS_REDIS_CONNECTION_HPP

#include "adapters/redis/wire.hpp"

#include <scalekit/clock.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace scalekit::inline v0::redis {

/// One connection, logged in; used by one thread at a time. Once a call failed it is spent.
class connection {
 public:
  /// Ready within `connect_timeout`, however the server spreads its answers.
  /// \par Errors `unavailable`, `unauthenticated`, `invalid_argument` (no such database).
  [[nodiscard]] static result<std::unique_ptr<connection>> open(const settings& s);

  /// Writes all commands and reads as many answers, both at once, so that neither side waits with
  /// a full buffer for the other.
  /// \par Errors `unavailable` if nothing was written; else `outcome_unknown`.
  [[nodiscard]] result<std::vector<reply>> exchange(std::span<const arguments> commands);

  [[nodiscard]] bool is_quiet() const noexcept { return wire_.is_quiet(); }
  /// Whether the last call failed because the server was silent for too long.
  [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }

  steady_time opened;
  steady_time idle_since;

 private:
  connection(wire w, const settings& s) noexcept : wire_(std::move(w)), settings_(&s) {}
  [[nodiscard]] result<void> log_in();
  [[nodiscard]] result<void> transfer(std::vector<reply>& replies, std::size_t expected);
  [[nodiscard]] result<void> receive(std::vector<reply>& replies, std::size_t expected);
  [[nodiscard]] error lost(std::string_view why) const;

  wire wire_;
  const settings* settings_;
  std::string request_;
  std::size_t written_ = 0;
  bool timed_out_ = false;
  std::optional<steady_time> ready_by_;  // while it logs in
};

}  // namespace scalekit::inline v0::redis

#endif
