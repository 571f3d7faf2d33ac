// SPDX-License-Identifier: BSL-1.0
#include "faulty_pool.hpp"
#include "import_sqlite.hpp"
#include "worker_pool.hpp"

#include <scalekit/bulk/row_checker.hpp>

#include <algorithm>
#include <optional>
#include <random>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// Payments of which each reference occurs about three times, far apart.
std::vector<payment> with_duplicates(unsigned seed) {
  std::vector<payment> all = random_payments(1500, seed);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].reference = "D" + std::to_string(i * 7 % 500);
  }
  return all;
}

std::vector<payment> winners(const std::vector<payment>& all, sql::duplicate_policy policy) {
  std::vector<payment> kept;
  for (const payment& p : all) {
    const auto same = std::ranges::find(kept, p.reference, &payment::reference);
    if (same == kept.end()) {
      kept.push_back(p);
    } else if (policy == sql::duplicate_policy::last_wins) {
      *same = p;
    }
  }
  return kept;
}

}  // namespace

TEST_CASE("of equal keys the one counts that the policy says, in any order and number of writers") {
  worker_pool workers(3);
  const auto all = with_duplicates(6);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  for (const auto policy : {sql::duplicate_policy::last_wins, sql::duplicate_policy::first_wins}) {
    for (const std::size_t writers : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
      CAPTURE(writers);
      payment_database db;
      bulk::import_options o = payment_import();
      o.duplicates = policy;
      o.writers = std::max<std::size_t>(writers, 1);
      if (writers > 0) o.executor = workers.executor();
      auto job = bulk::import_job::start(db.pool(), file, o).value();
      const auto done = job->run().value();
      CHECK(done.outcome == bulk::import_outcome::completed);
      CHECK(done.read == 1500);
      CHECK(db.table() == expected_dump(winners(all, policy)));
      CHECK(done.inserted + done.updated + done.unchanged + done.folded == 1500);
      CHECK(done.inserted == 500);
      CHECK(done.folded == 1000);
    }
  }
}

TEST_CASE("rejected duplicates name the line of the row that counts") {
  payment_database db;
  csv::memory_file file(
      "reference,account,amount,status,note\n"
      "A,1,1.00,paid,\"two\nlines\"\n"
      "B,2,1.00,paid,\n"
      "A,3,1.00,paid,\n"
      "B,x,1.00,paid,\n"
      "B,4,1.00,paid,\n"
  );
  bulk::import_options o = payment_import();
  o.duplicates = sql::duplicate_policy::reject;
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto done = job->run().value();
  CHECK(done.inserted == 2);
  CHECK(done.rejected_by_code.at("rule.duplicate_key") == 2);
  CHECK(done.rejected_by_code.at("type.integer") == 1);
  const std::string errors = errors_of(*job);
  CHECK(errors.find("line 2 has the same key") != std::string::npos);
  CHECK(errors.find("line 4 has the same key") != std::string::npos);
  CHECK(
      rejects_of(*job) ==
      "reference,account,amount,status,note\nA,3,1.00,paid,\nB,x,1.00,paid,\nB,4,1.00,paid,\n"
  );
}

TEST_CASE("a row that breaks a rule holds no key") {
  payment_database db;
  csv::memory_file file(
      "reference,account,amount,status,note\nA,x,1.00,paid,\nA,2,1.00,paid,\nA,0,1.00,paid,\n"
  );
  bulk::import_options o = payment_import();
  o.duplicates = sql::duplicate_policy::reject;
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  CHECK(job->run().value().inserted == 1);
  CHECK(db.table() == "A|2|1.00|paid|\n");
}

TEST_CASE("a unique column is unique in the file, NULL apart") {
  payment_database db;
  auto schema = *payment_schema();
  schema.columns[4].unique = true;
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(schema);
  o.format.null_texts = {""};
  csv::memory_file file(
      "reference,account,amount,status,note\n"
      "A,1,1.00,paid,x\nB,1,1.00,paid,\nC,1,1.00,paid,\nD,1,1.00,paid,x\nE,1,1.00,paid,y\n"
  );
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto done = job->run().value();
  CHECK(done.inserted == 4);
  CHECK(done.rejected_by_code.at("rule.unique") == 1);
  const std::string errors = errors_of(*job);
  CHECK(errors.find("5,5,") != std::string::npos);
  CHECK(errors.find(",note,x,rule.unique,line 2 has the same value") != std::string::npos);
}

TEST_CASE("zero is zero, whatever its sign") {
  payment_database db;
  auto schema = *payment_schema();
  schema.columns[4].type = bulk::field_type::float64;
  schema.columns[4].unique = true;
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(schema);
  csv::memory_file file(
      "reference,account,amount,status,note\nA,1,1.00,paid,0\nB,1,1.00,paid,-0\n"
  );
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto done = job->run().value();
  CHECK(done.inserted == 1);
  CHECK(done.rejected_by_code.at("rule.unique") == 1);
}

