// SPDX-License-Identifier: BSL-1.0
#include <scalekit/keyset/page_token.hpp>

#include <utility>

namespace scalekit::inline v0::keyset {

cursor_binding bind_cursor(
    const source& what,
    const order& by,
    std::string endpoint,
    std::string tenant,
    std::uint32_t schema_version
) {
  return {
      std::move(endpoint),
      std::move(tenant),
      by.canonical(),
      what.canonical_filters(),
      schema_version};
}

result<page_request> request_page(
    std::optional<std::string_view> token,
    std::int64_t limit,
    const cursor_codec& codec,
    const cursor_binding& binding
) {
  page_request out{.limit = limit};
  if (!token) return out;
  auto at = codec.decode(*token, binding);
  if (!at) return at.error();
  out.from = at->direction == travel::forward ? place::after : place::before;
  out.key = std::move(at->key);
  return out;
}

result<page_tokens> neighbour_tokens(
    const page& p, const cursor_codec& codec, const cursor_binding& binding
) {
  page_tokens out;
  if (p.rows.empty()) return out;
  const auto token = [&](const std::vector<sql::value>& key, travel way) {
    return codec.encode({.key = key, .direction = way}, binding);
  };
  if (p.has_previous) {
    auto made = token(p.rows.front().key, travel::backward);
    if (!made) return made.error();
    out.previous = std::move(*made);
  }
  if (p.has_next) {
    auto made = token(p.rows.back().key, travel::forward);
    if (!made) return made.error();
    out.next = std::move(*made);
  }
  return out;
}

}  // namespace scalekit::inline v0::keyset
