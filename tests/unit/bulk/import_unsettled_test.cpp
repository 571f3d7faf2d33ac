// SPDX-License-Identifier: BSL-1.0
// A file that somebody writes to while it is imported, at every moment there is: what is imported
// is the file as it was, or as it became, or nothing, but never something of both.
#include "import_sqlite.hpp"

#include <algorithm>
#include <fstream>
#include <functional>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// A file in memory that calls a hook before each read, which may change it.
class live_file final : public csv::input_file {
 public:
  explicit live_file(std::string t) : text(std::move(t)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "live.csv"; }
  result<std::unique_ptr<csv::byte_source>> open(std::uint64_t offset) override {
    return std::unique_ptr<csv::byte_source>(new source(*this, offset));
  }
  [[nodiscard]] std::uint64_t stamp() const noexcept override { return stamped ? writes + 1 : 0; }

  void write(std::string t) {
    text = std::move(t);
    ++writes;
  }

  std::string text;
  std::uint64_t writes = 0;
  bool stamped = false;
  std::function<void()> before_read = [] {};

 private:
  class source final : public csv::byte_source {
   public:
    source(live_file& file, std::uint64_t at) : file_(file), at_(at) {}
    result<std::size_t> read(std::span<char> into) override {
      file_.before_read();
      const std::string_view all = file_.text;
      const auto rest = all.substr(std::min<std::size_t>(at_, all.size()));
      const std::size_t n = std::min({into.size(), rest.size(), std::size_t{1024}});
      std::copy_n(rest.begin(), n, into.begin());
      at_ += n;
      return n;
    }

   private:
    live_file& file_;
    std::uint64_t at_;
  };
};

std::string table_of(const std::string& text) {
  payment_database db;
  csv::memory_file file(text);
  REQUIRE(bulk::import_job::start(db.pool(), file, payment_import()).value()->run());
  return db.table();
}

std::vector<payment> payments() { return random_payments(60, 81); }

/// The same file with something done to it.
std::string edited(const std::string& text, int kind) {
  std::string other = text;
  switch (kind) {
    case 0:  // longer by rows
      return other + "Z1,1,1.00,paid,\"new\"\nZ2,2,2.00,open,\"new\"\n";
    case 1:  // shorter, in the midst of a row
      return other.substr(0, other.size() - 30);
    case 2:  // as long as before, with other values, and many equal keys
      std::ranges::replace_if(
          other, [](char c) { return c >= '0' && c <= '9'; }, '7'
      );
      return other;
    case 3:  // names of columns exchanged
      return "reference,note,amount,status,account\n" + other.substr(payment_header.size());
    case 4: {  // and the columns too
      std::string turned = "account,reference,amount,status,note\n";
      for (const payment& p : payments()) {
        turned += std::to_string(p.account) + "," + p.reference + "," + p.amount + "," + p.status +
                  "," + csv_quoted(p.note) + "\n";
      }
      return turned;
    }
    default:  // every boundary elsewhere
      return other.insert(payment_header.size(), "A1,1,1.00,paid,\"one\nmore\"\n");
  }
}

}  // namespace

TEST_CASE("a file that changes at any read is imported as one of the two, or refused") {
  const std::string before = to_file(payments());
  const std::string table_before = table_of(before);
  bulk::import_options o = payment_import();
  o.chunk_records = 16;
  payment_database db;
  int refused = 0;
  int imported = 0;
  for (int kind = 0; kind < 6; ++kind) {
    CAPTURE(kind);
    const std::string after = edited(before, kind);
    // The header of one and the rows of the other make no table at all.
    const std::string table_after = kind == 3 ? "" : table_of(after);
    for (const bool stamped : {false, true}) {
      CAPTURE(stamped);
      bool struck = true;
      for (int when = 0; struck; ++when) {
        CAPTURE(when);
        db.write()->execute_script("DELETE FROM payment").value();
        live_file file(before);
        file.stamped = stamped;
        struck = false;
        int reads = 0;
        file.before_read = [&] {
          if (reads++ != when) return;
          file.write(after);
          struck = true;
        };
        auto job = bulk::import_job::start(db.pool(), file, o);
        // Between two reads of one chunk only the stamp can tell.
        if (!stamped) file.before_read = [] {};
        auto done = job ? (*job)->run() : result<bulk::import_summary>(job.error());
        if (done) {
          ++imported;
          const std::string table = db.table();
          const bool one_of_them = table == table_before || table == table_after;
          CHECK(one_of_them);
        } else {
          ++refused;
          const errc code = done.error().code();
          const bool said_so = code == errc::conflict || code == errc::invalid_argument;
          CHECK_MESSAGE(said_so, done.error().describe());
        }
      }
    }
  }
  CHECK(refused > 100);
  CHECK(imported >= 10);
}

