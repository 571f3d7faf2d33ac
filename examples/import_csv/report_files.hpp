// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_REPORT_FILES_HPP
#define IMPORT_CSV_REPORT_FILES_HPP

#include "arguments.hpp"

#include <scalekit/bulk/import_job.hpp>
#include <scalekit/result.hpp>

namespace import_csv {

/// \brief Whether the reports can be written where they are wanted, so that it shows before an
/// import and not behind it.
/// \par Errors `invalid_argument`, naming the folder.
[[nodiscard]] scalekit::result<void> check_report_folders(const arguments& a);

/// \brief Writes each report that is asked for under another name, and renames it once it is whole.
[[nodiscard]] scalekit::result<void> write_reports(
    const arguments& a,
    scalekit::bulk::import_job& job,
    const scalekit::bulk::import_summary& summary
);

}  // namespace import_csv

#endif
