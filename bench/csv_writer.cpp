// SPDX-License-Identifier: BSL-1.0
// Rows in memory to CSV bytes in a reused 256 KiB buffer: ours, what a careful hand-written loop
// gets with fmt or an ostream, and a bare copy of the same bytes as the limit.
#include <scalekit/csv/encoder.hpp>
#include <scalekit/timestamp.hpp>

#include <benchmark/benchmark.h>
#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace csv = scalekit::csv;
namespace sql = scalekit::sql;

constexpr std::size_t row_count = 200'000;
constexpr std::size_t flush_size = 256 * 1024;

struct transaction {
  std::int64_t id;
  std::string account;
  std::int64_t cents;
  std::string currency;
  std::string status;
  std::string description;
  scalekit::system_time created_at;
};

class xorshift {
 public:
  std::uint64_t operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  template <std::size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& choices) {
    return choices[(*this)() % N];
  }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15ULL;
};

// 12 % of the descriptions need quotes: 8 % a comma, 3 % quotes, 1 % a line end.
std::string description(xorshift& random, std::uint64_t mode) {
  static constexpr std::array<std::string_view, 20> words{
      "Coffee",  "invoice",   "transfer", "monthly", "subscription", "refund", "order",
      "payment", "ACME GmbH", "fee",      "Müller",  "online",       "store",  "ticket",
      "top-up",  "salary",    "rent",     "utility", "café",         "grocery"};
  std::string text;
  const std::uint64_t count = 3 + random() % 4;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i != 0) text += mode < 8 && i == 1 ? ", " : mode == 11 && i == 2 ? "\n" : " ";
    const std::string_view word = random.one_of(words);
    const bool quoted = mode >= 8 && mode < 11 && i == 1;
    text.append(quoted ? "\"" : "").append(word).append(quoted ? "\"" : "");
  }
  return text + " #" + std::to_string(random() % (1U << 24));
}

std::vector<transaction> make_rows() {
  static constexpr std::array<std::string_view, 6> currencies{
      "USD", "EUR", "GBP", "JPY", "CHF", "IDR"};
  static constexpr std::array<std::string_view, 5> states{
      "settled", "pending", "failed", "refunded", "disputed"};
  xorshift random;
  std::vector<transaction> made;
  made.reserve(row_count);
  for (std::size_t i = 1; i <= row_count; ++i) {
    const std::uint64_t mode = random() % 100;
    const auto second = 1'704'067'200 + static_cast<std::int64_t>(i) * 126 / 10;
    made.push_back(transaction{
        static_cast<std::int64_t>(i),
        fmt::format("ACC-{:08}", random() % 2'000'000),
        static_cast<std::int64_t>(random() % (mode < 50 ? 100'000 : 10'000'000)),
        std::string(random.one_of(currencies)),
        std::string(random.one_of(states)),
        description(random, mode),
        scalekit::system_time(std::chrono::seconds(second))});
  }
  return made;
}

const std::vector<transaction>& rows() {
  static const std::vector<transaction> made = make_rows();
  return made;
}

csv::encoder make_encoder() {
  return csv::encoder::make({.timestamp_style = csv::timestamp_style::space_separated}).value();
}

constexpr std::array<csv::column_format, 3> formats{
    csv::column_format{}, csv::column_format{}, csv::column_format{csv::show_integer::scaled}};

using row_values = std::array<sql::value_view, 7>;

row_values values_of(const transaction& t) {
  return {t.id, t.account, t.cents, t.currency, t.status, t.description, t.created_at};
}

void report(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(row_count));
}

// Runs `write_row(row, out)` for every row; `out` is cleared whenever a buffer's worth is full.
template <class Row, class Out, class Size, class Clear, class Write>
void run(
    benchmark::State& state,
    const std::vector<Row>& input,
    Out& out,
    Size size,
    Clear clear,
    Write write
) {
  std::size_t total = 0;
  for (auto _ : state) {
    total = 0;
    for (const Row& r : input) {
      write(r);
      if (size(out) >= flush_size) {
        benchmark::DoNotOptimize(out);
        total += size(out);
        clear(out);
      }
    }
    total += size(out);
    clear(out);
  }
  report(state, total);
}

constexpr auto size_of = [](const auto& out) { return out.size(); };
constexpr auto clear_it = [](auto& out) { out.clear(); };

void ours_dynamic_row(benchmark::State& state) {
  std::vector<row_values> input;
  for (const auto& t : rows()) input.push_back(values_of(t));
  csv::encoder encoder = make_encoder();
  csv::buffer out;
  run(state, input, out, size_of, clear_it, [&](const row_values& r) {
    encoder.row(out, r, formats);
  });
}
BENCHMARK(ours_dynamic_row);

void ours_row_from_structs(benchmark::State& state) {
  csv::encoder encoder = make_encoder();
  csv::buffer out;
  run(state, rows(), out, size_of, clear_it, [&](const transaction& t) {
    encoder.row(out, values_of(t), formats);
  });
}
BENCHMARK(ours_row_from_structs);

// The amount is a plain integer here: one byte a row less than the others.
void ours_row_of(benchmark::State& state) {
  csv::encoder encoder = make_encoder();
  csv::buffer out;
  run(state, rows(), out, size_of, clear_it, [&](const transaction& t) {
    encoder.row_of(
        out, t.id, t.account, t.cents, t.currency, t.status, t.description, t.created_at
    );
  });
}
BENCHMARK(ours_row_of);

// Each field copied as text that is there already, nothing looked at.
void memcpy_limit(benchmark::State& state) {
  csv::encoder encoder = make_encoder();
  std::string text;
  std::vector<std::array<std::string_view, 7>> input;
  std::vector<std::array<std::size_t, 7>> sizes;
  csv::buffer field;
  for (const auto& t : rows()) {
    std::array<std::size_t, 7> row_sizes{};
    const row_values values = values_of(t);
    for (std::size_t i = 0; i < values.size(); ++i) {
      field.clear();
      encoder.value(field, values[i], i < formats.size() ? formats[i] : csv::column_format{});
      row_sizes[i] = field.size();
      text.append(field.view());
    }
    sizes.push_back(row_sizes);
  }
  const char* next = text.data();
  for (const auto& row_sizes : sizes) {
    auto& row = input.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = {next, row_sizes[i]};
      next += row_sizes[i];
    }
  }
  csv::buffer out;
  run(state, input, out, size_of, clear_it, [&](const std::array<std::string_view, 7>& r) {
    char* p = out.prepare(1024);
    for (const std::string_view f : r) {
      std::memcpy(p, f.data(), f.size());
      p += f.size();
    }
    out.commit_to(p);
  });
}
BENCHMARK(memcpy_limit);

