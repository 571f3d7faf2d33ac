// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_ERROR_REPORT_HPP
#define SCALEKIT_BULK_ERROR_REPORT_HPP

/// \file
/// Everything that is wrong with a file, for the person who made it and for the program that sent
/// it.

#include <scalekit/bulk/row_error.hpp>
#include <scalekit/csv/dialect.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

/// Columns or members, in this order: record, line, offset, column, value, code, message,
/// suggestion. An error of the row as a whole has no column (NULL).
enum class report_format : std::uint8_t {
  csv,
  json  ///< one array of objects, one to a line
};

/// How often each code was met, by code.
using error_counts = std::map<std::string, std::uint64_t, std::less<>>;

struct error_report_options {
  /// Errors of one code that are written in full; the others are counted, and their number stands
  /// at the end of the report. 0: no limit.
  std::uint64_t max_per_code = 0;
  /// Bytes gathered before the sink gets them.
  std::size_t flush_size = std::size_t{64} * 1024;
  /// Of the CSV form. Values come from strangers and the report is opened in spreadsheets, so text
  /// that would run as a formula is made harmless.
  csv::dialect dialect = {.formula_guard = csv::formula_guard::on};
};

/// \brief Writes an error report to a sink, an error at a time, in constant memory.
///
/// The report is valid UTF-8 whatever the file held: bytes that are not become U+FFFD. A report
/// with nothing wrong is complete too: a header, or an empty array.
///
/// Destruction writes nothing, since it could not report a failure: the report is complete once
/// \ref finish succeeded.
///
/// \par Thread-safety  One thread at a time.
/// \par Errors         Those of the sink; after the first, every call returns it.
class SCALEKIT_EXPORT error_report {
 public:
  /// Takes all of the bytes, or fails; see \ref csv::byte_sink.
  using sink = std::function<result<void>(std::string_view)>;

  /// \par Errors `invalid_argument` for a dialect that does not agree with itself.
  [[nodiscard]] static result<error_report> open(
      report_format format, sink out, error_report_options options = {}
  );
  error_report(error_report&& other) noexcept;
  error_report& operator=(error_report&& other) noexcept;
  ~error_report();

  [[nodiscard]] result<void> add(const row_error& e);

  /// \brief Writes how many errors were only counted, ends the report and hands it to the sink.
  /// Nothing can be added afterwards (`invalid_argument`).
  [[nodiscard]] result<void> finish();

  /// \brief All errors added, those only counted included.
  [[nodiscard]] const error_counts& counts() const noexcept;

 private:
  struct state;
  explicit error_report(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::bulk

#endif
