// SPDX-License-Identifier: BSL-1.0
// The table `ledger` as CSV on standard output, and one JSON line of figures on standard error.
//
//   bench_export DB MODE [--digest] [--checkpoints] [--gzip=THREADS]
//
// MODE: ours | ours-parallel=THREADS | c-loop | c-loop-value | c-loop-scalar | step. The options
// are for `ours`, and `--digest` for `ours-parallel` too.
#include "c_loop.hpp"
#include "measure.hpp"
#include "timed_output.hpp"
#include "worker_pool.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>
#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/bulk/export_session.hpp>
#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/bulk/memory_checkpoint_store.hpp>
#include <scalekit/bulk/parallel_export.hpp>
#include <scalekit/compress/gzip.hpp>
#include <scalekit/crypto/sha256.hpp>
#include <scalekit/encoding.hpp>

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace bulk = scalekit::bulk;
namespace compress = scalekit::compress;
namespace keyset = scalekit::keyset;
namespace sqlite = scalekit::sqlite;

struct settings {
  std::string path;
  std::string mode;
  std::size_t threads = 1;  // of ours-parallel
  bool digest = false;
  bool checkpoints = false;
  std::optional<std::size_t> gzip_threads;
};

struct outcome {
  std::uint64_t rows = 0;
  std::string digest;
};

// A scan reads every page once: SQLite's own cache of 2 MB, which the peers have too, is enough.
sqlite::connection_options read_only() {
  return {.mode = sqlite::open_mode::read_only, .cache_kib = 0, .log = {}};
}

std::size_t number_after(std::string_view argument, std::string_view prefix) {
  const std::string_view digits = argument.substr(prefix.size());
  std::size_t n = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size() || n == 0 || n > 64) {
    bench::fail(fmt::format("{}: give a number from 1 to 64", argument));
  }
  return n;
}

settings parse(int argc, char** argv) {
  if (argc < 3) {
    bench::fail("usage: bench_export DB MODE [--digest] [--checkpoints] [--gzip=THREADS]");
  }
  settings s{.path = argv[1], .mode = argv[2], .gzip_threads = {}};
  if (constexpr std::string_view parallel = "ours-parallel="; s.mode.starts_with(parallel)) {
    s.threads = number_after(s.mode, parallel);
    s.mode = "ours-parallel";
  }
  for (int i = 3; i < argc; ++i) {
    const std::string_view argument = argv[i];
    constexpr std::string_view gzip = "--gzip=";
    if (argument == "--digest") {
      s.digest = true;
    } else if (argument == "--checkpoints") {
      s.checkpoints = true;
    } else if (argument.starts_with(gzip)) {
      s.gzip_threads = number_after(argument, gzip);
    } else {
      bench::fail(fmt::format("unknown option {}", argument));
    }
  }
  return s;
}

bulk::export_options ledger(const settings& s) {
  bulk::export_options o{
      .name = "ledger",
      .source = {.table = "ledger"},
      .order = bench::must(
          keyset::order::make({}, {.columns = {"id"}, .storage = keyset::key_storage::sqlite_rowid})
      ),
      .chunk_bytes = bench::timed_output::chunk_size};
  for (const char* column :
       {"id", "account", "amount", "currency", "status", "description", "created_at"}) {
    o.columns.push_back({.name = column});
  }
  if (s.digest) o.digest = scalekit::crypto::sha256_factory();
  return o;
}

std::uint64_t drain(bulk::chunk_source& from, bench::timed_output& out) {
  scalekit::csv::buffer chunk;
  while (bench::must(from.next(chunk))) out.write(chunk.view());
  return from.position().rows;
}

