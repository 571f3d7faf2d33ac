// SPDX-License-Identifier: BSL-1.0
#include "import_file.hpp"

#include "measure.hpp"

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/csv/reader.hpp>
#include <scalekit/timestamp.hpp>

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <filesystem>

namespace bench {

using namespace scalekit;

namespace {

constexpr std::int64_t first_second = 1'704'067'200;  // 2024-01-01
constexpr std::int64_t seconds_a_year = 31'622'400;

constexpr std::array<std::string_view, 6> currencies{"USD", "EUR", "GBP", "JPY", "CHF", "IDR"};
constexpr std::array<std::string_view, 5> statuses{
    "settled", "pending", "failed", "refunded", "disputed"};
constexpr std::array<std::string_view, 20> words{
    "Coffee",  "invoice",   "transfer", "monthly", "subscription", "refund", "order",
    "payment", "ACME GmbH", "fee",      "Müller",  "online",       "store",  "ticket",
    "top-up",  "salary",    "rent",     "utility", "café",         "grocery"};

// The last step of SplitMix64 (Steele, Lea, Flood 2014). No two numbers give the same one.
std::uint64_t mixed(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// Started from the row: a row is the same however many there are.
class row_random {
 public:
  explicit row_random(std::uint64_t row) : state_(row << 20) {}
  std::uint64_t operator()() { return mixed(state_ += 0x9E3779B97F4A7C15ULL); }
  std::uint64_t below(std::uint64_t n) { return (*this)() % n; }
  template <std::size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& choices) {
    return choices[(*this)() % N];
  }

 private:
  std::uint64_t state_;
};

// 8 % hold a comma, 3 % quotes, 1 % a line end: all of these stand in quotes.
void describe(row_random& random, std::string& out) {
  const std::uint64_t kind = random.below(100);
  const std::uint64_t count = 3 + random.below(4);
  if (kind < 12) out += '"';
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool quoted = i == 1 && kind >= 8 && kind < 11;
    if (i != 0) out += i == 1 && kind < 8 ? ", " : i == 2 && kind == 11 ? "\n" : " ";
    out += quoted ? "\"\"" : "";
    out += random.one_of(words);
    out += quoted ? "\"\"" : "";
  }
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(" #{}"), random.below(1U << 24U));
  if (kind < 12) out += '"';
}

void append_row(std::string& out, std::uint64_t id, import_key key) {
  row_random random(id);
  const auto to = [&out] { return std::back_inserter(out); };
  if (key == import_key::integer) {
    fmt::format_to(to(), FMT_COMPILE("{}"), id);
  } else {
    fmt::format_to(to(), FMT_COMPILE("TX{:016x}"), mixed(id));
  }
  const std::uint64_t cents = random.below(random.below(2) == 0 ? 100'000 : 10'000'000);
  fmt::format_to(
      to(),
      FMT_COMPILE(",ACC-{:08},{}.{:02},{},{},"),
      random.below(2'000'000),
      cents / 100,
      cents % 100,
      random.one_of(currencies),
      random.one_of(statuses)
  );
  describe(random, out);
  const std::int64_t second = static_cast<std::int64_t>(id) * 63 / 5 % seconds_a_year;
  const auto t = to_civil(system_time(std::chrono::seconds(first_second + second)));
  fmt::format_to(
      to(),
      FMT_COMPILE(",{:04}-{:02}-{:02} {:02}:{:02}:{:02}\n"),
      t.year,
      t.month,
      t.day,
      t.hour,
      t.minute,
      t.second
  );
}

}  // namespace

import_key import_key_named(std::string_view name) {
  if (name == "integer") return import_key::integer;
  if (name == "text") return import_key::random_text;
  fail(fmt::format("unknown key {}: integer or text", name));
}

void write_import_file(const std::string& path, std::uint64_t rows, import_key key) {
  constexpr std::size_t piece = 1U << 20U;
  const std::string unfinished = path + ".part";
  std::ofstream file(unfinished, std::ios::binary);
  std::string out = "id,account,amount,currency,status,description,created_at\n";
  for (std::uint64_t id = 1; id <= rows; ++id) {
    append_row(out, id, key);
    if (out.size() < piece && id != rows) continue;
    file.write(out.data(), static_cast<std::streamsize>(out.size()));
    out.clear();
  }
  file.close();
  if (!file) fail(unfinished + ": cannot be written");
  std::filesystem::rename(unfinished, path);
}

std::shared_ptr<const bulk::import_schema> import_schema_of(import_key key) {
  using bulk::field_type;
  bulk::import_schema s;
  if (key == import_key::integer) {
    s.columns.push_back(
        {.name = "id", .type = field_type::integer, .required = true, .integer = {.minimum = 1}}
    );
  } else {
    s.columns.push_back({.name = "id", .required = true, .text = {.pattern = "TX[0-9a-f]{16}"}});
  }
  s.columns.push_back({.name = "account", .required = true, .text = {.pattern = "ACC-[0-9]{8}"}});
  s.columns.push_back(
      {.name = "amount",
       .type = field_type::decimal,
       .required = true,
       .decimal = {.precision = 14, .scale = 2, .minimum = "0"}}
  );
  s.columns.push_back({.name = "currency", .required = true, .text = {.pattern = "[A-Z]{3}"}});
  s.columns.push_back({.name = "status", .type = field_type::enumeration, .required = true});
  for (const std::string_view word : statuses) {
    s.columns.back().enumeration.words.push_back({std::string(word)});
  }
  s.columns.push_back({.name = "description", .text = {.max_length = 200}});
  s.columns.push_back(
      {.name = "created_at",
       .type = field_type::timestamp,
       .required = true,
       .timestamp = {.patterns = {"%Y-%m-%d %H:%M:%S"}, .zone = std::chrono::minutes(0)}}
  );
  return std::make_shared<const bulk::import_schema>(std::move(s));
}

parsed_import_file parse_import_file(const std::string& path) {
  parsed_import_file out;
  const auto file = must(csv::disk_file::open_path(path));
  const auto source = must(file->open(0));
  const auto reader = must(csv::reader::open(*source));
  // The fields are shorter than the file, so that nothing moves.
  out.text.reserve(std::filesystem::file_size(path));
  while (must(reader->next())) {
    for (const std::string_view field : reader->row().fields()) {
      const std::size_t at = out.text.size();
      out.text += field;
      out.fields.push_back(std::string_view(out.text).substr(at));
    }
  }
  return out;
}

}  // namespace bench
