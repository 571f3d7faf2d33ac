// SPDX-License-Identifier: BSL-1.0
#include <scalekit/encoding.hpp>
#include <scalekit/sql/identifier.hpp>
#include <scalekit/timestamp.hpp>

#include <string>

namespace {

scalekit::result<std::string> both_ways(std::string_view base64) {
  auto raw = scalekit::from_base64(base64);
  if (!raw) return raw.error();
  return std::move(raw).transform([](const scalekit::bytes& b) { return scalekit::to_base64(b); });
}

}  // namespace

int main() {
  const auto good = both_ways("c2NhbGVraXQ=");
  const auto bad = both_ways("!!!!");
  const auto name = scalekit::sql::quote_identifier(scalekit::sql::dialect::sqlite, "a\"b");
  const auto instant = scalekit::parse_rfc3339("2024-05-06T07:08:09Z");
  const bool right = good.value() == "c2NhbGVraXQ=" && !bad &&
                     bad.error().code() == scalekit::errc::invalid_argument &&
                     *name == "\"a\"\"b\"" &&
                     scalekit::to_rfc3339(*instant) == "2024-05-06T07:08:09Z";
  return right ? 0 : 1;
}
