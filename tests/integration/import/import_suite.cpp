// SPDX-License-Identifier: BSL-1.0
#include "import_suite.hpp"

#include "import_fixture.hpp"
#include "tcp_proxy.hpp"
#include "worker_pool.hpp"

#include <scalekit/testing/fault_injection.hpp>

#include <algorithm>
#include <functional>
#include <list>
#include <random>
#include <thread>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// Payments of which some are bad by rule and some by constraint.
std::vector<payment> mixed_payments(int rows, unsigned seed) {
  auto all = random_payments(rows, seed);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 37 == 11) all[i].status = "lost";
    if (i % 401 == 50) all[i].account = 666;
  }
  return all;
}

std::vector<payment> good_ones(std::vector<payment> all) {
  std::erase_if(all, [](const payment& p) { return p.status == "lost" || p.account == 666; });
  return all;
}

sql::pool& pool_of_the_server() {
  static const std::unique_ptr<sql::pool> pool = open_pool(the_server().port());
  return *pool;
}

void empty_table(sql::pool& pool) {
  auto db = pool.acquire(sql::access::write).value();
  db->execute_script("DROP TABLE IF EXISTS payment").value();
  db->execute_script(payment_table(db->dialect())).value();
}

std::string table(sql::pool& pool) { return dump(*pool.acquire(sql::access::read).value()); }

/// Lends another pool's connections, and calls a hook before each commit of theirs.
class hooked_pool final : public sql::pool {
 public:
  hooked_pool(sql::pool& inner, std::function<void()> before_commit)
      : inner_(inner), hook_(std::move(before_commit)) {}
  result<sql::pooled_connection> acquire(sql::access kind) override {
    auto real = inner_.acquire(kind);
    if (!real) return real.error();
    const auto each = [this](std::string_view) {
      hook_();
      return false;
    };
    loan& l = loans_.emplace_back(*std::move(real));
    l.hooked.inject({.at = testing::sql_call::commit, .matches = each});
    return sql::pooled_connection(*this, &l.hooked, kind);
  }

 private:
  struct loan {
    explicit loan(sql::pooled_connection c) : real(std::move(c)), hooked(*real) {}
    sql::pooled_connection real;
    testing::faulty_connection hooked;
  };
  void give_back(sql::connection* c, sql::access) noexcept override {
    loans_.remove_if([c](const loan& l) { return &l.hooked == c; });
  }
  sql::pool& inner_;
  std::function<void()> hook_;
  std::list<loan> loans_;
};

bulk::import_options parallel(worker_pool& workers, std::size_t writers) {
  bulk::import_options o = payment_import();
  o.batch_rows = 200;
  o.chunk_bytes = 16 * 1024;
  o.writers = writers;
  o.executor = workers.executor();
  return o;
}

}  // namespace

TEST_CASE("rows go in, bad ones come back with the server's reason, again changes nothing") {
  sql::pool& pool = pool_of_the_server();
  empty_table(pool);
  const auto all = mixed_payments(3000, 51);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  o.batch_rows = 500;
  o.chunk_bytes = 64 * 1024;
  auto job = bulk::import_job::start(pool, file, o).value();
  const auto done = job->run().value();
  const auto good = good_ones(all);
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(done.inserted == good.size());
  CHECK(done.rejected_by_code.at("database.constraint") == 8);
  CHECK(table(pool) == expected_dump(good));
  const std::string errors = errors_of(*job);
  CHECK(errors.find("constraint") != std::string::npos);

  auto second = bulk::import_job::start(pool, file, o).value();
  CHECK(second->run().value().unchanged == good.size());

  auto changed = good;
  for (std::size_t i = 0; i < 10; ++i) changed[i * 100].note = "changed";
  const std::string other = to_file(changed);
  csv::memory_file next(other);
  o.mode = bulk::import_mode::dry_run;
  const auto would = bulk::import_job::start(pool, next, o).value()->run().value();
  CHECK(would.updated == 10);
  CHECK(table(pool) == expected_dump(good));
  o.mode = bulk::import_mode::write;
  const auto did = bulk::import_job::start(pool, next, o).value()->run().value();
  CHECK(did.updated == 10);
  CHECK(table(pool) == expected_dump(changed));
}

