// SPDX-License-Identifier: BSL-1.0
// Writes typed rows as CSV to standard output: exact decimals, timestamps, NULL, quoting.
#include <scalekit/csv/writer.hpp>
#include <scalekit/timestamp.hpp>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

using namespace scalekit;

struct payment {
  int id;
  std::string_view payee;
  std::string_view amount;  // exact: never a double
  bool settled;
  std::optional<system_time> settled_at;
};

// [write_csv]
result<void> write_payments(std::span<const payment> payments, int descriptor) {
  auto file = csv::writer<csv::fd_sink>::make(
      csv::fd_sink(descriptor), {.formula_guard = csv::formula_guard::on}
  );
  if (!file) return file.error();
  const std::array<std::string_view, 5> names{"id", "payee", "amount", "settled", "settled_at"};
  if (auto ok = file->header(names); !ok) return ok;
  for (const payment& p : payments) {
    auto ok =
        file->row_of(p.id, p.payee, sql::value_view::decimal(p.amount), p.settled, p.settled_at);
    if (!ok) return ok;
  }
  return file->flush();  // the file is whole once this has succeeded
}
// [write_csv]

}  // namespace

int main() {
  const auto may = from_civil({.year = 2024, .month = 5, .day = 6, .hour = 7, .minute = 8});
  const std::array<payment, 4> payments{{
      {1, "Müller, Jane", "1250.00", true, may},
      {2, "The \"Blue\" Café", "-0.05", false, std::nullopt},
      {3, "=HYPERLINK(\"http://evil\")", "19.99", true, may + std::chrono::milliseconds(250)},
      {4, "two\nlines", "100000000000000000000.01", false, std::nullopt},
  }};
  if (auto done = write_payments(payments, STDOUT_FILENO); !done) {
    std::fprintf(stderr, "write_csv: %s\n", done.error().describe().c_str());
    return 1;
  }
  return 0;
}
