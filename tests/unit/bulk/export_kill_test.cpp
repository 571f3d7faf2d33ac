// SPDX-License-Identifier: BSL-1.0
// A process that exports to a file is killed at random places, again and again; what the file
// holds in the end must be what an export that was never killed gives.
#include "ledger.hpp"

#include <scalekit/bulk/export_session.hpp>
#include <scalekit/bulk/sql_checkpoint_store.hpp>
#include <scalekit/testing/fixed_random.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace scalekit;
using scalekit_tests::all_entries;
using scalekit_tests::drain;
using scalekit_tests::ledger;

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bulk::export_options what() {
  bulk::export_options o = all_entries();
  o.bound_column = "id";
  o.chunk_bytes = 500;
  return o;
}

/// In a process of its own: goes on with the export, and dies by SIGKILL after `bytes` more.
[[noreturn]] void export_and_die(
    const std::string& db, const std::string& out, const std::string& id, std::uint64_t lifetime
) {
  sqlite::pool_options options;
  auto pool = sqlite::pool::open(db, options).value();
  auto store = bulk::sql_checkpoint_store::open(*pool).value();
  auto reader = pool->acquire(sql::access::read).value();
  std::FILE* file = std::fopen(out.c_str(), "ab");
  const auto have = std::filesystem::file_size(out);
  auto session = bulk::export_session::resume(*reader, *store, what(), id, have).value();
  csv::buffer chunk;
  while (session->next(chunk).value()) {
    for (const char c : chunk.view()) {
      if (lifetime-- == 0) {
        std::fflush(file);
        ::kill(::getpid(), SIGKILL);
      }
      std::fputc(c, file);
    }
  }
  std::fclose(file);
  std::_Exit(0);
}

}  // namespace

TEST_CASE("killed at 100 random bytes, the file still ends up whole and exact") {
  ledger data(3000);
  scalekit_tests::temp_folder folder;
  const std::string out = folder / "out.csv";
  std::string expected;
  std::string id;
  {
    auto db = data.reader();
    expected = drain(*bulk::export_stream::open(*db, what()).value());
    auto store = bulk::sql_checkpoint_store::open(data.pool()).value();
    auto session = bulk::export_session::start(*db, *store, what()).value();
    id = session->id();
    csv::buffer chunk;
    REQUIRE(session->next(chunk).value());
    std::ofstream(out, std::ios::binary) << chunk.view().substr(0, 100);
  }
  data.insert(3001, 3100);

  testing::fixed_random random(7);
  int kills = 0;
  for (;;) {
    const std::uint64_t lifetime =
        kills < 100 ? random.below(expected.size() / 60) : ~std::uint64_t{0};
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) export_and_die(data.path(), out, id, lifetime);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) {
      CHECK(WEXITSTATUS(status) == 0);
      break;
    }
    REQUIRE(WTERMSIG(status) == SIGKILL);
    ++kills;
  }
  CHECK(kills >= 60);
  CHECK(contents(out) == expected);
}
