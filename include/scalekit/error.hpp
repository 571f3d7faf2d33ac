// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ERROR_HPP
#define SCALEKIT_ERROR_HPP

#include <scalekit/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace scalekit::inline v0 {

/// \brief The closed set of reasons a call can fail for.
///
/// A caller branches on these; everything finer (an SQLSTATE, an `errno`) is in \ref error::cause.
enum class errc : int {
  invalid_argument = 1,  ///< The caller's input or options are wrong; the same call fails again.
  not_found,             ///< What was named does not exist.
  conflict,              ///< It exists already, or a constraint forbids the change.
  stale_token,           ///< A newer holder has taken over; stop writing.
  busy,                  ///< Somebody else holds it just now; try again.
  unavailable,           ///< The backend cannot be reached or is failing; try again later.
  timed_out,             ///< A deadline passed before the work was done; nothing took effect.
  outcome_unknown,  ///< Sent, but no answer came: it may have taken effect. Check before retry.
  data_corrupted,   ///< Stored or received bytes fail their own checks.
  not_supported,    ///< This backend or build cannot do it.
  limit_exceeded,   ///< A size, rate, disk or count limit stands in the way.
  unauthenticated,  ///< A signature, seal or credential does not verify.
  cancelled,        ///< The caller (or a disconnect) asked for the work to stop.
  internal          ///< A defect in scalekit or below it; please report.
};

/// \brief The spelling of a code, e.g. `"invalid_argument"`; never empty.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(errc code) noexcept;

/// \brief The category of `std::error_code`s made from \ref errc (name `"scalekit"`).
[[nodiscard]] SCALEKIT_EXPORT const std::error_category& error_category() noexcept;

/// \brief Lets `std::error_code ec = errc::busy` and `ec == errc::busy` work.
[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

/// \brief What the layer below reported: which system, and its own code.
///
/// `system` points at a string literal (`"sqlite"`, `"errno"`, `"openssl"`); empty means none.
struct native_cause {
  std::string_view system;
  std::int64_t code = 0;
};

/// \brief Why a call failed: a code to branch on, a sentence to read, the native cause.
///
/// Errors are told apart by *property* (may I retry? is the outcome unknown?), not by a hierarchy
/// of types. The message says what failed, where, and what to do about it; it never holds a
/// credential.
///
/// \par Thread-safety  A value: distinct objects are independent.
class [[nodiscard]] error {
 public:
  error(errc code, std::string message = {}) noexcept : code_(code), message_(std::move(message)) {}
  error(errc code, std::string message, native_cause cause) noexcept
      : code_(code), message_(std::move(message)), cause_(cause) {}

  [[nodiscard]] errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] native_cause cause() const noexcept { return cause_; }

  /// \brief True if the same call may succeed later and repeating it cannot do it twice.
  ///
  /// Holds for `busy`, `unavailable` and `timed_out`. `outcome_unknown` is *not* retryable: the
  /// first attempt may have taken effect.
  [[nodiscard]] bool retryable() const noexcept {
    return code_ == errc::busy || code_ == errc::unavailable || code_ == errc::timed_out;
  }

  /// \brief True if the effect may or may not have happened.
  [[nodiscard]] bool outcome_unknown() const noexcept { return code_ == errc::outcome_unknown; }

  /// \brief How long the backend asked to wait before the next try, if it said so.
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept {
    return retry_after_;
  }

  /// \brief The same error with a wait the backend asked for.
  [[nodiscard]] error with_retry_after(std::chrono::milliseconds wait) && {
    retry_after_ = wait;
    return std::move(*this);
  }

  /// \brief The same error with `context + ": "` before the message.
  [[nodiscard]] error with_context(std::string_view context) && {
    std::string prefixed;
    prefixed.reserve(context.size() + 2 + message_.size());
    prefixed.append(context).append(": ").append(message_);
    message_ = std::move(prefixed);
    return std::move(*this);
  }

  /// \brief `"busy: database is locked (sqlite 5)"`: for logs.
  [[nodiscard]] SCALEKIT_EXPORT std::string describe() const;

 private:
  errc code_;
  std::string message_;
  native_cause cause_{};
  std::optional<std::chrono::milliseconds> retry_after_;
};

}  // namespace scalekit::inline v0

template <>
struct std::is_error_code_enum<scalekit::errc> : std::true_type {};

#endif
