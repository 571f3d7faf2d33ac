// SPDX-License-Identifier: BSL-1.0
// Files that are too much in one way or another: memory stays what it is, and what is good in them
// goes in. SCALEKIT_TORTURE makes them as large as they come.
#include "import_sqlite.hpp"
#include "torture.hpp"

#include <algorithm>
#include <sys/resource.h>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

/// A file of texts and of long runs of one character, which takes no memory.
class made_file final : public csv::input_file {
 public:
  struct part {
    std::string text = {};
    char filler = 'x';
    std::uint64_t count = 0;  ///< of fillers, behind the text
  };
  explicit made_file(std::vector<part> parts) : parts_(std::move(parts)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "made.csv"; }
  result<std::unique_ptr<csv::byte_source>> open(std::uint64_t offset) override {
    return std::unique_ptr<csv::byte_source>(new source(*this, offset));
  }

 private:
  class source final : public csv::byte_source {
   public:
    source(const made_file& file, std::uint64_t at) : file_(file), at_(at) {}
    result<std::size_t> read(std::span<char> into) override {
      std::uint64_t begin = 0;
      for (const part& p : file_.parts_) {
        const std::uint64_t fillers = begin + p.text.size();
        const std::uint64_t end = fillers + p.count;
        if (at_ < fillers) return copy(into, std::string_view(p.text).substr(at_ - begin));
        if (at_ < end) return fill(into, p.filler, end - at_);
        begin = end;
      }
      return std::size_t{0};
    }

   private:
    result<std::size_t> copy(std::span<char> into, std::string_view text) {
      const std::size_t n = std::min(into.size(), text.size());
      std::copy_n(text.begin(), n, into.begin());
      at_ += n;
      return n;
    }
    result<std::size_t> fill(std::span<char> into, char filler, std::uint64_t left) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left));
      std::fill_n(into.begin(), n, filler);
      at_ += n;
      return n;
    }
    const made_file& file_;
    std::uint64_t at_;
  };

  std::vector<part> parts_;
};

/// Fails if the process has come to need more than `mebibytes` beyond what it had.
class memory_bound {
 public:
  explicit memory_bound(long mebibytes) : most_(peak() + mebibytes * 1024) {}
  void check() const {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(peak() <= most_);
#endif
  }

 private:
  static long peak() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss;
  }
  long most_;
};

constexpr std::uint64_t mebibyte = 1024 * 1024;

std::string good_row(int i) {
  return "R" + std::to_string(i) + "," + std::to_string(i) + ",1.00,paid,good\n";
}

/// Where no report is wanted as a whole.
struct counting_sink {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
  std::string front;
  bulk::import_job::sink sink() {
    return [this](std::string_view part) -> result<void> {
      bytes += part.size();
      lines += static_cast<std::uint64_t>(std::ranges::count(part, '\n'));
      if (front.size() < 4096) front += part.substr(0, 4096 - front.size());
      return {};
    };
  }
};

}  // namespace

TEST_CASE("a field without an end in sight costs its row, and no memory") {
  const std::uint64_t size = is_torture() ? 1024 * mebibyte : 6 * mebibyte;
  struct expected {
    const char* code;
    std::size_t max_field;
    std::size_t max_record;
  };
  for (const auto& [code, max_field, max_record] :
       {expected{"csv.record_too_long", 64 * 1024, 256 * 1024},
        expected{"csv.field_too_long", 64 * 1024, 1 << 30}}) {
    CAPTURE(code);
    const bool held = max_record > mebibyte;
    const std::uint64_t length = held ? std::min<std::uint64_t>(size, 256 * mebibyte) : size;
    payment_database db;
    made_file file(
        {{.text = std::string(payment_header) + good_row(1) + "R2,2,1.00,paid,\"", .count = length},
         {.text = "\"\n" + good_row(3) + good_row(4)}}
    );
    bulk::import_options o = payment_import();
    o.format.max_field_bytes = max_field;
    o.format.max_record_bytes = max_record;
    const memory_bound bound(held ? static_cast<long>(6 * length / mebibyte) + 32 : 48);
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    const auto done = job->run().value();
    CHECK(done.outcome == bulk::import_outcome::completed);
    CHECK(done.inserted == 3);
    CHECK(done.rejected == 1);
    CHECK(done.rejected_by_code.at(code) == 1);
    counting_sink errors;
    REQUIRE(job->write_errors(errors.sink()));
    CHECK(errors.bytes < 1000);
    counting_sink rejects;
    REQUIRE(job->write_rejects(rejects.sink()));
    CHECK(rejects.bytes == payment_header.size() + 16 + length + 2);
    bound.check();
    CHECK(db.table() == "R1|1|1.00|paid|good\nR3|3|1.00|paid|good\nR4|4|1.00|paid|good\n");
  }
}

