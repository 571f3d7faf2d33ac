// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_PLAN_HPP
#define SCALEKIT_SRC_BULK_IMPORT_PLAN_HPP

#include "bulk/import_store.hpp"

#include <scalekit/bulk/import_job.hpp>
#include <scalekit/bulk/import_options.hpp>
#include <scalekit/bulk/row_checker.hpp>
#include <scalekit/csv/byte_source.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/sql/upsert.hpp>

#include <memory>
#include <string>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Everything about a job that does not change while it runs; shared by its threads.
struct import_plan {
  sql::pool& pool;
  csv::input_file& file;
  import_options options;
  import_store store;
  sql::upsert upsert;
  row_checker checker;
  /// The format for \ref csv::reader::open_at, with the encoding that the file has.
  csv::reader_options inside;
  import_record record = {};
  std::uint64_t stamp = 0;        ///< of the file before any of it was read
  std::uint64_t header_hash = 0;  ///< of what was read before the first row
};

/// Checks the options, the target and the header: everything but the job itself.
[[nodiscard]] result<std::unique_ptr<import_plan>> make_plan(
    sql::pool& connections, csv::input_file& file, import_options options
);

/// \pre the plan was made by \ref make_plan and its record is empty
/// Checks the sample, cuts the file, finds duplicates, and stores the job.
[[nodiscard]] result<std::vector<import_chunk>> start_job(import_plan& plan);

/// Takes up a stored job.
[[nodiscard]] result<std::vector<import_chunk>> take_up_job(
    import_plan& plan, std::string_view id, import_job::verify how
);

/// Fails with `conflict` if the file is not what it was, all of it.
[[nodiscard]] result<void> verify_file(
    const import_plan& plan, const std::vector<import_chunk>& chunks
);

/// The error of a file that somebody writes to.
[[nodiscard]] ::scalekit::error unsettled_file(const import_plan& plan);

/// The error of a file that has changed from `at` on.
[[nodiscard]] ::scalekit::error changed_file(const import_plan& plan, const csv::position& at);

/// The hash of the bytes [begin, end) of a file. A file that is shorter is hashed to its end.
[[nodiscard]] result<std::uint64_t> hash_range(
    csv::input_file& file, std::uint64_t begin, std::uint64_t end
);

/// Where the rows begin: what stands before is the head of every file of rejects.
[[nodiscard]] std::uint64_t head_end(
    const import_record& record, const std::vector<import_chunk>& chunks
);

/// Fails with `conflict` if a chunk's bytes are not what they were.
[[nodiscard]] result<void> verify_chunk(const import_plan& plan, const import_chunk& chunk);

}  // namespace scalekit::inline v0::bulk

#endif
