// SPDX-License-Identifier: BSL-1.0
#include "keyset/cursor_payload.hpp"

#include <scalekit/encoding.hpp>
#include <scalekit/keyset/plain_codec.hpp>

namespace scalekit::inline v0::keyset {

namespace {

constexpr std::size_t checksum_size = 8;

/// FNV-1a. Each step is a bijection of the state, so two inputs of one length that differ in one
/// byte never collide.
std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

error malformed(std::string_view what) {
  return {errc::invalid_argument, "cursor: malformed token: " + std::string(what)};
}

result<void> check_binding(byte_reader& in, const cursor_binding& binding) {
  const std::uint64_t endpoint = in.u64();
  const std::uint64_t tenant = in.u64();
  const std::uint64_t order = in.u64();
  const std::uint64_t filters = in.u64();
  const std::uint32_t schema_version = in.u32();
  if (!in.finished()) return malformed("it ends in the wrong place");
  const auto foreign = [](const char* what) {
    return error(errc::invalid_argument, std::string("cursor: made for another ") + what);
  };
  if (endpoint != hash_of(binding.endpoint)) return foreign("endpoint");
  if (tenant != hash_of(binding.tenant)) return foreign("tenant");
  if (order != hash_of(binding.order)) return foreign("sort order; start from the first page");
  if (filters != hash_of(binding.filters)) return foreign("filter; start from the first page");
  if (schema_version != binding.schema_version) {
    return foreign("schema version; start from the first page");
  }
  return {};
}

}  // namespace

result<std::string> plain_codec::encode(const cursor& at, const cursor_binding& binding) const {
  std::string payload;
  if (auto done = detail::append_payload(payload, at, at.issued_at, limits_); !done)
    return done.error();
  append_u64(payload, hash_of(binding.endpoint));
  append_u64(payload, hash_of(binding.tenant));
  append_u64(payload, hash_of(binding.order));
  append_u64(payload, hash_of(binding.filters));
  append_u32(payload, binding.schema_version);
  append_u64(payload, hash_of(payload));
  return detail::within_limit(to_base64url(as_bytes(payload)), limits_);
}

result<cursor> plain_codec::decode(std::string_view token, const cursor_binding& binding) const {
  if (auto fits = detail::check_length(token, limits_); !fits) return fits.error();
  const result<bytes> raw = from_base64url(token);
  if (!raw) return malformed(raw.error().message());
  const std::string_view all = as_text(*raw);
  if (all.size() < checksum_size) return malformed("cut short");
  const std::string_view payload = all.substr(0, all.size() - checksum_size);
  byte_reader checksum(all.substr(payload.size()));
  if (checksum.u64() != hash_of(payload)) return malformed("the checksum is wrong");

  byte_reader in(payload);
  result<cursor> at = detail::read_payload(in, limits_);
  if (!at) return at;
  if (auto ours = check_binding(in, binding); !ours) return ours.error();
  return at;
}

}  // namespace scalekit::inline v0::keyset
