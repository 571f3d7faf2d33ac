// SPDX-License-Identifier: BSL-1.0
// ledger_seed --db FILE --rows N: makes a ledger of N invented entries. The file appears under its
// name only when it is complete; one that is there already with as many rows is kept.
#include "content.hpp"
#include "schema.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/sql/transaction.hpp>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <getopt.h>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace {

using namespace scalekit;

double seconds_since(steady_time began) {
  return std::chrono::duration<double>(clock::system().steady_now() - began).count();
}

/// Shows how far the work is: a bar that moves on a terminal, a line for each tenth elsewhere.
class progress_bar {
 public:
  explicit progress_bar(std::int64_t total) : total_(total) {}

  void show(std::int64_t done) {
    const auto tenth = done * 10 / total_;
    const double rate = static_cast<double>(done) / seconds_since(began_);
    if (terminal_) {
      constexpr std::int64_t width = 40;
      const auto filled = static_cast<std::size_t>(done * width / total_);
      const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
      std::fprintf(
          stderr,
          "\rseeding [%s] %3d %%  %.0f rows/s ",
          bar.c_str(),
          static_cast<int>(done * 100 / total_),
          rate
      );
      if (done == total_) std::fputc('\n', stderr);
    } else if (tenth != shown_tenth_) {
      std::fprintf(stderr, "seeding %3d %%  %.0f rows/s\n", static_cast<int>(tenth * 10), rate);
    }
    shown_tenth_ = tenth;
  }

 private:
  std::int64_t total_;
  std::int64_t shown_tenth_ = 0;
  steady_time began_ = clock::system().steady_now();
  bool terminal_ = isatty(STDERR_FILENO) == 1;
};

result<void> add_tenants(sql::connection& db) {
  for (std::int64_t t = 1; t <= ledger::tenants; ++t) {
    auto added =
        db.execute("INSERT INTO tenant (id, name) VALUES (?1, ?2)", {t, ledger::tenant_name(t)});
    if (!added) return added.error();
  }
  for (std::int64_t a = 1; a <= ledger::tenants * ledger::accounts_per_tenant; ++a) {
    auto added = db.execute(
        "INSERT INTO account (id, tenant_id, name, currency) VALUES (?1, ?2, ?3, ?4)",
        {a, ledger::tenant_of(a), ledger::account_name(a), ledger::account_currency(a)}
    );
    if (!added) return added.error();
  }
  return {};
}

result<void> add_entries(sql::connection& db, std::int64_t count) {
  progress_bar bar(count);
  ledger::entry e;
  for (std::int64_t id = 1; id <= count; ++id) {
    ledger::make_entry(id, e);
    auto added = db.execute(
        "INSERT INTO ledger_entry (id, tenant_id, account_id, amount, currency, status, "
        "description, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        {id,
         ledger::tenant_of(e.account),
         e.account,
         e.amount,
         ledger::account_currency(e.account),
         e.status,
         e.has_description ? sql::value_view(e.description) : sql::value_view(),
         e.created_at}
    );
    if (!added) return added.error();
    if (id % 20'000 == 0 || id == count) bar.show(id);
  }
  return {};
}

result<void> fill(const std::string& path, std::int64_t count) {
  // Nothing has to survive a power cut here: an unfinished file is thrown away.
  auto db = sqlite::connection::open(
      path,
      {.journal = sqlite::journal_mode::rollback,
       .sync = sqlite::synchronous::off,
       .cache_kib = 64 * 1024,
       .foreign_keys = false}
  );
  if (!db) return db.error();
  if (auto made = (*db)->execute_script(ledger::tables); !made) return made;
  auto tx = sql::transaction::begin(**db);
  if (!tx) return tx.error();
  if (auto added = add_tenants(**db); !added) return added;
  if (auto added = add_entries(**db, count); !added) return added;
  if (auto done = tx->commit(); !done) return done;
  std::fprintf(stderr, "indexing\n");
  if (auto made = (*db)->execute_script(ledger::indexes); !made) return made;
  return (*db)->execute_script("PRAGMA analysis_limit = 1000; ANALYZE");
}

bool is_complete(const std::string& path, std::int64_t count) {
  auto db = sqlite::connection::open(path, {.mode = sqlite::open_mode::read_only});
  if (!db) return false;
  auto found = (*db)->query("SELECT max(id) FROM ledger_entry");
  if (!found) return false;
  auto more = (*found)->next();
  return more && *more && (*found)->row()[0].as_int64() == count;
}

result<void> seed(const std::string& path, std::int64_t count) {
  if (is_complete(path, count)) {
    std::fprintf(
        stderr, "%s has its %lld entries already\n", path.c_str(), static_cast<long long>(count)
    );
    return {};
  }
  const auto began = clock::system().steady_now();
  std::error_code failed;
  const std::string unfinished = path + ".part";
  for (const char* left : {"", "-journal", "-wal", "-shm"}) {
    std::filesystem::remove(unfinished + left, failed);
    std::filesystem::remove(path + left, failed);
  }
  if (auto filled = fill(unfinished, count); !filled) return filled;
  std::filesystem::rename(unfinished, path, failed);
  if (failed)
    return error(errc::unavailable, "cannot rename " + unfinished + ": " + failed.message());
  const double took = seconds_since(began);
  std::fprintf(
      stderr,
      "%lld entries in %.1f s with the index (%.0f rows/s)\n",
      static_cast<long long>(count),
      took,
      static_cast<double>(count) / took
  );
  return {};
}

struct arguments {
  std::string db;
  std::int64_t rows = 0;
};

std::optional<arguments> parse(int argc, char** argv) {
  static const option options[] = {
      {"db", required_argument, nullptr, 'd'}, {"rows", required_argument, nullptr, 'n'}, {}};
  arguments a;
  for (int c; (c = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    const std::string_view value = optarg != nullptr ? optarg : "";
    if (c == 'd') {
      a.db = value;
    } else if (c == 'n') {
      const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), a.rows);
      if (wrong != std::errc() || end != value.data() + value.size()) a.rows = 0;
    } else {
      return std::nullopt;
    }
  }
  if (a.db.empty() || a.rows <= 0 || optind != argc) return std::nullopt;
  return a;
}

}  // namespace

int main(int argc, char** argv) {
  const auto a = parse(argc, argv);
  if (!a) {
    std::fprintf(stderr, "usage: ledger_seed --db FILE --rows N (N at least 1)\n");
    return 2;
  }
  if (auto done = seed(a->db, a->rows); !done) {
    std::fprintf(stderr, "ledger_seed: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
