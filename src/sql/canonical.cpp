// SPDX-License-Identifier: BSL-1.0
#include <scalekit/sql/canonical.hpp>

#include <bit>
#include <chrono>
#include <cstdint>

namespace scalekit::inline v0::sql {

void append_canonical(std::string& out, value_view v) {
  out.push_back(static_cast<char>(v.kind()));
  switch (v.kind()) {
    case value_kind::null:
      break;
    case value_kind::float64:
      append_u64(out, std::bit_cast<std::uint64_t>(v.as_double()));
      break;
    case value_kind::text:
    case value_kind::decimal:
    case value_kind::blob:
      append_framed(out, v.as_text());
      break;
    default:
      append_u64(out, v.as_uint64());
  }
}

namespace {

value read_unchecked(byte_reader& in, value_kind kind) {
  switch (kind) {
    case value_kind::null:
      break;
    case value_kind::int64:
      return std::bit_cast<std::int64_t>(in.u64());
    case value_kind::uint64:
      return value_view::uint64(in.u64());
    case value_kind::float64:
      return std::bit_cast<double>(in.u64());
    case value_kind::decimal:
      return value_view::decimal(in.framed());
    case value_kind::text:
      return value_view(in.framed());
    case value_kind::blob:
      return value_view(as_bytes(in.framed()));
    case value_kind::timestamp:
      return system_time(std::chrono::microseconds(std::bit_cast<std::int64_t>(in.u64())));
  }
  return {};
}

}  // namespace

result<value> read_canonical(byte_reader& in) {
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(value_kind::timestamp)) {
    return error(errc::data_corrupted, "value: of a kind this version does not know");
  }
  value v = read_unchecked(in, static_cast<value_kind>(kind));
  if (!in.ok()) return error(errc::data_corrupted, "value: the text is cut short");
  return v;
}

}  // namespace scalekit::inline v0::sql
