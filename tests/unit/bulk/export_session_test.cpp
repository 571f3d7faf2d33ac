// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"

#include <scalekit/bulk/export_session.hpp>
#include <scalekit/bulk/memory_checkpoint_store.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/testing/fixed_random.hpp>
#include <scalekit/testing/manual_clock.hpp>

#include <string>

using namespace scalekit;
using scalekit_tests::all_entries;
using scalekit_tests::drain;
using scalekit_tests::ledger;

namespace {

struct bench {
  explicit bench(int rows) : data(rows), db(data.reader()) {
    what.bound_column = "id";
    what.name = "entries";
    options.time = &clock;
    options.random = &random;
  }

  std::unique_ptr<bulk::export_session> start() {
    return bulk::export_session::start(*db, store, what, options).value();
  }
  result<std::unique_ptr<bulk::export_session>> resume(
      const std::string& id, std::uint64_t offset
  ) {
    return bulk::export_session::resume(*db, store, what, id, offset, options);
  }

  ledger data;
  sql::pooled_connection db;
  bulk::memory_checkpoint_store store;
  testing::manual_clock clock;
  testing::fixed_random random;
  bulk::export_options what = all_entries();
  bulk::session_options options;
};

std::string sha256_hex(std::string_view text) {
  auto d = crypto::sha256_factory()();
  d->update(as_bytes(text));
  return to_hex(d->value());
}

}  // namespace

TEST_CASE("a session is the stream, with an id and totals") {
  bench b(100);
  auto session = b.start();
  CHECK(session->id().size() == 32);
  CHECK_FALSE(session->totals());
  const std::string all = drain(*session);
  CHECK(all == drain(*bulk::export_stream::open(*b.db, b.what).value()));
  REQUIRE(session->totals());
  CHECK(session->totals()->rows == 100);
  CHECK(session->totals()->bytes == all.size());
  CHECK(session->totals()->digest_hex == sha256_hex(all));
  CHECK(b.store.find(session->id(), b.clock.system_now()).value()->name == "entries");
}

TEST_CASE("at every byte, before and after the end was reached, a resume gives the rest") {
  bench b(60);
  b.what.chunk_bytes = 200;
  auto session = b.start();
  const std::string id = session->id();
  csv::buffer chunk;
  std::string seen;
  while (seen.size() < 900) {
    REQUIRE(session->next(chunk).value());
    seen += chunk.view();
  }
  session.reset();
  b.data.insert(61, 90);
  std::string all;
  for (std::size_t offset = 0; offset <= seen.size(); ++offset) {
    auto rest = b.resume(id, offset).value();
    CHECK(rest->first_byte() == offset);
    const std::string whole = seen.substr(0, offset) + drain(*rest);
    if (all.empty()) all = whole;
    REQUIRE(whole == all);
    REQUIRE(rest->totals()->digest_hex == sha256_hex(all));
  }
  for (const std::size_t offset : {all.size() - 1, all.size()}) {
    auto rest = b.resume(id, offset).value();
    REQUIRE(rest->totals());
    CHECK(drain(*rest) == all.substr(offset));
  }
}

TEST_CASE("rarer checkpoints still resume exactly") {
  bench b(300);
  b.options.checkpoint_every = 3500;
  auto session = b.start();
  const std::string id = session->id();
  const std::string all = drain(*session);
  for (std::size_t offset = 0; offset <= all.size(); offset += 97) {
    REQUIRE(drain(*b.resume(id, offset).value()) == all.substr(offset));
  }
}

TEST_CASE("a byte beyond what was produced is refused") {
  bench b(60);
  auto session = b.start();
  csv::buffer chunk;
  REQUIRE(session->next(chunk).value());
  const std::uint64_t produced = chunk.size();
  CHECK(b.resume(session->id(), produced));
  CHECK(b.resume(session->id(), produced + 1).error().code() == errc::invalid_argument);
  const std::string all = std::string(chunk.view()) + drain(*session);
  CHECK(b.resume(session->id(), all.size() + 1).error().code() == errc::invalid_argument);
}

TEST_CASE("an unknown or expired export is not found") {
  bench b(10);
  auto session = b.start();
  CHECK(b.resume("nonsense", 0).error().code() == errc::not_found);
  b.clock.advance(std::chrono::hours(24));
  CHECK(b.resume(session->id(), 0).error().code() == errc::not_found);
}

