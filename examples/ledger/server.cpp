// SPDX-License-Identifier: BSL-1.0
// ledger_server --db FILE [--port N] [--bind ADDRESS]: a payments ledger for many tenants, over
// HTTP. Ends in order on SIGTERM and Ctrl-C.
//
// LEDGER_CURSOR_KEY, 64 hex digits, seals page cursors; without it a random key is used, and the
// cursors given out end with the process.
#include "export.hpp"
#include "measures.hpp"
#include "status.hpp"
#include "transactions.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/http/export_endpoint.hpp>
#include <scalekit/http/server.hpp>
#include <scalekit/keyset/key_ring.hpp>
#include <scalekit/keyset/sealed_codec.hpp>
#include <scalekit/random.hpp>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace scalekit;

struct arguments {
  std::string db;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
};

constexpr std::size_t most_exports = 8;
constexpr unsigned workers = 4;

void log_line(log_level level, std::string_view text) {
  const auto name = to_string(level);
  std::fprintf(
      stderr,
      "%.*s: %.*s\n",
      static_cast<int>(name.size()),
      name.data(),
      static_cast<int>(text.size()),
      text.data()
  );
}

result<std::shared_ptr<const keyset::key_ring>> load_cursor_keys() {
  bytes secret(32);
  if (const char* given = std::getenv("LEDGER_CURSOR_KEY")) {
    auto decoded = from_hex(given);
    if (!decoded) return std::move(decoded).error().with_context("LEDGER_CURSOR_KEY");
    secret = *std::move(decoded);
  } else {
    random_source::system().fill(secret);
  }
  return keyset::key_ring::make({{.id = "k1", .secret = std::move(secret)}}, "k1");
}

result<std::unique_ptr<sqlite::pool>> open_ledger(const std::string& path) {
  // An export holds a reader for as long as it lasts; the workers need one each for pages.
  return sqlite::pool::open(
      path,
      {.readers = most_exports + workers,
       .connection = {.mode = sqlite::open_mode::read_write, .cache_kib = 512}}
  );
}

/// In a file of its own, so that backups and restores of the ledger do not touch it. A power cut
/// may cost the last checkpoints, hence work, never a byte.
result<std::unique_ptr<sqlite::pool>> open_checkpoints(const std::string& path) {
  return sqlite::pool::open(
      path + ".exports", {.connection = {.sync = sqlite::synchronous::normal, .cache_kib = 512}}
  );
}

result<void> add_routes(
    http::server& web,
    http::export_endpoint& exports,
    ledger::transactions_api& transactions,
    const ledger::measures& timings,
    const ledger::observed& all
) {
  if (auto ok = web.route("/exports/transactions.csv", exports); !ok) return ok;
  const std::pair<const char*, http::handler_fn> routes[] = {
      {"/", [](const http::request&) { return ledger::operator_page(); }},
      {"/api/status", [&](const http::request&) { return ledger::status_json(all); }},
      {"/api/transactions", [&](const http::request& r) { return transactions.list(r); }},
      {"/metrics",
       [&](const http::request&) {
         return http::response::of(200, http::prometheus_registry::content_type, timings.render());
       }},
  };
  for (const auto& [pattern, handler] : routes) {
    if (auto ok = web.route("GET", pattern, handler); !ok) return ok;
  }
  return {};
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

result<void> serve(const arguments& a) {
  const auto started = clock::system().steady_now();
  auto ring = load_cursor_keys();
  if (!ring) return ring.error();
  const keyset::key_holder keys(*ring);
  const keyset::sealed_codec cursors(keys);
  auto database = open_ledger(a.db);
  if (!database) return database.error();
  auto checkpoint_database = open_checkpoints(a.db);
  if (!checkpoint_database) return checkpoint_database.error();
  auto checkpoints = bulk::sql_checkpoint_store::open(**checkpoint_database);
  if (!checkpoints) return checkpoints.error();
  auto purged = (*checkpoints)->purge_expired(clock::system().system_now(), 1000);
  if (!purged) return purged.error();

  ledger::measures timings;
  ledger::transactions_api transactions(**database, cursors, timings);
  if (auto ok = transactions.check_schema(); !ok) return ok;
  http::export_endpoint_options how;
  how.define = [&](const http::request& r) {
    return ledger::define_transactions_export(r, **database, timings);
  };
  how.store = checkpoints->get();
  how.max_concurrent = most_exports;
  how.metrics = &timings;
  how.log = log_line;
  http::export_endpoint exports(**database, std::move(how));

  http::server_options where;
  where.address = a.address;
  where.port = a.port;
  where.worker_threads = workers;
  where.log = log_line;
  http::server web(std::move(where));
  const ledger::observed all{web, exports, **database, timings, started};
  if (auto ok = add_routes(web, exports, transactions, timings, all); !ok) return ok;

  // Blocked before the threads begin, so that only sigwait below sees them.
  const sigset_t ending = ending_signals();
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  if (auto ok = web.start(); !ok) return ok;
  std::printf("listening on http://%s:%u/\n", a.address.c_str(), unsigned{web.port()});
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ending, &signal);
  web.stop(std::chrono::seconds(5));
  return {};
}

std::optional<arguments> parse(int argc, char** argv) {
  static const option options[] = {
      {"db", required_argument, nullptr, 'd'},
      {"port", required_argument, nullptr, 'p'},
      {"bind", required_argument, nullptr, 'b'},
      {}};
  arguments a;
  for (int c; (c = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    const std::string_view value = optarg != nullptr ? optarg : "";
    if (c == 'd') {
      a.db = value;
    } else if (c == 'b') {
      a.address = value;
    } else if (c == 'p') {
      const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), a.port);
      if (wrong != std::errc() || end != value.data() + value.size()) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (a.db.empty() || optind != argc) return std::nullopt;
  return a;
}

}  // namespace

int main(int argc, char** argv) {
  const auto a = parse(argc, argv);
  if (!a) {
    std::fprintf(stderr, "usage: ledger_server --db FILE [--port 0-65535] [--bind ADDRESS]\n");
    return 2;
  }
  if (auto done = serve(*a); !done) {
    std::fprintf(stderr, "ledger_server: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
