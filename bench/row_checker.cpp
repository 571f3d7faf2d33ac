// SPDX-License-Identifier: BSL-1.0
// Rows of seven columns, as the export benchmarks write them: read, and read and checked.
#include <scalekit/bulk/row_checker.hpp>
#include <scalekit/csv/reader.hpp>
#include <scalekit/timestamp.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

namespace bulk = scalekit::bulk;
namespace csv = scalekit::csv;
using type = bulk::field_type;

constexpr std::size_t row_count = 200'000;

std::string make_file() {
  std::mt19937 random(1);
  const std::vector<std::string> currencies{"USD", "EUR", "GBP", "JPY", "CHF", "IDR"};
  const std::vector<std::string> states{"settled", "pending", "failed", "refunded", "disputed"};
  std::string text = "id,account,amount,currency,status,description,created_at\n";
  for (std::size_t i = 1; i <= row_count; ++i) {
    const auto cents = random() % 10'000'000;
    const scalekit::system_time t{std::chrono::seconds(1'600'000'000 + random() % 100'000'000)};
    text += std::to_string(i) + ",ACC-" + std::to_string(100'000 + random() % 900'000) + "," +
            std::to_string(cents / 100) + "." + std::to_string(100 + cents % 100).substr(1) + "," +
            currencies[random() % currencies.size()] + "," + states[random() % states.size()] +
            (i % 8 == 0 ? ",\"Invoice, monthly #" : ",Invoice monthly #") +
            std::to_string(random() % (1U << 24)) + (i % 8 == 0 ? "\"," : ",") +
            scalekit::to_rfc3339(t) + "\n";
  }
  return text;
}

const std::string& file() {
  static const std::string text = make_file();
  return text;
}

std::shared_ptr<const bulk::import_schema> schema() {
  return std::make_shared<const bulk::import_schema>(bulk::import_schema{
      .columns = {
          {.name = "id", .type = type::integer, .required = true, .integer = {.minimum = 1}},
          {.name = "account", .required = true, .text = {.pattern = "ACC-[0-9]{6}"}},
          {.name = "amount", .type = type::decimal, .decimal = {.precision = 12, .minimum = "0"}},
          {.name = "currency", .text = {.pattern = "[A-Z]{3}"}},
          {.name = "status",
           .type = type::enumeration,
           .enumeration =
               {.words = {{"settled"}, {"pending"}, {"failed"}, {"refunded"}, {"disputed"}}}},
          {.name = "description", .text = {.max_length = 200}},
          {.name = "created_at", .type = type::timestamp}}});
}

template <class PerRow>
void read_file(benchmark::State& state, const PerRow& per_row) {
  csv::memory_source source(file());
  const auto in = csv::reader::open(source).value();
  std::size_t rows = 0;
  while (in->next().value()) {
    if (!per_row(in->row())) return state.SkipWithError("a bad row");
    ++rows;
  }
  if (rows != row_count) state.SkipWithError("not all rows were read");
}

void report(benchmark::State& state) {
  const auto runs = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(runs * static_cast<std::int64_t>(row_count));
  state.SetBytesProcessed(runs * static_cast<std::int64_t>(file().size()));
}

void parse_alone(benchmark::State& state) {
  for (auto _ : state) {
    read_file(state, [](const csv::record& r) {
      benchmark::DoNotOptimize(r.fields().data());
      return r.issues().empty();
    });
  }
  report(state);
}
BENCHMARK(parse_alone)->Unit(benchmark::kMillisecond);

void parse_and_check(benchmark::State& state) {
  // Of no header: the columns stand in the schema's order.
  const auto checker = bulk::row_checker::bind(schema(), {}).value();
  bulk::typed_row row;
  std::vector<bulk::row_error> errors;
  for (auto _ : state) {
    read_file(state, [&](const csv::record& r) { return checker.check(r, row, errors); });
  }
  report(state);
}
BENCHMARK(parse_and_check)->Unit(benchmark::kMillisecond);

/// The checks alone: one record, over and over.
void check_alone(benchmark::State& state) {
  csv::memory_source source(file());
  const auto in = csv::reader::open(source).value();
  const auto checker = bulk::row_checker::bind(schema(), in->header()).value();
  bulk::typed_row row;
  std::vector<bulk::row_error> errors;
  if (!in->next().value()) return state.SkipWithError("no rows");
  for (auto _ : state) {
    if (!checker.check(in->row(), row, errors)) return state.SkipWithError("a bad row");
    benchmark::DoNotOptimize(row.values().data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(check_alone);

}  // namespace

BENCHMARK_MAIN();
