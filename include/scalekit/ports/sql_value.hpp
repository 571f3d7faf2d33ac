// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_PORTS_SQL_VALUE_HPP
#define SCALEKIT_PORTS_SQL_VALUE_HPP

/// \file
/// Typed SQL values: \ref scalekit::sql::value_view borrows (parameters, rows in flight),
/// \ref scalekit::sql::value owns (cursors, checkpoints).

#include <scalekit/bytes.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace scalekit::inline v0::sql {

/// What a value is. A backend that lacks a kind maps it as its adapter documents.
enum class value_kind : std::uint8_t {
  null,
  int64,
  uint64,
  float64,
  decimal,  ///< exact, as text: `-12.50`
  text,     ///< UTF-8 by convention; any bytes, NUL included, survive
  blob,
  timestamp  ///< UTC microseconds since 1970
};

/// \brief The spelling of a kind, e.g. `"timestamp"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(value_kind kind) noexcept;

/// \brief One value, 24 bytes, borrowed: text and blobs are views.
///
/// Made implicitly from what a caller has at hand, so a parameter list reads
/// `{42, "EUR", nullptr}`. Accessors do not convert between kinds; asking for the wrong one is a
/// precondition violation that yields zero or empty, never undefined behaviour.
///
/// \par Thread-safety  A value.
class value_view {
 public:
  constexpr value_view() noexcept : bits_(0) {}
  constexpr value_view(std::nullptr_t) noexcept : bits_(0) {}
  template <std::signed_integral T>
    requires(!std::same_as<T, char>)
  constexpr value_view(T v) noexcept
      : bits_(static_cast<std::uint64_t>(std::int64_t{v})), kind_(value_kind::int64) {}
  /// Unsigned values that fit are int64, so that a `size_t` works on every backend.
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  constexpr value_view(T v) noexcept
      : bits_(v),
        kind_(v > static_cast<std::uint64_t>(INT64_MAX) ? value_kind::uint64 : value_kind::int64) {}
  template <std::same_as<bool> T>
  constexpr value_view(T v) noexcept : bits_(v ? 1 : 0), kind_(value_kind::int64) {}
  template <std::floating_point T>
  constexpr value_view(T v) noexcept
      : double_(static_cast<double>(v)), kind_(value_kind::float64) {}
  constexpr value_view(std::string_view v) noexcept
      : data_(v.data()), size_(v.size()), kind_(value_kind::text) {}
  constexpr value_view(const char* v) noexcept : value_view(std::string_view(v)) {}
  value_view(const std::string& v) noexcept : value_view(std::string_view(v)) {}
  value_view(bytes_view v) noexcept
      : data_(reinterpret_cast<const char*>(v.data())), size_(v.size()), kind_(value_kind::blob) {}
  value_view(const bytes& v) noexcept : value_view(bytes_view(v)) {}
  constexpr value_view(system_time v) noexcept
      : bits_(static_cast<std::uint64_t>(v.time_since_epoch().count())),
        kind_(value_kind::timestamp) {}
  template <class T>
  constexpr value_view(const std::optional<T>& v) noexcept
      : value_view(v ? value_view(*v) : value_view()) {}

  /// \brief An exact decimal from its text, e.g. `"12.50"`.
  [[nodiscard]] static constexpr value_view decimal(std::string_view text) noexcept {
    value_view v(text);
    v.kind_ = value_kind::decimal;
    return v;
  }
  /// \brief Keeps the kind `uint64` even where the number would fit int64.
  [[nodiscard]] static constexpr value_view uint64(std::uint64_t n) noexcept {
    value_view v(n);
    v.kind_ = value_kind::uint64;
    return v;
  }

  [[nodiscard]] constexpr value_kind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return kind_ == value_kind::null; }
  [[nodiscard]] constexpr bool has_bytes() const noexcept {
    return kind_ == value_kind::text || kind_ == value_kind::decimal || kind_ == value_kind::blob;
  }

  /// \brief The number of an int64, uint64 or timestamp, else 0. The 64 bits are reinterpreted, not
  /// checked: a uint64 above `INT64_MAX` reads as negative here, so look at \ref kind first.
  [[nodiscard]] constexpr std::int64_t as_int64() const noexcept {
    return static_cast<std::int64_t>(as_uint64());
  }
  [[nodiscard]] constexpr std::uint64_t as_uint64() const noexcept {
    return has_bits() ? bits_ : 0;
  }
  /// \brief The number of a float64, else 0.
  [[nodiscard]] constexpr double as_double() const noexcept {
    return kind_ == value_kind::float64 ? double_ : 0.0;
  }
  /// \brief The characters of a text, decimal or blob, else empty.
  [[nodiscard]] constexpr std::string_view as_text() const noexcept {
    return has_bytes() ? std::string_view(data_, size_) : std::string_view();
  }
  [[nodiscard]] bytes_view as_blob() const noexcept { return ::scalekit::as_bytes(as_text()); }
  /// \brief The instant of a timestamp, or of an int64 taken as UTC microseconds, else 1970.
  [[nodiscard]] constexpr system_time as_timestamp() const noexcept {
    return system_time(std::chrono::microseconds(as_int64()));
  }

 private:
  [[nodiscard]] constexpr bool has_bits() const noexcept {
    return kind_ == value_kind::int64 || kind_ == value_kind::uint64 ||
           kind_ == value_kind::timestamp;
  }

  union {
    std::uint64_t bits_;
    double double_;
    const char* data_;
  };
  std::size_t size_ = 0;
  value_kind kind_ = value_kind::null;
};

static_assert(sizeof(value_view) <= 24 && std::is_trivially_copyable_v<value_view>);

/// \brief Parameters of one statement, borrowed for the call; converts from a braced list, a
/// vector, an array or a span of \ref value_view.
class parameters : public std::span<const value_view> {
 public:
  using std::span<const value_view>::span;
  parameters() = default;
  parameters(std::span<const value_view> s) noexcept : span(s) {}
  parameters(std::initializer_list<value_view> list) noexcept : span(list.begin(), list.size()) {}
};

/// \brief A value that owns its bytes; made from any \ref value_view, converts back to one.
///
/// Equality compares kind and content exactly (doubles by bits, so NaN equals itself).
///
/// \par Thread-safety  A value.
class SCALEKIT_EXPORT value {
 public:
  value() = default;
  value(value_view v);
  template <class T>
    requires(std::constructible_from<value_view, const T&> && !std::same_as<std::remove_cvref_t<T>, value_view> && !std::same_as<std::remove_cvref_t<T>, value>)
  value(const T& v) : value(value_view(v)) {}

  [[nodiscard]] value_view view() const noexcept;
  operator value_view() const noexcept { return view(); }
  [[nodiscard]] value_kind kind() const noexcept { return scalar_.kind(); }
  [[nodiscard]] bool is_null() const noexcept { return scalar_.is_null(); }

  SCALEKIT_EXPORT friend bool operator==(const value& a, const value& b) noexcept;

 private:
  value_view scalar_;  // for text, decimal and blob: the kind only
  std::string bytes_;
};

/// \brief True if both are the same kind with the same content (doubles by bits).
[[nodiscard]] SCALEKIT_EXPORT bool identical(value_view a, value_view b) noexcept;

}  // namespace scalekit::inline v0::sql

#endif
