// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_PAGE_TOKEN_HPP
#define SCALEKIT_KEYSET_PAGE_TOKEN_HPP

/// \file
/// From a client's opaque token to a page request, and from a page to its tokens.

#include <scalekit/export.hpp>
#include <scalekit/keyset/cursor.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::keyset {

/// \brief The binding of a list: where it is served, whose rows, and how they are ordered and
/// filtered. The page size and the horizon are no part of it.
[[nodiscard]] SCALEKIT_EXPORT cursor_binding bind_cursor(
    const source& what,
    const order& by,
    std::string endpoint,
    std::string tenant,
    std::uint32_t schema_version
);

/// \brief The page a token stands for; without a token, the first.
/// \par Errors the codec's. A bad token is never the first page.
[[nodiscard]] SCALEKIT_EXPORT result<page_request> request_page(
    std::optional<std::string_view> token,
    std::int64_t limit,
    const cursor_codec& codec,
    const cursor_binding& binding
);

struct page_tokens {
  std::optional<std::string> previous;  ///< absent: there is no page in front
  std::optional<std::string> next;      ///< absent: there is no page behind
};

/// \brief The tokens of the pages beside one.
///
/// An empty page has no row to stand beside and so no tokens: everything around it was deleted, and
/// the client starts again without one.
/// \par Errors the codec's.
[[nodiscard]] SCALEKIT_EXPORT result<page_tokens> neighbour_tokens(
    const page& p, const cursor_codec& codec, const cursor_binding& binding
);

}  // namespace scalekit::inline v0::keyset

#endif
