// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_CONTENT_HPP
#define LEDGER_CONTENT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What an invented ledger holds. Every function is pure: the same number gives the same content on
/// every machine.
namespace ledger {

inline constexpr std::int64_t tenants = 50;
inline constexpr std::int64_t accounts_per_tenant = 40;

[[nodiscard]] std::string tenant_name(std::int64_t tenant);
[[nodiscard]] std::string account_name(std::int64_t account);
[[nodiscard]] std::string_view account_currency(std::int64_t account);
[[nodiscard]] constexpr std::int64_t tenant_of(std::int64_t account) {
  return (account - 1) / accounts_per_tenant + 1;
}

struct entry {
  std::int64_t account = 0;
  std::string amount;
  std::string_view status;
  bool has_description = false;
  std::string description;  // commas, quotes, line breaks, UTF-8, and what a spreadsheet would run
  std::int64_t created_at = 0;  // never falls as ids grow; three entries at a time share one
};

/// Fills `out`, whose strings keep their memory, with entry number `id`, which counts from 1.
void make_entry(std::int64_t id, entry& out);

}  // namespace ledger

#endif
