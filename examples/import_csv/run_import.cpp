// SPDX-License-Identifier: BSL-1.0
#include "run_import.hpp"

#include "database.hpp"
#include "report_files.hpp"
#include "schema_file.hpp"
#include "watcher.hpp"

#include <scalekit/bulk/import_job.hpp>
#include <scalekit/crypto/sha256.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace import_csv {

using namespace scalekit;

namespace {

exit_code complain(exit_code code, const std::string& sentence) {
  std::fprintf(stderr, "import_csv: %s\n", sentence.c_str());
  return code;
}
exit_code complain(exit_code code, const error& e) { return complain(code, e.describe()); }

result<bulk::import_options> read_options(const arguments& a) {
  auto o = read_schema(a.schema);
  if (!o) return o.error();
  a.format.apply(o->format);
  if (!a.table.empty()) o->target.table = a.table;
  if (!a.key.empty()) o->target.key = a.key;
  o->id = a.id;
  if (a.dry_run) o->mode = bulk::import_mode::dry_run;
  o->batch_rows = a.batch_rows;
  o->writers = a.writers;
  o->limits.max_rejected = a.max_rejected;
  o->digest = crypto::sha256_factory();
  return o;
}

/// Reads ahead of each writer, and runs all of them but one.
std::unique_ptr<boost::asio::thread_pool> make_threads(std::size_t writers) {
  const blocked_signals from_them;
  return std::make_unique<boost::asio::thread_pool>(2 * writers);
}

void say_counts(const bulk::import_summary& s) {
  const auto text = [](std::uint64_t n) { return std::to_string(n); };
  std::string line = text(s.read) + " rows read: " + text(s.inserted) + " inserted, " +
                     text(s.updated) + " updated, " + text(s.unchanged) + " unchanged, " +
                     text(s.folded) + " folded, " + text(s.rejected) + " rejected";
  if (s.dry_run) line += " (dry run: nothing was written)";
  std::fprintf(stderr, "import_csv: %s\n", line.c_str());
}

exit_code say_outcome(const arguments& a, const std::string& id, const bulk::import_summary& s) {
  switch (s.outcome) {
    case bulk::import_outcome::completed:
      break;
    case bulk::import_outcome::too_many_rejected:
      return complain(
          some_rejected,
          "too many rows were rejected, so " + std::to_string(s.unprocessed) +
              " were not reached; go on with --resume " + id + " and a higher --max-rejected"
      );
    case bulk::import_outcome::paused:
      return complain(interrupted, "paused; go on with --resume " + id);
    case bulk::import_outcome::cancelled:
    case bulk::import_outcome::unfinished:
      return complain(database_trouble, "not finished; go on with --resume " + id);
  }
  if (s.rejected == 0) return all_in;
  std::string advice = "rows were rejected";
  if (a.rejects.empty()) {
    advice += "; get them with --resume " + id + " --rejects FILE --errors FILE";
  } else {
    advice += "; correct them in " + a.rejects + " and import that";
  }
  return complain(some_rejected, advice);
}

result<std::unique_ptr<bulk::import_job>> begin(
    const arguments& a, sql::pool& connections, csv::input_file& file, bulk::import_options o
) {
  if (!a.resume.empty()) {
    return bulk::import_job::resume(connections, file, std::move(o), a.resume);
  }
  auto job = bulk::import_job::start(connections, file, std::move(o));
  if (job || job.error().code() != errc::conflict) return job;
  return error(
      errc::conflict, "there is an import " + a.id + " already; go on with --resume " + a.id
  );
}

exit_code finish(const arguments& a, bulk::import_job& job, const bulk::import_summary& summary) {
  say_counts(summary);
  if (auto written = write_reports(a, job, summary); !written) {
    complain(database_trouble, written.error());
    return complain(database_trouble, "get the reports with --resume " + job.id());
  }
  const exit_code code = say_outcome(a, job.id(), summary);
  if (!a.forget || summary.outcome != bulk::import_outcome::completed) return code;
  const auto forgotten = job.forget();
  return forgotten ? code : complain(database_trouble, forgotten.error());
}

}  // namespace

exit_code code_of(const error& e) noexcept {
  const std::string_view said_by = e.cause().system;
  if (said_by == "sqlite" || said_by == "postgres" || said_by == "mariadb") {
    return database_trouble;
  }
  switch (e.code()) {
    case errc::invalid_argument:
    case errc::not_found:
    case errc::conflict:
    case errc::data_corrupted:
    case errc::not_supported:
    case errc::limit_exceeded:
      return refused;
    default:
      return database_trouble;
  }
}

exit_code run_import(const arguments& a, csv::input_file& file) {
  auto options = read_options(a);
  if (!options) return complain(refused, options.error());
  if (auto folders = check_report_folders(a); !folders) return complain(refused, folders.error());
  auto connections = open_database(a.database, a.writers);
  if (!connections) {
    const errc why = connections.error().code();
    const bool ours = why == errc::invalid_argument || why == errc::not_supported;
    return complain(ours ? refused : database_trouble, connections.error());
  }
  const auto threads = make_threads(a.writers);
  options->executor = [&threads](std::function<void()> task) {
    boost::asio::post(*threads, std::move(task));
  };

  auto job = begin(a, **connections, file, *std::move(options));
  if (!job) return complain(code_of(job.error()), job.error());
  std::fprintf(stderr, "import_csv: import %s\n", (*job)->id().c_str());
  result<bulk::import_summary> done = [&] {
    const watcher watching(**job);
    return (*job)->run();
  }();
  if (done) return finish(a, **job, *done);
  complain(database_trouble, done.error());
  return complain(database_trouble, "go on with --resume " + (*job)->id());
}

}  // namespace import_csv