TEST_CASE("delivered rows that changed refuse the resume instead of splicing two files") {
  bench b(60);
  auto session = b.start();
  csv::buffer chunk;
  std::string seen;
  while (seen.size() < 2500) {
    REQUIRE(session->next(chunk).value());
    seen += chunk.view();
  }
  const std::string id = session->id();
  session.reset();
  const auto resume_after = [&](const char* change) {
    b.data.writer()->execute_script(change).value();
    // In the middle of the last chunk delivered: that chunk must be made again.
    return b.resume(id, seen.size() - 10);
  };
  auto longer = resume_after("UPDATE entry SET note = note || '!' WHERE id > 1");
  REQUIRE_FALSE(longer);
  CHECK(longer.error().code() == errc::conflict);
  auto same_length = resume_after(
      "UPDATE entry SET note = replace(note, '!', '') WHERE id > 1;"
      "UPDATE entry SET account = 9 - account"
  );
  REQUIRE_FALSE(same_length);
  CHECK(same_length.error().code() == errc::conflict);
  CHECK(resume_after("UPDATE entry SET account = 9 - account"));
}

TEST_CASE("a run in between cannot make two files of one export") {
  bench b(60);
  b.what.chunk_bytes = 200;
  auto first = b.start();
  csv::buffer chunk;
  std::string seen;
  while (seen.size() < 1200) {
    REQUIRE(first->next(chunk).value());
    seen += chunk.view();
  }
  const std::string id = first->id();
  first.reset();
  b.data.writer()->execute_script("UPDATE entry SET account = 9 WHERE id = 1").value();
  // Another client asks for the whole export: it must not get other bytes under the same id, nor
  // make the first client's next resume look right.
  auto other = b.resume(id, 0).value();
  result<bool> more = true;
  while ((more = other->next(chunk)) && *more) {
  }
  REQUIRE_FALSE(more);
  CHECK(more.error().code() == errc::conflict);
  CHECK(chunk.empty());
  auto rest = b.resume(id, seen.size() - 5).value();
  const std::string whole = seen + drain(*rest).substr(5);
  CHECK(rest->totals()->digest_hex == sha256_hex(whole));
}

TEST_CASE("a second run that comes to another end fails before its last bytes") {
  bench b(60);
  auto session = b.start();
  const std::string all = drain(*session);
  b.data.writer()->execute_script("UPDATE entry SET note = 'x' WHERE id = 60").value();
  auto again = b.resume(session->id(), 0).value();
  csv::buffer chunk;
  std::string seen;
  for (;;) {
    auto more = again->next(chunk);
    if (!more) {
      CHECK(more.error().code() == errc::conflict);
      break;
    }
    REQUIRE(*more);
    seen += chunk.view();
  }
  CHECK(seen.size() < all.size());
}

TEST_CASE("a session whose store fails hands out nothing unrecorded") {
  class failing final : public bulk::checkpoint_store {
   public:
    result<void> create(const bulk::export_record& r) override { return inner.create(r); }
    result<std::optional<bulk::export_record>> find(std::string_view id, system_time now) override {
      return inner.find(id, now);
    }
    result<void> append(std::string_view id, const bulk::checkpoint& c) override {
      if (appends++ == 2) return error(errc::unavailable, "store is down");
      return inner.append(id, c);
    }
    result<std::optional<bulk::checkpoint>> at_or_before(std::string_view id, std::uint64_t n)
        override {
      return inner.at_or_before(id, n);
    }
    result<std::optional<bulk::checkpoint>> after(std::string_view id, std::uint64_t n) override {
      return inner.after(id, n);
    }
    result<void> finish(std::string_view id, const bulk::export_totals& t) override {
      return inner.finish(id, t);
    }
    result<std::size_t> purge_expired(system_time now, std::size_t n) override {
      return inner.purge_expired(now, n);
    }
    bulk::memory_checkpoint_store inner;
    int appends = 0;
  };
  bench b(100);
  failing store;
  auto session = bulk::export_session::start(*b.db, store, b.what, b.options).value();
  csv::buffer chunk;
  std::uint64_t delivered = 0;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(session->next(chunk).value());
    delivered += chunk.size();
  }
  auto failed = session->next(chunk);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == errc::unavailable);
  CHECK(bulk::export_session::resume(*b.db, store, b.what, session->id(), delivered, b.options));
}

TEST_CASE("a lifetime that is not positive is refused") {
  bench b(1);
  b.options.lifetime = std::chrono::seconds(0);
  auto refused = bulk::export_session::start(*b.db, b.store, b.what, b.options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().find("lifetime") != std::string::npos);
}
