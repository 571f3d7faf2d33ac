// SPDX-License-Identifier: BSL-1.0
// bench_seed DB ROWS: makes the tables `ledger` (for exports) and `item` (for pages), the same on
// every machine. The file appears under its name only once it is whole.
#include "measure.hpp"
#include "page_cases.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/sql/transaction.hpp>
#include <scalekit/timestamp.hpp>

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace {

namespace sqlite = scalekit::sqlite;

constexpr std::int64_t first_second = 1'704'067'200;  // 2024-01-01
constexpr std::int64_t largest_tie = 200'000;

// SplitMix64 (Steele, Lea, Flood 2014), started from the row: a row is the same however many there
// are.
class row_random {
 public:
  explicit row_random(std::int64_t row) : state_(static_cast<std::uint64_t>(row) << 20) {}
  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>((*this)() % static_cast<std::uint64_t>(n));
  }
  template <std::size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& choices) {
    return choices[(*this)() % N];
  }

 private:
  std::uint64_t state_;
};

constexpr std::array<std::string_view, 6> currencies{"USD", "EUR", "GBP", "JPY", "CHF", "IDR"};
constexpr std::array<std::string_view, 5> statuses{
    "settled", "pending", "failed", "refunded", "disputed"};
constexpr std::array<std::string_view, 20> words{
    "coffee", "invoice",  "transfer", "monthly", "subscription", "refund", "order",
    "café",   "Zürich",   "payment",  "utility", "東京",         "ticket", "top-up",
    "salary", "donation", "rent",     "grocery", "annual",       "fee"};

// 8 % hold a comma, 3 % quotes, 1 % a line end.
void describe(row_random& random, std::string& out) {
  out.clear();
  const std::int64_t kind = random.below(100);
  const std::int64_t count = 3 + random.below(4);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string_view word = random.one_of(words);
    if (i == 1 && kind < 8) {
      out += ", ";
    } else if (i == 1 && kind == 8) {
      out += '\n';
    } else if (i != 0) {
      out += ' ';
    }
    const bool quoted = i == 0 && kind >= 9 && kind < 12;
    if (quoted) out += '"';
    out += word;
    if (quoted) out += '"';
  }
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(" #{}"), random.below(10'000'000));
}

void seed_ledger(sqlite::connection& db, std::int64_t rows) {
  bench::must(db.execute_script(
      "CREATE TABLE ledger(id INTEGER PRIMARY KEY, account TEXT NOT NULL, amount TEXT NOT NULL,"
      " currency TEXT NOT NULL, status TEXT NOT NULL, description TEXT NOT NULL,"
      " created_at TEXT NOT NULL)"
  ));
  std::string account, amount, description, created_at;
  for (std::int64_t id = 1; id <= rows; ++id) {
    row_random random(id);
    account = fmt::format(FMT_COMPILE("ACC-{:08}"), random.below(2'000'000));
    const std::int64_t cents = random.below(random.below(2) == 0 ? 100'000 : 10'000'000);
    amount = fmt::format(FMT_COMPILE("{}.{:02}"), cents / 100, cents % 100);
    const std::string_view currency = random.one_of(currencies);
    const std::string_view status = random.one_of(statuses);
    describe(random, description);
    const auto t =
        scalekit::to_civil(scalekit::system_time(std::chrono::seconds(first_second + id * 6)));
    created_at = fmt::format(
        FMT_COMPILE("{:04}-{:02}-{:02} {:02}:{:02}:{:02}"),
        t.year,
        t.month,
        t.day,
        t.hour,
        t.minute,
        t.second
    );
    bench::must(db.execute(
        "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        {id, account, amount, currency, status, description, created_at}
    ));
  }
}

// About ten rows an instant, up to three seconds out of step with the ids, and one import that gave
// a great many rows the same instant, well before the pages that are measured as "deep".
std::int64_t instant(row_random& random, std::int64_t id, std::int64_t rows) {
  const std::int64_t tie = std::min(largest_tie, rows * 2 / 5);
  const std::int64_t tie_begin = rows * 3 / 10;
  const std::int64_t skew = random.below(7) - 3;
  const bool in_tie = id >= tie_begin && id < tie_begin + tie;
  const std::int64_t second = in_tie ? tie_begin / 10 : id / 10 + skew;
  return (first_second + second) * 1'000'000;
}

void seed_item(sqlite::connection& db, std::int64_t rows) {
  bench::must(
      db.execute_script("CREATE TABLE item(id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL,"
                        " created_at INTEGER NOT NULL, score INTEGER, payload TEXT NOT NULL)")
  );
  std::string payload;
  for (std::int64_t id = 1; id <= rows; ++id) {
    row_random random(-id);
    const std::int64_t created_at = instant(random, id, rows);
    const std::int64_t tenant = random.below(10) < 3 ? bench::whale : 2 + random.below(500);
    const bool unscored = random.below(10) == 0;
    const scalekit::sql::value_view score =
        unscored ? scalekit::sql::value_view() : scalekit::sql::value_view(random.below(1'000'000));
    describe(random, payload);
    bench::must(db.execute(
        "INSERT INTO item VALUES (?1, ?2, ?3, ?4, ?5)", {id, tenant, created_at, score, payload}
    ));
  }
}

void make_indexes(sqlite::connection& db) {
  for (const bench::page_order& p :
       {bench::oldest_first(), bench::mixed_directions(), bench::by_score(), bench::one_tenant()}) {
    bench::must(db.execute(p.index));
  }
}

void seed(const std::string& path, std::int64_t rows) {
  const auto db = bench::must(sqlite::connection::open(
      path,
      {.journal = sqlite::journal_mode::rollback,
       .sync = sqlite::synchronous::off,
       .cache_kib = 256 * 1024}
  ));
  auto all = bench::must(scalekit::sql::transaction::begin(*db));
  seed_ledger(*db, rows);
  seed_item(*db, rows);
  make_indexes(*db);
  bench::must(all.commit());
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t rows = 0;
  if (argc == 3) {
    const std::string_view digits = argv[2];
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), rows);
    if (end.ptr != digits.data() + digits.size()) rows = 0;
  }
  if (rows < 1) bench::fail("usage: bench_seed DB ROWS");
  const std::string path = argv[1];
  const std::string unfinished = path + ".part";
  std::filesystem::remove(unfinished);
  std::filesystem::remove(unfinished + "-journal");
  seed(unfinished, rows);
  std::filesystem::rename(unfinished, path);
}
