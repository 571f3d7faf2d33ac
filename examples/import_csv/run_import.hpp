// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_RUN_IMPORT_HPP
#define IMPORT_CSV_RUN_IMPORT_HPP

#include "arguments.hpp"

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/result.hpp>

namespace import_csv {

enum exit_code : int {
  all_in = 0,
  database_trouble = 1,
  refused = 2,
  some_rejected = 3,
  interrupted = 130
};

/// \brief The code for an error: whether it is to be corrected, or tried again.
[[nodiscard]] exit_code code_of(const scalekit::error& e) noexcept;

/// \brief Imports the file, with all that is said about it on standard error.
[[nodiscard]] exit_code run_import(const arguments& a, scalekit::csv::input_file& file);

}  // namespace import_csv

#endif
