// SPDX-License-Identifier: BSL-1.0
#include "content.hpp"

#include <array>
#include <charconv>

namespace ledger {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): one mixing step per number, no state to carry.
std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A number below `n` from 16 bits of `random`; fair enough for invented data.
std::size_t pick(std::uint64_t random, unsigned shift, std::size_t n) noexcept {
  return static_cast<std::size_t>(((random >> shift) & 0xffff) * n >> 16);
}

void append_number(std::string& out, std::uint64_t n, std::size_t min_digits = 1) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  const auto size = static_cast<std::size_t>(end - digits);
  if (size < min_digits) out.append(min_digits - size, '0');
  out.append(digits, size);
}

struct currency {
  std::string_view code;
  std::size_t digits;  // behind the decimal point
};
constexpr std::array<currency, 6> currencies{
    {{"EUR", 2}, {"USD", 2}, {"GBP", 2}, {"CHF", 2}, {"JPY", 0}, {"BHD", 3}}};

const currency& currency_of(std::int64_t account) noexcept {
  return currencies[pick(mix(static_cast<std::uint64_t>(account) ^ 0xacc0), 0, currencies.size())];
}

constexpr std::array<std::string_view, 10> firms{
    "Northwind Traders",
    "Müller & Söhne GmbH",
    "Café Lumière",
    "O'Brien Ltd",
    "Acme, Inc.",
    "東京商事",
    "Blue \"Line\" Freight",
    "Øresund Energi",
    "Granite Books",
    "Zażółć S.A."};
constexpr std::array<std::string_view, 8> ledgers{
    "Cash", "Sales, domestic", "Sales, export", "Payroll", "Rent & rates", "Fees", "Travel", "Tax"};
constexpr std::array<std::string_view, 6> goods{
    "Coffee beans, 5 kg",
    "Office chairs, black",
    "Freight, Rotterdam to Oslo",
    "Hosting, monthly",
    "Paper, A4, 80 g",
    "Insurance, third party"};
constexpr std::array<std::string_view, 6> notes{
    "Überweisung Müller & Söhne",
    "お支払い 請求書",
    "Crème brûlée ×12 – café",
    "Zapłata za fakturę",
    "Платёж по договору",
    "Refund 🙂 with thanks"};

void append_description(std::string& out, std::uint64_t r) {
  const std::size_t kind = pick(r, 0, 100);
  const std::uint64_t number = (r >> 16) & 0xfffff;
  if (kind < 62) {
    out += "Invoice ";
    append_number(out, 2020 + (number & 3));
    out += '-';
    append_number(out, number, 6);
  } else if (kind < 74) {
    out += goods[pick(r, 40, goods.size())];
  } else if (kind < 80) {
    out += "Order \"Priority\" no. ";
    append_number(out, number);
  } else if (kind < 83) {
    out += "Delivered to:\n";
    append_number(out, number % 300 + 1);
    out += " Harbour Road\nDublin";
  } else if (kind < 93) {
    out += notes[pick(r, 40, notes.size())];
  } else if (kind < 96) {
    out += "Driver's licence fee";
  } else if (kind < 98) {
    out += "=SUM(A1:A9) pasted by a customer";
  }  // else no characters at all
}

void append_amount(std::string& out, std::uint64_t r, std::size_t digits) {
  // Many small amounts and a few large ones.
  const double u = static_cast<double>(r >> 11) * 0x1p-53;
  const auto units = static_cast<std::uint64_t>(u * u * u * 9'999'999.0) + 1;
  if ((r & 7) == 0) out += '-';
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < digits; ++i) scale *= 10;
  append_number(out, units / scale);
  if (digits == 0) return;
  out += '.';
  append_number(out, units % scale, digits);
}

}  // namespace

std::string tenant_name(std::int64_t tenant) {
  const auto n = static_cast<std::size_t>(tenant - 1);
  std::string name(firms[n % firms.size()]);
  if (n >= firms.size()) {
    name += " ";
    append_number(name, n / firms.size() + 1);
  }
  return name;
}

std::string account_name(std::int64_t account) {
  const auto n = static_cast<std::size_t>((account - 1) % accounts_per_tenant);
  std::string name(ledgers[n % ledgers.size()]);
  name += " ";
  append_number(name, n / ledgers.size() + 1);
  return name;
}

std::string_view account_currency(std::int64_t account) { return currency_of(account).code; }

void make_entry(std::int64_t id, entry& out) {
  const std::uint64_t r = mix(static_cast<std::uint64_t>(id));
  const std::uint64_t s = mix(r);
  // The square makes the first tenants much larger than the last, as in life.
  const double u = static_cast<double>(r >> 11) * 0x1p-53;
  const auto tenant = static_cast<std::int64_t>(u * u * static_cast<double>(tenants));
  out.account =
      tenant * accounts_per_tenant + 1 + static_cast<std::int64_t>(pick(s, 0, accounts_per_tenant));

  out.amount.clear();
  append_amount(out.amount, mix(s), currency_of(out.account).digits);

  const std::size_t state = pick(s, 16, 100);
  out.status = state < 88 ? "settled" : state < 95 ? "pending" : state < 98 ? "failed" : "reversed";

  out.has_description = pick(s, 32, 100) >= 3;
  out.description.clear();
  if (out.has_description) append_description(out.description, mix(s ^ r));

  constexpr std::int64_t start_of_2021 = 1'609'459'200'000'000;
  constexpr std::int64_t step = 1'000'003;
  out.created_at = start_of_2021 + id / 3 * step;
}

}  // namespace ledger