TEST_CASE("four writers leave what one leaves") {
  sql::pool& pool = pool_of_the_server();
  empty_table(pool);
  auto all = mixed_payments(4000, 52);
  for (std::size_t i = 3000; i < 4000; ++i) all[i].reference = all[i - 2500].reference;
  const std::string text = to_file(all);
  csv::memory_file file(text);
  worker_pool workers(4);
  auto job = bulk::import_job::start(pool, file, parallel(workers, 4)).value();
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(job->stats().given_up == 0);
  // Which of two rows counts is settled among those that break no rule; the server's refusals come
  // later, so only the files' own winners are compared.
  std::map<std::string, payment> winners;
  for (const payment& p : all) {
    if (p.status != "lost") winners.insert_or_assign(p.reference, p);
  }
  std::vector<payment> kept;
  for (const auto& [reference, p] : winners) {
    if (p.account != 666) kept.push_back(p);
  }
  CHECK(table(pool) == expected_dump(kept));
  CHECK(done.folded > 0);
}

TEST_CASE("writers that deadlock with others lose no row and give up no batch") {
  sql::pool& pool = pool_of_the_server();
  empty_table(pool);
  const auto all = random_payments(2000, 53);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  worker_pool workers(4);
  REQUIRE(bulk::import_job::start(pool, file, parallel(workers, 4)).value()->run());

  // Somebody who updates the same rows in no order at all, as applications do.
  std::atomic<bool> over = false;
  std::atomic<int> rival_deadlocks = 0;
  std::thread rival([&] {
    std::mt19937 random(9);
    while (!over) {
      auto db = pool.acquire(sql::access::write).value();
      const std::string update =
          db->dialect() == sql::dialect::postgres
              ? "UPDATE payment SET account = account + 1 WHERE reference = $1"
              : "UPDATE payment SET account = account + 1 WHERE reference = ?";
      if (!db->begin({})) continue;
      for (int i = 0; i < 20; ++i) {
        if (!db->execute(update, {all[random() % all.size()].reference})) {
          ++rival_deadlocks;
          break;
        }
      }
      if (db->in_transaction()) static_cast<void>(db->rollback());
    }
  });
  std::uint64_t batches = 0;
  std::uint64_t contended = 0;
  std::uint64_t given_up = 0;
  for (int round = 0; round < 6; ++round) {
    auto changed = all;
    for (payment& p : changed) p.note = "round " + std::to_string(round);
    const std::string next = to_file(changed);
    csv::memory_file again(next);
    auto job = bulk::import_job::start(pool, again, parallel(workers, 4)).value();
    const auto done = job->run();
    CHECK(done);
    if (done) CHECK(done->updated == all.size());
    const auto stats = job->stats();
    batches += stats.batches;
    contended += stats.contended;
    given_up += stats.given_up;
  }
  over = true;
  rival.join();
  auto expected = all;
  for (payment& p : expected) p.note = "round 5";
  CHECK(table(pool) == expected_dump(expected));
  CHECK(given_up == 0);
  MESSAGE(
      batches << " batches, " << contended << " deadlocks met, " << rival_deadlocks.load()
              << " of the rival's"
  );
}

TEST_CASE("connections cut anywhere, around commits too, cost nothing but time") {
  sql::pool& direct = pool_of_the_server();
  const auto all = mixed_payments(1500, 54);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  std::mt19937 random(11);
  std::uint64_t outages = 0;
  std::uint64_t in_doubt = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    empty_table(direct);
    tcp_proxy proxy(the_server().port());
    const auto pool = open_pool(proxy.port());
    bulk::import_options o = payment_import();
    o.batch_rows = 200;
    auto job = bulk::import_job::start(*pool, file, o).value();
    const auto way = round % 2 == 0 ? direction::request : direction::reply;
    proxy.cut_after(way, random() % (way == direction::request ? 100'000 : 3'000));
    const auto done = job->run().value();
    CHECK(done.outcome == bulk::import_outcome::completed);
    CHECK(done.inserted == good_ones(all).size());
    CHECK(table(direct) == expected_dump(good_ones(all)));
    outages += job->stats().outages;
    in_doubt += job->stats().in_doubt;
  }
  CHECK(outages >= 4);
  MESSAGE(outages << " outages, " << in_doubt << " commits in doubt");
}

