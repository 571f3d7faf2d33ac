// SPDX-License-Identifier: BSL-1.0
#include "report_files.hpp"

#include <scalekit/csv/writer.hpp>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <unistd.h>

namespace import_csv {

using namespace scalekit;

namespace {

using sink = bulk::import_job::sink;

error system_error(const std::string& path) {
  const int code = errno;
  return {
      errc::unavailable,
      path + ": " + std::generic_category().message(code),
      native_cause{"errno", code}};
}

result<void> fill(const std::string& path, const std::function<result<void>(const sink&)>& report) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return system_error(path);
  result<void> done = report([to = csv::fd_sink(file)](std::string_view text) { return to(text); });
  if (done && ::fsync(file) != 0) done = system_error(path);
  if (::close(file) != 0 && done) done = system_error(path);
  return done;
}

/// Whoever waits for `path` never sees a part of it.
result<void> write_whole(
    const std::string& path, const std::function<result<void>(const sink&)>& report
) {
  if (path.empty()) return {};
  const std::string unfinished = path + ".tmp";
  result<void> done = fill(unfinished, report);
  if (done && std::rename(unfinished.c_str(), path.c_str()) != 0) done = system_error(path);
  if (!done) ::unlink(unfinished.c_str());
  return done;
}

}  // namespace

result<void> check_report_folders(const arguments& a) {
  for (const std::string* path : {&a.rejects, &a.errors, &a.summary, &a.unprocessed}) {
    if (path->empty()) continue;
    const std::filesystem::path folder = std::filesystem::path(*path).parent_path();
    const std::string name = folder.empty() ? "." : folder.string();
    if (::access(name.c_str(), W_OK | X_OK) == 0) continue;
    const error why = system_error(name);
    return error(errc::invalid_argument, *path + ": cannot be written: " + why.message());
  }
  return {};
}

result<void> write_reports(
    const arguments& a, bulk::import_job& job, const bulk::import_summary& summary
) {
  const auto format =
      a.errors.ends_with(".json") ? bulk::report_format::json : bulk::report_format::csv;
  auto done = write_whole(a.rejects, [&](const sink& out) { return job.write_rejects(out); });
  if (done) {
    done = write_whole(a.errors, [&](const sink& out) { return job.write_errors(out, format); });
  }
  if (done) {
    done = write_whole(a.unprocessed, [&](const sink& out) { return job.write_unprocessed(out); });
  }
  if (done) {
    done = write_whole(a.summary, [&](const sink& out) { return out(summary.to_json() + "\n"); });
  }
  return done;
}

}  // namespace import_csv