TEST_CASE("a file that changes and changes back is not imported by what was seen meanwhile") {
  const std::string before = to_file(payments());
  const std::string table_before = table_of(before);
  bulk::import_options o = payment_import();
  o.chunk_records = 16;
  payment_database db;
  for (int kind = 0; kind < 6; ++kind) {
    CAPTURE(kind);
    bool struck = true;
    for (int when = 1; struck; when += 2) {
      CAPTURE(when);
      db.write()->execute_script("DELETE FROM payment").value();
      live_file file(before);
      file.stamped = true;
      struck = false;
      int reads = 0;
      file.before_read = [&] {
        ++reads;
        if (reads == when) file.write(edited(before, kind));
        if (reads == when + 3) file.write(before);
        struck = struck || reads == when + 3;
      };
      auto job = bulk::import_job::start(db.pool(), file, o);
      auto done = job ? (*job)->run() : result<bulk::import_summary>(job.error());
      if (done) CHECK(db.table() == table_before);
      const bool refused = !done && (done.error().code() == errc::conflict ||
                                     done.error().code() == errc::invalid_argument);
      CHECK((done || refused));
    }
  }
}

TEST_CASE("what is put behind a last row without a line end does not become part of it") {
  payment_database db;
  live_file file("reference,account,amount,status,note\nA,1,1.00,paid,x\nB,2,2.00,open,9");
  auto job = bulk::import_job::start(db.pool(), file, payment_import()).value();
  file.write(file.text + "99\nC,3,3.00,paid,z\n");
  CHECK(job->run().value().inserted == 2);
  CHECK(db.table() == "A|1|1.00|paid|x\nB|2|2.00|open|9\n");
}

TEST_CASE("a file on disk that is written to is refused at once, and goes on once it is as it was"
) {
  temp_folder folder;
  const std::string path = folder / "payments.csv";
  const std::string text = to_file(random_payments(1000, 82));
  const auto put = [&](const std::string& what) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << what;
  };
  put(text);
  auto file = csv::disk_file::open_path(path).value();
  const std::uint64_t stamp = file->stamp();
  CHECK(stamp != 0);
  CHECK(stamp == csv::disk_file::open_path(path).value()->stamp());

  payment_database db;
  int rows = 0;
  bool armed = false;
  auto schema = *payment_schema();
  schema.rules.push_back(
      {.name = "append",
       .columns = {"reference"},
       .check = [&](bulk::typed_row&) -> std::optional<bulk::rule_failure> {
         if (armed && ++rows == 300) put(text + "Z,1,1.00,paid,\n");
         return {};
       }}
  );
  bulk::import_options o = payment_import();
  o.schema = std::make_shared<bulk::import_schema>(schema);
  auto job = bulk::import_job::start(db.pool(), *file, o).value();
  armed = true;
  const auto done = job->run();
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == errc::conflict);
  CHECK(done.error().message().find("somebody wrote to the file") != std::string::npos);
  CHECK(file->stamp() != stamp);
  put(text);
  CHECK(job->run().value().outcome == bulk::import_outcome::completed);
  CHECK(db.table() == table_of(text));
}
