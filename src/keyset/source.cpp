// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bytes.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/sql/canonical.hpp>

#include <chrono>

namespace scalekit::inline v0::keyset {

horizon horizon_behind(std::string column, const clock& now, duration max_skew) {
  const auto skew = std::chrono::ceil<std::chrono::microseconds>(max_skew);
  return {std::move(column), sql::value(now.system_now() - skew)};
}

std::string source::canonical_filters() const {
  std::string out;
  append_framed(out, table);
  append_framed(out, from.canonical());
  append_u32(out, static_cast<std::uint32_t>(fixed.size()));
  for (const fixed_column& f : fixed) {
    append_framed(out, f.name);
    sql::append_canonical(out, f.value);
  }
  append_u32(out, static_cast<std::uint32_t>(where.size()));
  for (const sql::fragment& f : where) append_framed(out, f.canonical());
  append_framed(out, until ? until->column : std::string());
  return out;
}

}  // namespace scalekit::inline v0::keyset
