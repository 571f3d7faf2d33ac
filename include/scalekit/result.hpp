// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESULT_HPP
#define SCALEKIT_RESULT_HPP

/// \file
/// `result<T>`: a value or an error, with the member names of `std::expected`.
///
/// \code
/// scalekit::result<int> r = parse(text);
/// if (!r) return r.error();      // converts to any other result<U>
/// use(*r);
/// \endcode

#include <scalekit/error.hpp>
#include <scalekit/export.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

namespace scalekit::inline v0 {

template <class T>
class result;

namespace detail {

/// Throws `bad_result` (or aborts in a build of the library without exceptions).
[[noreturn]] SCALEKIT_EXPORT void throw_bad_result(const error& e);

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

template <class U, class T>
concept value_for =
    !std::same_as<std::remove_cvref_t<U>, result<T>> &&
    !std::same_as<std::remove_cvref_t<U>, ::scalekit::error> &&
    !std::same_as<std::remove_cvref_t<U>, ::scalekit::errc> && std::convertible_to<U, T>;

}  // namespace detail

/// \brief Either a `T` or an \ref error; the return type of every call that can fail.
///
/// No member throws but `value()`, which is out of line, so a consumer built with
/// `-fno-exceptions -fno-rtti` can use everything else.
///
/// \par Thread-safety  A value: distinct objects are independent.
template <class T>
class [[nodiscard]] result {
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  using value_type = T;
  using error_type = ::scalekit::error;

  result()
    requires std::is_void_v<T>
  = default;

  template <class U = stored>
    requires(!std::is_void_v<T> && detail::value_for<U, stored>)
  result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  result(error_type e) noexcept : state_(std::in_place_index<1>, std::move(e)) {}
  result(errc code) : state_(std::in_place_index<1>, code) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// \pre `!has_value()`
  [[nodiscard]] error_type& error() & noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] const error_type& error() const& noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] error_type&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

  /// \pre `has_value()`
  template <class S = stored>
    requires(!std::is_void_v<T>)
  [[nodiscard]] S& operator*() & noexcept {
    return *std::get_if<0>(&state_);
  }
  template <class S = stored>
    requires(!std::is_void_v<T>)
  [[nodiscard]] const S& operator*() const& noexcept {
    return *std::get_if<0>(&state_);
  }
  template <class S = stored>
    requires(!std::is_void_v<T>)
  [[nodiscard]] S&& operator*() && noexcept {
    return std::move(*std::get_if<0>(&state_));
  }
  template <class S = stored>
    requires(!std::is_void_v<T>)
  [[nodiscard]] S* operator->() noexcept {
    return std::get_if<0>(&state_);
  }
  template <class S = stored>
    requires(!std::is_void_v<T>)
  [[nodiscard]] const S* operator->() const noexcept {
    return std::get_if<0>(&state_);
  }

  /// \brief The value; throws \ref bad_result if there is none.
  template <class S = stored>
    requires(!std::is_void_v<T>)
  S& value() & {
    if (!has_value()) detail::throw_bad_result(error());
    return **this;
  }
  template <class S = stored>
    requires(!std::is_void_v<T>)
  const S& value() const& {
    if (!has_value()) detail::throw_bad_result(error());
    return **this;
  }
  template <class S = stored>
    requires(!std::is_void_v<T>)
  S&& value() && {
    if (!has_value()) detail::throw_bad_result(error());
    return std::move(**this);
  }
  /// \brief Throws \ref bad_result unless the call succeeded.
  void value() const
    requires std::is_void_v<T>
  {
    if (!has_value()) detail::throw_bad_result(error());
  }

  template <class U>
    requires(!std::is_void_v<T>)
  [[nodiscard]] stored value_or(U&& other) const& {
    return has_value() ? **this : static_cast<stored>(std::forward<U>(other));
  }
  template <class U>
    requires(!std::is_void_v<T>)
  [[nodiscard]] stored value_or(U&& other) && {
    return has_value() ? std::move(**this) : static_cast<stored>(std::forward<U>(other));
  }

  /// \brief `f(value)` if there is one, else the error; `f` returns a `result`.
  template <class F>
  auto and_then(F&& f) && {
    if constexpr (std::is_void_v<T>) {
      using R = std::invoke_result_t<F>;
      static_assert(detail::is_result<R>, "and_then: the function must return a result");
      return has_value() ? std::invoke(std::forward<F>(f)) : R(std::move(*this).error());
    } else {
      using R = std::remove_cvref_t<std::invoke_result_t<F, stored&&>>;
      static_assert(detail::is_result<R>, "and_then: the function must return a result");
      return has_value() ? std::invoke(std::forward<F>(f), std::move(**this))
                         : R(std::move(*this).error());
    }
  }

  /// \brief `f(value)` wrapped in a `result` (a `result<void>` if `f` returns nothing), or the
  /// error unchanged.
  template <class F>
  auto transform(F&& f) && {
    const auto call = [&]() -> decltype(auto) {
      if constexpr (std::is_void_v<T>) {
        return std::invoke(std::forward<F>(f));
      } else {
        return std::invoke(std::forward<F>(f), std::move(**this));
      }
    };
    using R = std::remove_cvref_t<decltype(call())>;
    if (!has_value()) return result<R>(std::move(*this).error());
    if constexpr (std::is_void_v<R>) {
      call();
      return result<R>();
    } else {
      return result<R>(call());
    }
  }

  /// \brief This result if it holds a value, else `f(error)`, which returns a `result<T>`.
  template <class F>
  result or_else(F&& f) && {
    if (has_value()) return std::move(*this);
    return std::invoke(std::forward<F>(f), std::move(*this).error());
  }

 private:
  std::variant<stored, ::scalekit::error> state_;
};

/// \brief Thrown by `result::value()`: a `std::system_error` that keeps the whole \ref error.
class SCALEKIT_EXPORT bad_result : public std::system_error {
 public:
  explicit bad_result(::scalekit::error e);
  bad_result(const bad_result&) = default;
  bad_result& operator=(const bad_result&) = default;
  ~bad_result() override;
  [[nodiscard]] const ::scalekit::error& error() const noexcept { return error_; }

 private:
  ::scalekit::error error_;
};

}  // namespace scalekit::inline v0

#endif
