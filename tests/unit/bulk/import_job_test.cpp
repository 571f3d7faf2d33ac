// SPDX-License-Identifier: BSL-1.0
#include "import_sqlite.hpp"
#include "recording_registry.hpp"

#include <scalekit/crypto/sha256.hpp>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

std::unique_ptr<bulk::import_job> start(
    payment_database& db, csv::input_file& file, bulk::import_options o = payment_import()
) {
  return bulk::import_job::start(db.pool(), file, std::move(o)).value();
}

}  // namespace

TEST_CASE("every row arrives, and arrives once") {
  payment_database db;
  const auto all = random_payments(3000, 1);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  recording_registry counted;
  bulk::import_options o = payment_import();
  o.digest = crypto::sha256_factory();
  o.metrics = &counted;
  auto job = start(db, file, o);
  CHECK(job->chunk_count() > 10);
  CHECK(db.table().empty());

  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(done.read == 3000);
  CHECK(done.inserted == 3000);
  CHECK(done.rejected == 0);
  CHECK(done.unprocessed == 0);
  CHECK(counted.sum("scalekit_import_rows_total") == 3000);
  CHECK(counted.sum("scalekit_import_batches_total") == static_cast<double>(job->stats().batches));
  CHECK(done.bytes == text.size() - payment_header.size());
  CHECK(db.table() == expected_dump(all));
  crypto::sha256 hash;
  hash.update(as_bytes(text));
  std::string hex;
  for (const std::byte b : hash.value()) {
    hex += "0123456789abcdef"[std::to_integer<int>(b >> 4)];
    hex += "0123456789abcdef"[std::to_integer<int>(b & std::byte{15})];
  }
  CHECK(done.file_sha256 == hex);

  SUBCASE("again: nothing to do") {
    const auto again = job->run().value();
    CHECK(again.inserted == 3000);
    CHECK(job->stats().batches > 0);
  }
  SUBCASE("a second import of the file changes nothing") {
    const auto second = start(db, file)->run().value();
    CHECK(second.unchanged == 3000);
    CHECK(second.inserted + second.updated == 0);
  }
  SUBCASE("a changed row is an update") {
    auto changed = all;
    changed[1234].amount = "0.01";
    const std::string other = to_file(changed);
    csv::memory_file second(other);
    const auto summary = start(db, second)->run().value();
    CHECK(summary.updated == 1);
    CHECK(summary.unchanged == 2999);
    CHECK(db.table() == expected_dump(changed));
  }
}

TEST_CASE("rejected rows come back byte for byte, and go in once they are corrected") {
  payment_database db;
  auto all = random_payments(200, 2);
  std::string text(payment_header);
  std::string bad(payment_header);
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string line = to_csv(all[i]);
    if (i % 20 == 3) {
      const std::string wrong = all[i].reference + ",x" + std::to_string(all[i].account) + "," +
                                all[i].amount + ",lost," + csv_quoted(all[i].note) + "\r\n";
      line = wrong;
      bad += line;
    }
    text += line;
  }
  csv::memory_file file(text);
  auto job = start(db, file);
  const auto done = job->run().value();
  CHECK(done.rejected == 10);
  CHECK(done.inserted == 190);
  CHECK(done.rejected_by_code.at("type.integer") == 10);
  CHECK(done.rejected_by_code.at("type.enumeration") == 10);
  CHECK(rejects_of(*job) == bad);

  const std::string errors = errors_of(*job);
  CHECK(errors.find("record,line,offset,column,value,code,message,suggestion") == 0);
  CHECK(errors.find(",account,") != std::string::npos);
  CHECK(errors.find("type.enumeration") != std::string::npos);

  std::string corrected(payment_header);
  for (std::size_t i = 3; i < all.size(); i += 20) corrected += to_csv(all[i]);
  csv::memory_file second(corrected);
  CHECK(start(db, second)->run().value().inserted == 10);
  CHECK(db.table() == expected_dump(all));
}