TEST_CASE("more keys than the memory holds are found in several readings") {
  payment_database db;
  std::vector<payment> all = random_payments(60'000, 8);
  for (std::size_t i = 0; i < 30'000; ++i) all[30'000 + i].reference = all[i].reference;
  const std::string text = to_file(all);
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  o.duplicates = sql::duplicate_policy::first_wins;
  o.duplicate_memory = std::size_t{1024} * 1024;  // 49,152 keys at a time, 12,288 that come again
  o.batch_rows = 5000;
  o.chunk_bytes = 1 << 20;
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto done = job->run().value();
  CHECK(done.inserted == 30'000);
  CHECK(done.folded == 30'000);
  all.resize(30'000);
  CHECK(db.table() == expected_dump(all));
}

TEST_CASE("keys in order are compared too, up to the last row that breaks it") {
  const std::string head = "reference,account,amount,status,note\n";
  const auto line = [](int number, const char* note) {
    return "K" + std::to_string(number) + ",1,1.00,paid," + note + "\n";
  };
  for (const bool falls : {false, true}) {
    std::string rows;
    for (int i = 100; i < 400; ++i) rows += line(falls ? 499 - i : i, "once");
    for (const int again : {100, 250, 399}) {
      for (const auto policy :
           {sql::duplicate_policy::last_wins, sql::duplicate_policy::first_wins}) {
        CAPTURE(falls);
        CAPTURE(again);
        payment_database db;
        bulk::import_options o = payment_import();
        o.duplicates = policy;
        const std::string text = head + rows + line(again, "again");
        csv::memory_file file(text);
        auto job = bulk::import_job::start(db.pool(), file, o).value();
        const auto done = job->run().value();
        CHECK(done.inserted == 300);
        CHECK(done.folded == 1);
        const std::string row = "K" + std::to_string(again) + "|1|1.00|paid|";
        const bool last = policy == sql::duplicate_policy::last_wins;
        CHECK(db.table().find(row + (last ? "again" : "once")) != std::string::npos);
      }
    }
  }
}

TEST_CASE("of rows with one key the good ones count, whichever they are: a model says which") {
  for (const bool with_rules : {false, true}) {
    for (const unsigned seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
      CAPTURE(with_rules);
      CAPTURE(seed);
      const auto policy =
          seed % 2 == 0 ? sql::duplicate_policy::last_wins : sql::duplicate_policy::first_wins;
      std::vector<payment> all = random_payments(400, seed);
      std::mt19937 random(seed);
      std::vector<payment> good;
      for (payment& p : all) {
        p.reference = "M" + std::to_string(random() % 250);
        if (random() % 3 == 0) p.account = -1;  // below the minimum
        if (p.account > 0) good.push_back(p);
      }
      bulk::import_options o = payment_import();
      o.duplicates = policy;
      if (with_rules) {
        auto schema = *payment_schema();
        // What a rule makes of a key is the key.
        schema.rules = {
            {.name = "fold",
             .columns = {"reference"},
             .check = [](bulk::typed_row& row) -> std::optional<bulk::rule_failure> {
               row.set(0, "F" + std::string(row[0].as_text().substr(0, 2)));
               return std::nullopt;
             }}};
        for (payment& p : good) p.reference = "F" + p.reference.substr(0, 2);
        o.schema = std::make_shared<bulk::import_schema>(schema);
      }
      payment_database db;
      const std::string text = to_file(all);
      csv::memory_file file(text);
      const auto done = bulk::import_job::start(db.pool(), file, o).value()->run().value();
      const auto kept = winners(good, policy);
      CHECK(db.table() == expected_dump(kept));
      CHECK(done.inserted == kept.size());
      CHECK(done.folded == good.size() - kept.size());
      CHECK(done.rejected == all.size() - good.size());
    }
  }
}

TEST_CASE("who is kept does not depend on the size of a batch where an update changes nothing") {
  for (const std::size_t rows : {std::size_t{1}, std::size_t{100}}) {
    payment_database db;
    csv::memory_file file(
        "reference,account,amount,status,note\nA,1,1.00,paid,first\nA,1,1.00,paid,last\n"
    );
    bulk::import_options o = payment_import();
    o.target.on_conflict = sql::on_conflict::do_nothing;
    o.batch_rows = rows;
    CHECK(bulk::import_job::start(db.pool(), file, o).value()->run());
    CHECK(db.table() == "A|1|1.00|paid|last\n");
  }
}

TEST_CASE("a chunk that is taken up in its midst knows the equal keys behind it") {
  const std::string header = "reference,account,amount,status,note\n";
  const std::string lost = "A,3,1.00,paid,\n";
  const std::string text = header + "A,1,1.00,paid,\nA,2,1.00,paid,\nB,1,1.00,paid,\n" + lost;
  csv::memory_file file(text);
  for (const auto policy : {sql::duplicate_policy::first_wins, sql::duplicate_policy::reject}) {
    payment_database db;
    faulty_pool pool(db.path());
    bulk::import_options o = payment_import();
    o.duplicates = policy;
    o.batch_rows = 1;
    auto job = bulk::import_job::start(pool, file, o).value();
    REQUIRE(job->chunk_count() == 1);
    // The first equal key is behind us by then, the second is not.
    pool.faulty.inject(
        {.at = testing::sql_call::commit,
         .what = error(errc::data_corrupted, "injected"),
         .skip = 2}
    );
    REQUIRE_FALSE(job->run());
    REQUIRE(job->summary().value().read == 3);
    const auto done = job->run().value();
    CHECK(done.inserted == 2);
    CHECK(done.folded + done.rejected == 2);
    CHECK(db.table() == "A|1|1.00|paid|\nB|1|1.00|paid|\n");
    CHECK(rejects_of(*job).ends_with(policy == sql::duplicate_policy::reject ? lost : header));
  }
}
