// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_IMPORT_OPTIONS_HPP
#define SCALEKIT_BULK_IMPORT_OPTIONS_HPP

#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/csv/reader_options.hpp>
#include <scalekit/digest.hpp>
#include <scalekit/export.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/random.hpp>
#include <scalekit/sql/transaction.hpp>
#include <scalekit/sql/upsert.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace scalekit::inline v0::bulk {

/// \brief The table an import writes to. Its columns are those of the schema, by name.
struct import_target {
  std::string table = {};             ///< `name` or `schema.name`
  std::vector<std::string> key = {};  ///< the natural key: columns that a unique index covers
  std::vector<std::string> insert_only = {};  ///< columns that an update leaves alone
  sql::on_conflict on_conflict = sql::on_conflict::update_distinct;
};

enum class import_mode {
  write,
  /// Everything is done and every batch undone: the counts say what would be inserted, updated and
  /// rejected, constraints of the database included, but for those between rows of two batches.
  /// Only the job's own tables are written.
  dry_run
};

/// \brief When an import gives up. Either limit ends it behind the batch that passes it.
struct import_limits {
  /// Rejected rows allowed. Default: any number.
  std::uint64_t max_rejected = UINT64_MAX;
  /// Rejected rows allowed as a share of the rows read, 0 to 1, once `sample_rows` were read.
  double max_rejected_share = 1.0;
  /// Rows checked against the schema before anything is written; if more of them are bad than the
  /// limits allow, or all of them, the import is refused. 0: none.
  std::size_t sample_rows = 1000;
};

/// \brief What to import, into what, and how. Give `schema` and `target`.
struct import_options {
  std::string name = {};  ///< what operators call it
  /// Chosen by the host, so that starting twice is an error and not two imports, and a job can be
  /// found after a crash. At most 64 bytes. Empty: a random one.
  std::string id = {};
  std::shared_ptr<const import_schema> schema = {};
  import_target target = {};
  csv::reader_options format = {};
  import_mode mode = import_mode::write;

  /// Which of several rows of the file with the same key counts, found before anything is written,
  /// so that the order of writing changes nothing. The others are `folded`, or rejected as
  /// `rule.duplicate_key`, naming the line of the one that counts. Rows that break a rule do not
  /// count; whether the database takes a row is known only later and changes nothing. Keys are
  /// compared by value, as the schema types them: where a collation of the table holds more of them
  /// equal, what several writers leave depends on which is first.
  sql::duplicate_policy duplicates = sql::duplicate_policy::last_wins;

  import_limits limits = {};
  std::size_t batch_rows = 5000;  ///< rows in a transaction, 1 to 100,000
  /// A batch also ends when its values reach this size.
  std::size_t batch_bytes = std::size_t{4} * 1024 * 1024;
  /// The file is cut into chunks of about this size, each with a checkpoint of its own. Chunks are
  /// what workers, and messages of a queue, are given.
  std::uint64_t chunk_bytes = std::uint64_t{16} * 1024 * 1024;
  std::uint64_t chunk_records = 0;  ///< if not 0, it is the size of a chunk instead: 10'000

  /// Batches written at the same time, each on a connection of its own. One writes rows in the
  /// order of the file; more need the executor, and gain nothing on SQLite with its one writer.
  std::size_t writers = 1;
  /// Runs a task on another thread, now or later. It reads and checks one batch while another is
  /// written, and runs the other writers. Empty: all work happens inside `run`.
  std::function<void(std::function<void()>)> executor = {};

  /// Memory for finding rows with the same key or the same value of a `unique` column. Keys that
  /// only rise, or only fall, from row to row need none. Of others 12 million go into the default,
  /// at 21 bytes each; a file with more of them is read once more for each further lot. At least
  /// 1 MiB. Not counted: 24 bytes for each row that loses to another.
  std::size_t duplicate_memory = std::size_t{256} * 1024 * 1024;

  /// Contention (`busy`: locks, deadlocks, serialization failures): a batch is tried that often.
  sql::retry_options retry = {};
  /// How long a batch is tried again while the database cannot be reached.
  std::chrono::milliseconds outage_patience{30'000};

  std::string table_prefix = "scalekit_";  ///< of the job's own tables, in the same database
  digest_factory digest = {};              ///< of the file, e.g. `crypto::sha256_factory()`
  const clock* time = nullptr;             ///< null: the machine's
  random_source* random = nullptr;         ///< of job ids; null: the kernel's
  metrics::registry* metrics = nullptr;  ///< null: nowhere. Counts rows, rejects, batches, retries.
};

}  // namespace scalekit::inline v0::bulk

#endif