template <class Append>
void scalar_quote(std::string_view s, Append append) {
  bool needed = false;
  for (const char c : s) needed |= c == ',' || c == '"' || c == '\n' || c == '\r';
  if (!needed) {
    append(s);
    return;
  }
  append(std::string_view("\"", 1));
  for (const char& c : s) {
    if (c == '"') append(std::string_view("\"", 1));
    append(std::string_view(&c, 1));
  }
  append(std::string_view("\"", 1));
}

void fmt_compiled(benchmark::State& state) {
  fmt::memory_buffer out;
  const auto text = [&](std::string_view s) {
    scalar_quote(s, [&](std::string_view part) { out.append(part); });
    out.push_back(',');
  };
  run(state, rows(), out, size_of, clear_it, [&](const transaction& t) {
    const auto to = fmt::appender(out);
    fmt::format_to(to, FMT_COMPILE("{},"), t.id);
    text(t.account);
    fmt::format_to(to, FMT_COMPILE("{}.{:02},"), t.cents / 100, t.cents % 100);
    text(t.currency);
    text(t.status);
    text(t.description);
    const scalekit::civil_time c = scalekit::to_civil(t.created_at);
    fmt::format_to(
        to,
        FMT_COMPILE("{:04}-{:02}-{:02} {:02}:{:02}:{:02}\n"),
        c.year,
        c.month,
        c.day,
        c.hour,
        c.minute,
        c.second
    );
  });
}
BENCHMARK(fmt_compiled);

void standard_ostream(benchmark::State& state) {
  std::ostringstream out;
  const auto text = [&](std::string_view s) {
    scalar_quote(s, [&](std::string_view part) { out << part; });
    out << ',';
  };
  const auto two = [&](std::int64_t v) -> std::ostream& { return out << (v < 10 ? "0" : "") << v; };
  const auto size = [](std::ostringstream& o) { return static_cast<std::size_t>(o.tellp()); };
  const auto clear = [](std::ostringstream& o) { o.seekp(0); };
  run(state, rows(), out, size, clear, [&](const transaction& t) {
    out << t.id << ',';
    text(t.account);
    out << t.cents / 100 << '.';
    two(t.cents % 100) << ',';
    text(t.currency);
    text(t.status);
    text(t.description);
    const scalekit::civil_time c = scalekit::to_civil(t.created_at);
    out << c.year << '-';
    two(c.month) << '-';
    two(c.day) << ' ';
    two(c.hour) << ':';
    two(c.minute) << ':';
    two(c.second) << '\n';
  });
}
BENCHMARK(standard_ostream);

}  // namespace

BENCHMARK_MAIN();
