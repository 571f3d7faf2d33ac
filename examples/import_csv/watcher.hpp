// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_WATCHER_HPP
#define IMPORT_CSV_WATCHER_HPP

#include <scalekit/bulk/import_job.hpp>

#include <csignal>
#include <pthread.h>
#include <thread>

namespace import_csv {

/// Keeps the signals that end a program from every thread that begins while it lives.
class blocked_signals {
 public:
  blocked_signals();
  blocked_signals(const blocked_signals&) = delete;
  blocked_signals& operator=(const blocked_signals&) = delete;
  ~blocked_signals();

 private:
  sigset_t before_{};
};

/// While it lives, SIGINT and SIGTERM pause the job, and a terminal shows how far it is.
class watcher {
 public:
  explicit watcher(scalekit::bulk::import_job& job);
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  ~watcher();

 private:
  blocked_signals blocked_;
  std::thread thread_;
};

}  // namespace import_csv

#endif