TEST_CASE("rows that the database refuses are found one by one, with its reason") {
  payment_database db;
  auto all = random_payments(500, 3);
  std::vector<payment> good;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 83 == 5) {
      all[i].account = 666;
    } else {
      good.push_back(all[i]);
    }
  }
  const std::string text = to_file(all);
  csv::memory_file file(text);
  auto job = start(db, file);
  const auto done = job->run().value();
  CHECK(done.rejected == 6);
  CHECK(done.rejected_by_code.at("database.constraint") == 6);
  CHECK(done.inserted == good.size());
  CHECK(db.table() == expected_dump(good));
  CHECK(errors_of(*job).find("CHECK constraint failed") != std::string::npos);
  CHECK(job->stats().bisected > 0);
}

TEST_CASE("a wrong header or a bad sample is refused before anything is written") {
  payment_database db;
  SUBCASE("header") {
    csv::memory_file file("reference,acount,amount,status,note\nR1,1,1.00,paid,\n");
    auto job = bulk::import_job::start(db.pool(), file, payment_import());
    REQUIRE_FALSE(job);
    CHECK(job.error().code() == errc::invalid_argument);
    CHECK(job.error().message().find("acount") != std::string::npos);
  }
  SUBCASE("sample") {
    csv::memory_file file("reference,account,amount,status,note\nR1,one,1.00,paid,\n");
    auto job = bulk::import_job::start(db.pool(), file, payment_import());
    REQUIRE_FALSE(job);
    CHECK(job.error().code() == errc::invalid_argument);
    CHECK(job.error().message().find("line 2") != std::string::npos);
  }
  SUBCASE("table") {
    csv::memory_file file("reference,account,amount,status,note\nR1,1,1.00,paid,\n");
    bulk::import_options o = payment_import();
    o.target.table = "paymnt";
    auto job = bulk::import_job::start(db.pool(), file, o);
    REQUIRE_FALSE(job);
    CHECK(job.error().message().find("paymnt") != std::string::npos);
  }
  auto rows = db.write();
  auto jobs = rows->query("SELECT count(*) FROM sqlite_master WHERE name = 'scalekit_import'");
  REQUIRE(jobs);
  CHECK(dump(*rows).empty());
}

TEST_CASE("an empty file, and one that ends in the header, are imports of nothing") {
  payment_database db;
  csv::memory_file file("reference,account,amount,status,note");
  auto job = start(db, file);
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::completed);
  CHECK(done.read == 0);
  CHECK(rejects_of(*job) == "reference,account,amount,status,note");
  csv::memory_file none("");
  CHECK_FALSE(bulk::import_job::start(db.pool(), none, payment_import()));
}

TEST_CASE("a limit on rejects ends the import, which says so and names what it has not read") {
  payment_database db;
  auto all = random_payments(2000, 4);
  std::string text(payment_header);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i >= 1000) all[i].account = 0;
    text += to_csv(all[i]);
  }
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  o.limits = {.max_rejected = 100, .sample_rows = 100};
  auto job = start(db, file, o);
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::too_many_rejected);
  CHECK(done.rejected > 100);
  CHECK(done.rejected <= 100 + 4 * o.batch_rows);
  CHECK(done.unprocessed > 0);
  const std::string rest = unprocessed_of(*job);
  CHECK(text.ends_with(rest.substr(payment_header.size())));
  CHECK(job->run().value().outcome == bulk::import_outcome::too_many_rejected);

  o.limits.max_rejected = 2000;
  auto more = bulk::import_job::resume(db.pool(), file, o, job->id()).value();
  const auto whole = more->run().value();
  CHECK(whole.outcome == bulk::import_outcome::completed);
  CHECK(whole.rejected == 1000);
  CHECK(whole.inserted == 1000);
}

TEST_CASE("a dry run says what a run does, and does nothing") {
  payment_database db;
  auto all = random_payments(400, 5);
  const std::string before = to_file({all.begin(), all.begin() + 100});
  csv::memory_file some(before);
  REQUIRE(start(db, some)->run().value().inserted == 100);
  for (std::size_t i = 50; i < 80; ++i) all[i].amount = "3.14";
  all[200].account = 666;
  all[300].status = "gone";
  all.push_back(all[7]);
  const std::string text = to_file(all);
  csv::memory_file file(text);
  const std::string table = db.table();

  bulk::import_options o = payment_import();
  o.mode = bulk::import_mode::dry_run;
  auto dry = start(db, file, o);
  const auto would = dry->run().value();
  CHECK(would.dry_run);
  CHECK(db.table() == table);
  o.mode = bulk::import_mode::write;
  auto wet = start(db, file, o);
  const auto did = wet->run().value();
  CHECK(would.inserted == did.inserted);
  CHECK(would.updated == did.updated);
  CHECK(would.unchanged == did.unchanged);
  CHECK(would.folded == did.folded);
  CHECK(would.rejected == 2);
  CHECK(would.rejected == did.rejected);
  CHECK(errors_of(*dry) == errors_of(*wet));
}

