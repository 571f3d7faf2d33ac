// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_IMPORT_FIXTURE_HPP
#define SCALEKIT_TESTS_SUPPORT_IMPORT_FIXTURE_HPP

#include <scalekit/bulk/import_job.hpp>
#include <scalekit/ports/sql.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scalekit_tests {

namespace sk = scalekit;

/// A table of payments with a natural key, the schema of its files, and files.
struct payment {
  std::string reference;
  std::int64_t account = 0;
  std::string amount;
  std::string status;
  std::string note;
};

inline const char* payment_table(sk::sql::dialect d) {
  switch (d) {
    case sk::sql::dialect::sqlite:
      return "CREATE TABLE payment (reference TEXT NOT NULL PRIMARY KEY, account INTEGER NOT NULL "
             "CHECK (account <> 666), amount TEXT NOT NULL, status TEXT NOT NULL, note TEXT)";
    case sk::sql::dialect::postgres:
      return "CREATE TABLE payment (reference VARCHAR(64) NOT NULL PRIMARY KEY, account BIGINT NOT "
             "NULL CHECK (account <> 666), amount NUMERIC(12,2) NOT NULL, status VARCHAR(16) NOT "
             "NULL, note TEXT)";
    default:
      return "CREATE TABLE payment (reference VARCHAR(64) CHARACTER SET utf8mb4 COLLATE "
             "utf8mb4_bin NOT NULL PRIMARY KEY, account BIGINT NOT NULL CHECK (account <> 666), "
             "amount DECIMAL(12,2) NOT NULL, status VARCHAR(16) NOT NULL, note TEXT) "
             "ENGINE=InnoDB CHARACTER SET utf8mb4";
  }
}

inline std::shared_ptr<const sk::bulk::import_schema> payment_schema() {
  using sk::bulk::field_type;
  return std::make_shared<sk::bulk::import_schema>(sk::bulk::import_schema{
      .columns =
          {{.name = "reference", .required = true, .text = {.max_length = 64}},
           {.name = "account",
            .type = field_type::integer,
            .required = true,
            .integer = {.minimum = 1}},
           {.name = "amount",
            .type = field_type::decimal,
            .required = true,
            .decimal = {.precision = 12, .scale = 2}},
           {.name = "status",
            .type = field_type::enumeration,
            .required = true,
            .enumeration = {.words = {{"paid"}, {"open"}}}},
           {.name = "note"}},
      .version = "1"});
}

inline sk::bulk::import_options payment_import() {
  sk::bulk::import_options o;
  o.name = "payments";
  o.schema = payment_schema();
  o.target = {.table = "payment", .key = {"reference"}};
  o.batch_rows = 50;
  o.chunk_bytes = 4096;
  return o;
}

inline std::string csv_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

inline constexpr std::string_view payment_header = "reference,account,amount,status,note\n";

inline std::string to_csv(const payment& p) {
  return p.reference + "," + std::to_string(p.account) + "," + p.amount + "," + p.status + "," +
         csv_quoted(p.note) + "\n";
}

/// `count` payments with references in random order; notes have commas, quotes, line ends.
inline std::vector<payment> random_payments(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<payment> all;
  for (int i = 0; i < count; ++i) {
    payment p;
    p.reference = "R" + std::to_string((static_cast<std::uint64_t>(i) * 7919U + seed) % 1'000'003U);
    p.account = 1 + static_cast<std::int64_t>(random() % 500);
    p.amount = std::to_string(random() % 100'000) + "." + std::to_string(10 + random() % 90);
    p.status = random() % 2 == 0 ? "paid" : "open";
    p.note = "note " + std::to_string(i);
    if (random() % 8 == 0) p.note += ", with a \"quote\"";
    if (random() % 16 == 0) p.note += "\nand a second line \xC3\xA9";
    all.push_back(std::move(p));
  }
  return all;
}

inline std::string to_file(const std::vector<payment>& all) {
  std::string text(payment_header);
  for (const payment& p : all) text += to_csv(p);
  return text;
}

/// The table as text, in order of its key.
inline std::string dump(sk::sql::connection& db) {
  auto rows =
      db.query("SELECT reference, account, amount, status, note FROM payment ORDER BY reference")
          .value();
  std::string text;
  while (rows->next().value()) {
    const auto row = rows->row();
    text += std::string(row[0].as_text()) + "|" + std::to_string(row[1].as_int64()) + "|" +
            std::string(row[2].as_text()) + "|" + std::string(row[3].as_text()) + "|" +
            std::string(row[4].as_text()) + "\n";
  }
  return text;
}

/// What \ref dump gives once the payments are in; of equal references the last counts.
inline std::string expected_dump(const std::vector<payment>& all) {
  std::map<std::string, const payment*> table;
  for (const payment& p : all) table[p.reference] = &p;
  std::string text;
  for (const auto& [reference, p] : table) {
    text += reference + "|" + std::to_string(p->account) + "|" + p->amount + "|" + p->status + "|" +
            p->note + "\n";
  }
  return text;
}

inline sk::bulk::import_job::sink into(std::string& out) {
  return [&out](std::string_view part) -> sk::result<void> {
    out += part;
    return {};
  };
}

inline std::string rejects_of(sk::bulk::import_job& job) {
  std::string text;
  job.write_rejects(into(text)).value();
  return text;
}
inline std::string errors_of(sk::bulk::import_job& job) {
  std::string text;
  job.write_errors(into(text)).value();
  return text;
}
inline std::string unprocessed_of(sk::bulk::import_job& job) {
  std::string text;
  job.write_unprocessed(into(text)).value();
  return text;
}

}  // namespace scalekit_tests

#endif
