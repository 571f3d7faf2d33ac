// SPDX-License-Identifier: BSL-1.0
#include <scalekit/ports/sql_value.hpp>

#include <bit>

namespace scalekit::inline v0::sql {

std::string_view to_string(value_kind kind) noexcept {
  switch (kind) {
    case value_kind::null:
      return "null";
    case value_kind::int64:
      return "int64";
    case value_kind::uint64:
      return "uint64";
    case value_kind::float64:
      return "float64";
    case value_kind::decimal:
      return "decimal";
    case value_kind::text:
      return "text";
    case value_kind::blob:
      return "blob";
    case value_kind::timestamp:
      return "timestamp";
  }
  return "unknown";
}

value::value(value_view v) {
  switch (v.kind()) {
    case value_kind::text:
      scalar_ = value_view(std::string_view());
      break;
    case value_kind::decimal:
      scalar_ = value_view::decimal({});
      break;
    case value_kind::blob:
      scalar_ = value_view(bytes_view());
      break;
    default:
      scalar_ = v;
      return;
  }
  bytes_ = v.as_text();
}

value_view value::view() const noexcept {
  switch (scalar_.kind()) {
    case value_kind::text:
      return std::string_view(bytes_);
    case value_kind::decimal:
      return value_view::decimal(bytes_);
    case value_kind::blob:
      return ::scalekit::as_bytes(bytes_);
    default:
      return scalar_;
  }
}

bool identical(value_view a, value_view b) noexcept {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case value_kind::null:
      return true;
    case value_kind::float64:
      return std::bit_cast<std::uint64_t>(a.as_double()) ==
             std::bit_cast<std::uint64_t>(b.as_double());
    case value_kind::text:
    case value_kind::decimal:
    case value_kind::blob:
      return a.as_text() == b.as_text();
    default:
      return a.as_uint64() == b.as_uint64();
  }
}

bool operator==(const value& a, const value& b) noexcept { return identical(a.view(), b.view()); }

}  // namespace scalekit::inline v0::sql