TEST_CASE("a commit whose request or whose answer is lost is settled by its checkpoint") {
  sql::pool& direct = pool_of_the_server();
  const auto all = mixed_payments(1500, 56);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  for (const direction way : {direction::request, direction::reply}) {
    empty_table(direct);
    tcp_proxy proxy(the_server().port());
    const auto through_proxy = open_pool(proxy.port());
    int commits = 0;
    hooked_pool pool(*through_proxy, [&] {
      // The first is that of the job itself.
      if (++commits % 4 == 3) proxy.cut_after(way, 0);
    });
    bulk::import_options o = payment_import();
    o.batch_rows = 200;
    o.chunk_bytes = 1 << 20;
    auto job = bulk::import_job::start(pool, file, o).value();
    const auto done = job->run().value();
    CHECK(done.outcome == bulk::import_outcome::completed);
    CHECK(done.inserted == good_ones(all).size());
    CHECK(job->stats().in_doubt >= 2);
    CHECK(table(direct) == expected_dump(good_ones(all)));
  }
}

TEST_CASE("a constraint that is checked at the commit costs the rows that break it") {
  sql::pool& pool = pool_of_the_server();
  {
    auto db = pool.acquire(sql::access::write).value();
    if (db->dialect() != sql::dialect::postgres) return;  // the others have no such constraints
    db->execute_script(
          "DROP TABLE IF EXISTS node; CREATE TABLE node (id BIGINT PRIMARY KEY, parent BIGINT "
          "REFERENCES node (id) DEFERRABLE INITIALLY DEFERRED)"
    )
        .value();
  }
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(bulk::import_schema{
      .columns = {
          {.name = "id", .type = bulk::field_type::integer, .required = true},
          {.name = "parent", .type = bulk::field_type::integer}}});
  o.target = {.table = "node", .key = {"id"}};
  o.format.null_texts = {""};
  std::string text = "id,parent\n";
  for (int i = 1; i <= 30; ++i) text += std::to_string(i) + "," + std::to_string(i + 1) + "\n";
  text += "31,\n98,99\n97,98\n";
  csv::memory_file file(text);
  auto job = bulk::import_job::start(pool, file, o).value();
  const auto done = job->run().value();
  CHECK(done.inserted == 31);
  CHECK(done.rejected_by_code.at("database.constraint") == 2);
  CHECK(rejects_of(*job) == "id,parent\n98,99\n97,98\n");
}

TEST_CASE("a server that dies in the midst and comes back is waited for") {
  sql::pool& pool = pool_of_the_server();
  empty_table(pool);
  const auto all = mixed_payments(2000, 55);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  bool running = false;
  int rows = 0;
  auto schema = *payment_schema();
  schema.rules.push_back(
      {.name = "crash",
       .columns = {"reference"},
       .check = [&](bulk::typed_row&) -> std::optional<bulk::rule_failure> {
         if (!running) return {};
         if (++rows == 900) the_server().crash();
         if (rows == 910) the_server().start();
         return {};
       }}
  );
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(schema);
  o.batch_rows = 300;
  o.chunk_bytes = 1 << 20;
  // A batch is read, and the server is gone and back, while the batch before it is written.
  worker_pool workers(1);
  o.executor = workers.executor();
  auto job = bulk::import_job::start(pool, file, o).value();
  running = true;
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(done.inserted == good_ones(all).size());
  CHECK(job->stats().outages >= 1);
  CHECK(table(pool) == expected_dump(good_ones(all)));
}

TEST_CASE("a server that dies with a batch written and not committed is given it again") {
  // The server of the test before has gone with the thread that started it.
  the_server().restart();
  const auto own = open_pool(the_server().port());
  sql::pool& direct = *own;
  empty_table(direct);
  const auto all = mixed_payments(1500, 57);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  int commits = 0;
  hooked_pool pool(direct, [&] {
    // The first is that of the job itself.
    if (++commits != 4) return;
    the_server().crash();
    the_server().start();
  });
  bulk::import_options o = payment_import();
  o.batch_rows = 200;
  o.chunk_bytes = 1 << 20;
  auto job = bulk::import_job::start(pool, file, o).value();
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(done.inserted == good_ones(all).size());
  CHECK(job->stats().outages + job->stats().in_doubt >= 1);
  CHECK(table(direct) == expected_dump(good_ones(all)));
}
