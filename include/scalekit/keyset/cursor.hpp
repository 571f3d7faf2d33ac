// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_CURSOR_HPP
#define SCALEKIT_KEYSET_CURSOR_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::keyset {

/// Which way the next page lies from the key.
enum class travel : std::uint8_t { forward, backward };

/// \brief A place between two rows: the sort key of the row it stands beside, and a direction.
///
/// It holds values, not a row number and not a row id to be looked up, so the page after it is the
/// same whether that row is still there or not.
///
/// \par Thread-safety  A value.
struct cursor {
  /// The row's sort key, one value per column of the order, at full precision.
  std::vector<sql::value> key;
  travel direction = travel::forward;
  /// When the token was made. Encoding a cursor that has none (1970) stamps it where the codec has
  /// a clock; decoding fills it in.
  system_time issued_at{};
};

/// \brief What a token is good for: it decodes only against the very binding it was made with.
///
/// Without it a cursor of one list, tenant or filter is accepted by another, which then answers
/// with the wrong rows, or with none and no error. Each text is compared whole, byte by byte, so
/// give it a canonical form: filters sorted by name, the page size left out.
struct cursor_binding {
  std::string endpoint{};            ///< The list, e.g. `"GET /v1/transactions"`.
  std::string tenant{};              ///< Whose rows; empty if there are no tenants.
  std::string order{};               ///< The sort order, e.g. `"created_at desc, id desc"`.
  std::string filters{};             ///< The canonical filters.
  std::uint32_t schema_version = 0;  ///< Raise it to retire every token given out before.
};

/// \brief What a codec takes; the same numbers bind its encoder, so what it gives out it takes
/// back.
struct cursor_limits {
  /// Longest token in bytes, checked before anything is decoded. 1 KiB fits a URL beside all else.
  std::size_t token_bytes = 1024;
  /// Most columns in a key; never more than 255.
  std::size_t key_values = 16;
};

/// \brief Turns a cursor into an opaque token for a client, and back.
///
/// A token that does not decode is an error, to be answered with HTTP 400; it never means page one,
/// for a client that pages on would then go round for ever.
///
/// \par Thread-safety  Implementations must allow concurrent calls.
class SCALEKIT_EXPORT cursor_codec {
 public:
  cursor_codec() = default;
  cursor_codec(const cursor_codec&) = delete;
  cursor_codec& operator=(const cursor_codec&) = delete;
  virtual ~cursor_codec();

  /// \par Errors `limit_exceeded` if the token would be longer, or the key wider, than the codec's
  /// own decoder takes; `invalid_argument` if a decimal of the key is no number; `unavailable` if
  /// the codec has no key to seal with just now.
  [[nodiscard]] virtual result<std::string> encode(const cursor& at, const cursor_binding& binding)
      const = 0;

  /// \par Errors
  /// - `invalid_argument`: malformed, foreign to the binding, or too old.
  /// - `unauthenticated`: a sealed token that does not verify, whatever the reason.
  [[nodiscard]] virtual result<cursor> decode(std::string_view token, const cursor_binding& binding)
      const = 0;
};

}  // namespace scalekit::inline v0::keyset

#endif
