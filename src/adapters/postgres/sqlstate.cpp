// SPDX-License-Identifier: BSL-1.0
#include <scalekit/adapters/postgres/error.hpp>

#include <algorithm>

namespace scalekit::inline v0::postgres {

namespace {

struct meaning {
  std::string_view prefix;
  errc code;
};

// The longest prefix that fits decides, so whole states stand before their class.
constexpr meaning meanings[] = {
    {"08007", errc::outcome_unknown},
    {"08P01", errc::invalid_argument},
    {"25P03", errc::timed_out},
    {"3D000", errc::not_found},
    {"40002", errc::conflict},
    {"40003", errc::outcome_unknown},
    {"53100", errc::limit_exceeded},
    {"53400", errc::limit_exceeded},
    {"55006", errc::busy},
    {"55P03", errc::busy},
    {"57014", errc::timed_out},
    {"57P04", errc::not_found},
    {"P0001", errc::conflict},
    {"P0002", errc::not_found},
    {"P0003", errc::conflict},
    {"XX001", errc::data_corrupted},
    {"XX002", errc::data_corrupted},
    {"03", errc::invalid_argument},
    {"08", errc::unavailable},
    {"09", errc::invalid_argument},
    {"0A", errc::not_supported},
    {"0B", errc::invalid_argument},
    {"0F", errc::invalid_argument},
    {"0L", errc::invalid_argument},
    {"0P", errc::invalid_argument},
    {"0Z", errc::invalid_argument},
    {"20", errc::invalid_argument},
    {"21", errc::invalid_argument},
    {"22", errc::invalid_argument},
    {"23", errc::conflict},
    {"24", errc::invalid_argument},
    {"25", errc::invalid_argument},
    {"26", errc::invalid_argument},
    {"27", errc::conflict},
    {"28", errc::unauthenticated},
    {"2B", errc::conflict},
    {"2D", errc::invalid_argument},
    {"2F", errc::invalid_argument},
    {"34", errc::invalid_argument},
    {"38", errc::invalid_argument},
    {"39", errc::invalid_argument},
    {"3B", errc::invalid_argument},
    {"3D", errc::not_found},
    {"3F", errc::invalid_argument},
    {"40", errc::busy},
    {"42", errc::invalid_argument},
    {"44", errc::conflict},
    {"53", errc::unavailable},
    {"54", errc::limit_exceeded},
    {"55", errc::invalid_argument},
    {"57", errc::unavailable},
    {"58", errc::unavailable},
    {"72", errc::busy},
    {"F0", errc::unavailable},
    {"HV", errc::unavailable},
};

constexpr int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return -1;
}

}  // namespace

errc to_errc(std::string_view sqlstate) noexcept {
  const auto* found = std::ranges::find_if(meanings, [&](const meaning& m) {
    return sqlstate.size() == 5 && sqlstate.starts_with(m.prefix);
  });
  return found == std::end(meanings) ? errc::internal : found->code;
}

std::int64_t pack_sqlstate(std::string_view sqlstate) noexcept {
  if (sqlstate.size() != 5) return 0;
  std::int64_t packed = 0;
  for (const char c : sqlstate) {
    if (digit(c) < 0) return 0;
    packed = packed * 36 + digit(c);
  }
  return packed;
}

std::string sqlstate_of(const error& e) {
  std::int64_t packed = e.cause().code;
  if (e.cause().system != "postgres" || packed <= 0) return {};
  std::string text(5, '0');
  for (auto c = text.rbegin(); c != text.rend(); ++c, packed /= 36) {
    const auto d = static_cast<char>(packed % 36);
    *c = static_cast<char>(d < 10 ? '0' + d : 'A' + d - 10);
  }
  return text;
}

}  // namespace scalekit::inline v0::postgres
