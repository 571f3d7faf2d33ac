// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_IMPORT_JOB_HPP
#define SCALEKIT_BULK_IMPORT_JOB_HPP

/// \file
/// Imports a CSV file into a table: checked, idempotent, resumable, with every bad row accounted
/// for.
///
/// \code
/// auto file = csv::disk_file::open_path("payments.csv");
/// if (!file) return file.error();
/// auto job = bulk::import_job::start(connections, **file, {
///     .schema = payments, .target = {.table = "payment", .key = {"reference"}}});
/// if (!job) return job.error();               // the header, or most rows, cannot be right
/// auto done = (*job)->run();
/// if (!done) return done.error();             // the database is gone: resume it later
/// if (done->rejected != 0) (*job)->write_rejects(sink);
/// \endcode

#include <scalekit/bulk/error_report.hpp>
#include <scalekit/bulk/import_options.hpp>
#include <scalekit/bulk/import_summary.hpp>
#include <scalekit/csv/byte_source.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief How far an import is. `rows_per_second` counts from this run's start.
struct import_progress {
  std::uint64_t records = 0;  ///< read: good, rejected and folded ones
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t folded = 0;
  std::uint64_t rejected = 0;
  std::uint64_t bytes = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t total_records = 0;
  duration elapsed{};
  double rows_per_second = 0.0;
  std::optional<duration> remaining = {};
};

/// \brief What an import's writers met; counted since this object was made.
struct import_stats {
  std::uint64_t batches = 0;    ///< committed
  std::uint64_t contended = 0;  ///< tries that ended with `busy`
  std::uint64_t outages = 0;    ///< tries that ended with a lost or missing connection
  std::uint64_t in_doubt = 0;   ///< commits without an answer, settled by their checkpoint
  std::uint64_t given_up = 0;   ///< batches that ended the import after all their tries
  std::uint64_t bisected = 0;   ///< batches taken apart to find the rows the database refuses
};

/// \brief One import, from its first row to its reports, across any number of runs and processes.
///
/// A batch's rows, its rejects and its checkpoint are one transaction, so wherever a process dies,
/// \ref resume goes on behind the last committed batch, and table and reports become what they
/// would have been. What was read, and by which rules, is pinned: a file or a schema that has
/// changed is refused.
///
/// Several processes may work on the chunks of one import (\ref run_chunk), each with its own
/// object; no batch is ever applied twice, even if two are given the same chunk.
///
/// Not covered: triggers and other tables they write; values that the database itself makes
/// (auto-increment ids follow the order of the writers, and skip numbers where batches were
/// undone).
///
/// \par Thread-safety  One thread at a time, but \ref pause, \ref cancel, \ref progress and
/// \ref stats are for any. Pool and file must outlive it.
/// \par Complexity     Memory: for each writer two batches and the longest record; and
/// `duplicate_memory` during the start.
class SCALEKIT_EXPORT import_job {
 public:
  /// \brief Checks header and sample, cuts the file into chunks, and records the job. No row is
  /// written.
  ///
  /// Reads the whole file to cut it and to take its fingerprint, and again to find rows with equal
  /// keys, for the key and for each `unique` column: once, twice where some are equal, and as far
  /// as the first break once more where most are in order. On SQLite about a tenth of the import's
  /// time.
  ///
  /// \par Errors
  /// - `invalid_argument`: an option, every fault of the header, or a sample of bad rows
  /// - `conflict`: there is a job with this id already
  /// - what the file or the database gives
  [[nodiscard]] static result<std::unique_ptr<import_job>> start(
      sql::pool& connections, csv::input_file& file, import_options options
  );

  /// What \ref resume reads of the file to make sure that it is the same. A chunk is always checked
  /// before it is worked on.
  enum class verify {
    file,  ///< all of it
    head   ///< the header: for workers that are given one chunk
  };

  /// \brief Goes on with import `id`, with the same file and the same options; those under
  /// `limits`, and how batches are run, may be others.
  /// \par Errors `not_found`; `conflict` if file, schema, target or format have changed (the
  /// message says which), or the import was cancelled.
  [[nodiscard]] static result<std::unique_ptr<import_job>> resume(
      sql::pool& connections,
      csv::input_file& file,
      import_options options,
      std::string_view id,
      verify how = verify::file
  );

  ~import_job();

  [[nodiscard]] const std::string& id() const noexcept;

  /// \brief Imports what is left, until the end, a limit, \ref pause or \ref cancel; the summary
  /// says which.
  /// \par Errors what the file or the database gave; \ref resume goes on from there. `stale_token`
  /// if another process is at work on it; `conflict` if the file has changed.
  [[nodiscard]] result<import_summary> run();

  [[nodiscard]] std::size_t chunk_count() const noexcept;
  /// \brief Imports one chunk, from 0; at once if it is done already.
  /// \par Errors as \ref run; `conflict` if the chunk's bytes have changed.
  [[nodiscard]] result<import_summary> run_chunk(std::size_t chunk);

  /// \brief Ends the run behind the batches in work; outside a run, the next one at its beginning.
  /// It can be resumed.
  void pause() noexcept;
  /// \brief The same for good, and for runs of other processes too. What was written stays written.
  /// \par Errors what the database gives; the run of this object ends all the same.
  [[nodiscard]] result<void> cancel();

  [[nodiscard]] import_progress progress() const;
  [[nodiscard]] import_stats stats() const noexcept;

  /// \brief The state of the whole import, by all its workers, as the database has it.
  [[nodiscard]] result<import_summary> summary();

  /// Takes all of the bytes, or fails; see \ref csv::byte_sink.
  using sink = std::function<result<void>(std::string_view)>;

  /// \brief What stands before the first row in the file, then the bytes of each rejected row as
  /// they are, in input order: correct it and import it again.
  [[nodiscard]] result<void> write_rejects(const sink& out);
  /// \brief Every error of every rejected row, in input order.
  [[nodiscard]] result<void> write_errors(
      const sink& out, report_format format = report_format::csv
  );
  /// \brief The same head, then the rows no run has reached. Empty beyond the head at the end.
  [[nodiscard]] result<void> write_unprocessed(const sink& out);

  /// A job that is known to a database.
  struct listing {
    std::string id;
    std::string name;
    std::string file;
    system_time created_at;
    bool cancelled = false;
  };
  /// \brief All jobs that were not forgotten, in order of their ids.
  [[nodiscard]] static result<std::vector<listing>> list(
      sql::pool& connections, std::string_view table_prefix = "scalekit_"
  );

  /// \brief Forgets the job: its checkpoints, its rejects. The imported rows stay.
  [[nodiscard]] result<void> forget();

 private:
  struct impl;
  explicit import_job(std::shared_ptr<impl> state) noexcept;
  std::shared_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::bulk

#endif