TEST_CASE("UTF-16 and Latin-1 files go in as UTF-8, and come back as they are") {
  const std::string ascii =
      "reference,account,amount,status,note\nA,1,1.00,paid,x\nB,no,1.00,paid,y\nC,3,1.00,paid,z\n";
  for (const bool big : {false, true}) {
    payment_database db;
    const auto wide = [big](std::string_view text) {
      std::string out;
      for (const char c : text) {
        const char low = c == 'x' ? '\xE9' : c;
        out += big ? '\0' : low;
        out += big ? low : '\0';
      }
      return out;
    };
    const std::string mark = big ? "\xFE\xFF" : "\xFF\xFE";
    const std::string text = mark + wide(ascii);
    csv::memory_file file(text);
    auto job = start(db, file);
    CHECK(job->run().value().inserted == 2);
    CHECK(db.table() == "A|1|1.00|paid|\xC3\xA9\nC|3|1.00|paid|z\n");
    CHECK(
        rejects_of(*job) == mark + wide("reference,account,amount,status,note\nB,no,1.00,paid,y\n")
    );
  }
  payment_database db;
  std::string text = ascii;
  text[text.find('x')] = '\xE9';
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  o.format.encoding = csv::text_encoding::latin1;
  CHECK(start(db, file, o)->run().value().inserted == 2);
  CHECK(db.table() == "A|1|1.00|paid|\xC3\xA9\nC|3|1.00|paid|z\n");
}

TEST_CASE("a limit that is passed in the last batch is passed all the same") {
  payment_database db;
  auto all = random_payments(40, 6);
  all[39].status = "lost";
  const std::string text = to_file(all);
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  o.limits = {.max_rejected = 0, .sample_rows = 10};
  auto job = start(db, file, o);
  const auto done = job->run().value();
  CHECK(done.outcome == bulk::import_outcome::too_many_rejected);
  CHECK(done.unprocessed == 0);
  CHECK(job->summary().value().outcome == bulk::import_outcome::too_many_rejected);
}

TEST_CASE("a job has the id it is given, once, and is found again") {
  payment_database db;
  const std::string text = to_file(random_payments(10, 7));
  csv::memory_file file(text, "upload.csv");
  bulk::import_options o = payment_import();
  o.id = "upload-17";
  CHECK(start(db, file, o)->id() == "upload-17");
  const auto twice = bulk::import_job::start(db.pool(), file, o);
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code() == errc::conflict);
  const auto jobs = bulk::import_job::list(db.pool()).value();
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].id == "upload-17");
  CHECK(jobs[0].name == "payments");
  CHECK(jobs[0].file == "upload.csv");
  CHECK_FALSE(jobs[0].cancelled);
  o.table_prefix = "9x_";
  CHECK(
      bulk::import_job::start(db.pool(), file, o).error().message().find("no digit first") !=
      std::string::npos
  );
}

TEST_CASE("children and parents go in together, whatever else is wrong with the batch") {
  payment_database db;
  db.write()
      ->execute_script(
          "CREATE TABLE node (id INTEGER PRIMARY KEY CHECK (id <> 13), parent INTEGER REFERENCES "
          "node (id))"
      )
      .value();
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(bulk::import_schema{
      .columns = {
          {.name = "id", .type = bulk::field_type::integer, .required = true},
          {.name = "parent", .type = bulk::field_type::integer}}});
  o.target = {.table = "node", .key = {"id"}};
  o.format.null_texts = {""};
  csv::memory_file file("id,parent\n1,5\n2,1\n13,1\n5,\n3,99\n4,2\n");
  auto job = start(db, file, o);
  const auto done = job->run().value();
  CHECK(done.inserted == 4);
  CHECK(rejects_of(*job) == "id,parent\n13,1\n3,99\n");
}