std::uint64_t drain_gzipped(
    bulk::chunk_source& from, bench::timed_output& out, std::size_t threads
) {
  std::optional<scalekit_tests::worker_pool> pool;
  compress::gzip_options options{.level = 1};
  if (threads > 1) {
    pool.emplace(threads);
    options.max_in_flight = 2 * threads;
    options.executor = pool->executor();
  }
  auto gzip = bench::must(compress::gzip_stream::make(options));
  scalekit::csv::buffer chunk;
  std::string packed;
  while (bench::must(from.next(chunk))) {
    bench::must(gzip.write(chunk.view(), packed));
    if (!packed.empty()) out.write(packed);
    packed.clear();
  }
  bench::must(gzip.finish(packed));
  out.write(packed);
  return from.position().rows;
}

outcome run_ours(const settings& s, bench::timed_output& out) {
  const auto db = bench::must(sqlite::connection::open(s.path, read_only()));
  const auto drained = [&](bulk::chunk_source& from) {
    return s.gzip_threads ? drain_gzipped(from, out, *s.gzip_threads) : drain(from, out);
  };
  if (s.checkpoints) {
    bulk::memory_checkpoint_store store;
    const auto session = bench::must(bulk::export_session::start(*db, store, ledger(s)));
    const std::uint64_t rows = drained(*session);
    return {rows, session->totals() ? session->totals()->digest_hex : ""};
  }
  const auto stream = bench::must(bulk::export_stream::open(*db, ledger(s)));
  const std::uint64_t rows = drained(*stream);
  return {rows, scalekit::to_hex(stream->digest_value())};
}

outcome run_parallel(const settings& s, bench::timed_output& out) {
  // The consumer only writes, and helps out where no thread has begun.
  scalekit_tests::worker_pool threads(s.threads);
  const std::size_t in_flight = 2 * s.threads;
  const auto pool =
      bench::must(sqlite::pool::open(s.path, {.readers = s.threads + 1, .connection = read_only()})
      );
  const auto stream = bench::must(bulk::parallel_export::open(
      *pool, ledger(s), {.executor = threads.executor(), .in_flight = in_flight}
  ));
  const std::uint64_t rows = drain(*stream, out);
  return {rows, scalekit::to_hex(stream->digest_value())};
}

outcome run(const settings& s, bench::timed_output& out) {
  using kind = bench::c_loop_kind;
  const auto c_loop = [&](kind k) { return outcome{bench::run_c_loop(s.path, k, out), {}}; };
  if (s.mode == "ours") return run_ours(s, out);
  if (s.mode == "ours-parallel") return run_parallel(s, out);
  if (s.mode == "c-loop") return c_loop(kind::simd);
  if (s.mode == "c-loop-value") return c_loop(kind::value);
  if (s.mode == "c-loop-scalar") return c_loop(kind::scalar);
  if (s.mode == "step") return c_loop(kind::step);
  bench::fail(fmt::format("unknown mode {}", s.mode));
}

}  // namespace

int main(int argc, char** argv) {
  const settings s = parse(argc, argv);
  const long rss_before = bench::peak_rss_kib();
  const auto start = bench::steady::now();
  bench::timed_output out;
  const outcome done = run(s, out);
  const double wall = bench::seconds_since(start);
  const double cpu = bench::cpu_seconds();
  const bench::spread chunk = bench::spread_of(out.chunk_ms());
  fmt::print(
      stderr,
      R"({{"rows": {}, "bytes": {}, "wall_s": {:.4f}, "cpu_s": {:.4f}, "rss_growth_kib": {}, )"
      R"("ttfb_ms": {:.3f}, "chunk_ms": {{"p50": {:.3f}, "p95": {:.3f}, "max": {:.3f}}}, )"
      R"("digest": "{}", "sqlite": "{}", "sqlite_source": "{}"}})"
      "\n",
      done.rows,
      out.bytes(),
      wall,
      cpu,
      bench::peak_rss_kib() - rss_before,
      out.chunk_ms().empty() ? 0.0 : out.chunk_ms().front(),
      chunk.p50,
      chunk.p95,
      chunk.max,
      done.digest,
      bench::sqlite_version(),
      bench::sqlite_source()
  );
}
