// SPDX-License-Identifier: BSL-1.0
#include "keyset/cursor_payload.hpp"

#include <scalekit/crypto/aead.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/keyset/sealed_codec.hpp>

#include <cstdint>
#include <optional>

namespace scalekit::inline v0::keyset {

namespace {

constexpr std::string_view prefix = "v1.";

error refused() {
  return {errc::unauthenticated, "cursor: the token does not verify; start from the first page"};
}

std::string associated_data(std::string_view key_id, const cursor_binding& binding) {
  std::string out;
  append_framed(out, "scalekit cursor v1");
  append_framed(out, key_id);
  append_framed(out, binding.endpoint);
  append_framed(out, binding.tenant);
  append_framed(out, binding.order);
  append_framed(out, binding.filters);
  append_u32(out, binding.schema_version);
  return out;
}

struct token_parts {
  std::string_view key_id;
  std::string_view sealed;
};

std::optional<token_parts> split(std::string_view token) noexcept {
  if (!token.starts_with(prefix)) return std::nullopt;
  token.remove_prefix(prefix.size());
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return token_parts{token.substr(0, dot), token.substr(dot + 1)};
}

result<void> check_age(system_time issued, system_time now, const sealed_options& options) {
  const auto count = [](system_time t) {
    return static_cast<std::uint64_t>(t.time_since_epoch().count());
  };
  // Unsigned, for the distance of two stored instants may not fit a signed one.
  if (issued > now) {
    if (options.max_skew.count() >= 0 &&
        count(issued) - count(now) <= static_cast<std::uint64_t>(options.max_skew.count())) {
      return {};
    }
    return error(
        errc::invalid_argument, "cursor: the token was issued in the future; check the clocks"
    );
  }
  if (options.max_age.count() > 0 &&
      count(now) - count(issued) >= static_cast<std::uint64_t>(options.max_age.count())) {
    return error(
        errc::invalid_argument, "cursor: the token has expired; start from the first page"
    );
  }
  return {};
}

}  // namespace

result<std::string> sealed_codec::encode(const cursor& at, const cursor_binding& binding) const {
  const system_time now = clock_.system_now();
  const auto ring = keys_.snapshot();
  const ring_key& key = ring->current();
  if (!key.valid_at(now)) {
    return error(
        errc::unavailable,
        "cursor: the current key '" + key.id + "' is not valid at this time; replace the key ring"
    );
  }
  std::string payload;
  const system_time issued = at.issued_at == system_time{} ? now : at.issued_at;
  auto written = detail::append_payload(payload, at, issued, options_.limits);
  if (!written) return std::move(written).error();

  auto sealed = crypto::aead_seal(key.secret, payload, associated_data(key.id, binding), random_);
  if (!sealed) return std::move(sealed).error();
  std::string token(prefix);
  token.append(key.id).append(1, '.').append(to_base64url(as_bytes(*sealed)));
  return detail::within_limit(std::move(token), options_.limits);
}

result<cursor> sealed_codec::decode(std::string_view token, const cursor_binding& binding) const {
  if (auto fits = detail::check_length(token, options_.limits); !fits) return fits.error();
  const auto parts = split(token);
  if (!parts) return refused();
  const system_time now = clock_.system_now();
  const auto ring = keys_.snapshot();
  // Key ids are public, so how long their lookup takes tells nothing.
  const ring_key* key = ring->find(parts->key_id);
  const result<bytes> sealed = from_base64url(parts->sealed);
  if (key == nullptr || !key->valid_at(now) || !sealed) return refused();
  const auto payload =
      crypto::aead_open(key->secret, as_text(*sealed), associated_data(key->id, binding));
  if (!payload) {
    if (payload.error().code() == errc::unauthenticated) return refused();
    return payload.error();
  }

  byte_reader in(*payload);
  result<cursor> at = detail::read_payload(in, options_.limits);
  // Authentic, yet no cursor: this key also seals something else.
  if (!at || !in.finished()) return refused();
  if (auto fresh = check_age(at->issued_at, now, options_); !fresh) return fresh.error();
  return at;
}

}  // namespace scalekit::inline v0::keyset
