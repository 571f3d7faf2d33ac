// SPDX-License-Identifier: BSL-1.0
#include "resilience/sql_limiter_mysql.hpp"

#include "resilience/sql_limiter_text.hpp"
#include "resilience/store_support.hpp"
#include "sql/statement.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::resilience::sql_limiter_mysql {

namespace {

// The tokens may have been taken.
error not_an_answer() {
  return {
      errc::outcome_unknown, "sql_limiter_store: the statement left no answer that can be read"};
}
error not_read(const error& why) {
  return {errc::outcome_unknown, "sql_limiter_store: no answer: " + why.message(), why.cause()};
}

// The next nine numbers of `text`, which loses them; false if they are not there.
bool read(std::string_view& text, std::array<std::int64_t, 9>& numbers) noexcept {
  for (std::int64_t& n : numbers) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (wrong != std::errc() || used == text.size() || text[used] != ' ') return false;
    text.remove_prefix(used + 1);
  }
  return true;
}

// As sql_text::take_mysql left it. A claim that is not in it was new, and its row is as it was
// inserted; of several claims each is in it twice, but once if it was new.
result<std::vector<store::row>> to_rows(
    std::string_view text, std::span<const limit_claim> claims, std::int64_t now
) {
  const std::size_t rounds = claims.size() == 1 ? 1 : 2;
  std::vector<std::size_t> seen(claims.size());
  std::vector<store::row> rows;
  for (const limit_claim& c : claims) {
    const std::int64_t spent = c.cost * c.rate.step();
    rows.push_back(
        {.granted = c.cost,
         .bucket = {.full_us = now + spent / c.rate.parts(), .part = spent % c.rate.parts()},
         .in_force = c.rate,
         .version = c.version}
    );
  }
  std::array<std::int64_t, 9> v{};
  while (!text.empty()) {
    if (!read(text, v) || v[0] < 0 || v[0] >= std::ssize(claims)) return not_an_answer();
    auto in_force = store::stored_rate(v[6], v[7], v[8]);
    if (!in_force) return in_force.error();
    const auto place = static_cast<std::size_t>(v[0]);
    rows[place] = {
        .granted = v[1],
        .bucket = {.full_us = v[2], .part = v[3], .paused_us = v[4]},
        .in_force = *in_force,
        .version = v[5]};
    ++seen[place];
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (seen[i] + 1 < rounds || seen[i] > rounds) return not_an_answer();
    rows[i].fresh = seen[i] < rounds;
  }
  return rows;
}

}  // namespace

result<limit_answer> take(
    sql::pool& connections,
    const std::string& table,
    std::span<const limit_claim> claims,
    std::span<const limit_claim> in_order
) {
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  auto done = sql::execute(**db, sql_text::take_mysql(table, in_order));
  if (!done) return done.error();
  auto found =
      (*db)->query("SELECT CAST(@scalekit_now AS SIGNED), CAST(@scalekit_rows AS CHAR)", {});
  if (!found) return not_read(found.error());
  auto more = (*found)->next();
  if (!more) return not_read(more.error());
  if (!*more || (*found)->row()[1].is_null()) return not_an_answer();
  const std::int64_t now = (*found)->row()[0].as_int64();
  auto rows = to_rows((*found)->row()[1].as_text(), in_order, now);
  if (!rows) return rows.error();
  std::vector<store::row> as_claimed;
  for (const limit_claim& c : claims) {
    const auto at = std::ranges::find(in_order, c.name, &limit_claim::name) - in_order.begin();
    as_claimed.push_back((*rows)[static_cast<std::size_t>(at)]);
  }
  return store::answer(claims, as_claimed, now);
}

}  // namespace scalekit::inline v0::resilience::sql_limiter_mysql