TEST_CASE("a quote that is never closed costs what stands behind it, and no memory") {
  const std::uint64_t lines = is_torture() ? 40'000'000 : 200'000;
  for (const std::uint64_t behind : {std::uint64_t{3}, lines}) {
    CAPTURE(behind);
    payment_database db;
    made_file file(
        {{.text =
              std::string(payment_header) + good_row(1) + good_row(2) + "R3,3,1.00,paid,\"oops\n",
          .filler = '\n',
          .count = behind},
         {.text = good_row(4) + good_row(5)}}
    );
    bulk::import_options o = payment_import();
    o.format.max_record_bytes = 128 * 1024;
    o.format.max_field_bytes = 64 * 1024;
    const memory_bound bound(48);
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    const auto done = job->run().value();
    CHECK(done.outcome == bulk::import_outcome::completed);
    CHECK(done.inserted == 2);
    CHECK(done.rejected == 1);
    const char* code = behind == 3 ? "csv.unterminated_quote" : "csv.record_too_long";
    CHECK(done.rejected_by_code.contains(code));
    counting_sink rejects;
    REQUIRE(job->write_rejects(rejects.sink()));
    const std::uint64_t rest = 21 + behind + good_row(4).size() + good_row(5).size();
    CHECK(rejects.bytes == payment_header.size() + rest);
    bound.check();
    CHECK(db.table() == "R1|1|1.00|paid|good\nR2|2|1.00|paid|good\n");
  }
}

TEST_CASE("ten thousand columns, of which five are wanted") {
  constexpr int columns = 10'000;
  const int rows = is_torture() ? 2000 : 12;
  const auto line = [](const std::string& five, int others, std::string_view what) {
    std::string text = five;
    for (int i = 5; i < others; ++i) {
      text += ',';
      text += what;
      if (what == "c") text += std::to_string(i);
    }
    return text + "\n";
  };
  std::string text = line("reference,account,amount,status,note", columns, "c");
  std::string bad = text;
  for (int i = 1; i <= rows; ++i) {
    const std::string five = "R" + std::to_string(i) + "," + std::to_string(i) + ",1.00,paid,good";
    const int width = i % 6 == 0 ? columns + 1 : (i % 6 == 1 ? columns - 1 : columns);
    const std::string one = line(five, width, "7");
    text += one;
    if (width != columns) bad += one;
  }
  payment_database db;
  csv::memory_file file(text);
  bulk::import_options o = payment_import();
  auto schema = *payment_schema();
  schema.unknown_columns = bulk::unknown_columns::ignore;
  o.schema = std::make_shared<bulk::import_schema>(schema);
  o.limits.sample_rows = 2;
  auto job = bulk::import_job::start(db.pool(), file, o).value();
  const auto done = job->run().value();
  CHECK(done.read == static_cast<std::uint64_t>(rows));
  CHECK(done.inserted + done.rejected == done.read);
  CHECK(rejects_of(*job) == bad);
  CHECK(errors_of(*job).size() < 300 * done.rejected + 100);
}

TEST_CASE("a file of which every row is bad") {
  const int rows = is_torture() ? 1'000'000 : 6000;
  payment_database db;
  std::string text(payment_header);
  for (int i = 0; i < rows; ++i) text += "R" + std::to_string(i) + ",none,1.00,lost,\"a note\"\n";
  const auto count = static_cast<std::uint64_t>(rows);
  csv::memory_file file(text);
  const memory_bound bound(160);
  bulk::import_options o = payment_import();
  o.batch_rows = 1000;

  SUBCASE("is refused before anything is written") {
    auto job = bulk::import_job::start(db.pool(), file, o);
    REQUIRE_FALSE(job);
    CHECK(job.error().message().find("1000 of the first 1000 rows are bad") != std::string::npos);
    CHECK(job.error().message().size() < 500);
    CHECK(bulk::import_job::list(db.pool()).value().empty());
  }
  SUBCASE("ends at the limit where none is looked at before") {
    o.limits = {.max_rejected = 500, .sample_rows = 0};
    o.batch_rows = 100;
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    const auto done = job->run().value();
    CHECK(done.outcome == bulk::import_outcome::too_many_rejected);
    CHECK(done.rejected > 500);
    CHECK(done.rejected <= 500 + 400);
    CHECK(done.unprocessed == count - done.read);
    counting_sink rest;
    REQUIRE(job->write_unprocessed(rest.sink()));
    CHECK(rest.lines == 1 + count - done.read);
  }
  SUBCASE("is read to its end where nobody minds") {
    o.limits.sample_rows = 0;
    auto job = bulk::import_job::start(db.pool(), file, o).value();
    const auto done = job->run().value();
    CHECK(done.outcome == bulk::import_outcome::completed);
    CHECK(done.rejected == count);
    CHECK(done.rejected_by_code.at("type.integer") == count);
    CHECK(done.rejected_by_code.at("type.enumeration") == count);
    counting_sink rejects;
    REQUIRE(job->write_rejects(rejects.sink()));
    CHECK(rejects.bytes == text.size());
    counting_sink errors;
    REQUIRE(job->write_errors(errors.sink()));
    CHECK(errors.lines == 1 + 2 * count);
    CHECK(errors.bytes < 500 * count);
  }
  bound.check();
  CHECK(db.table().empty());
}
