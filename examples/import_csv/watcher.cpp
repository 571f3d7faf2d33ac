// SPDX-License-Identifier: BSL-1.0
#include "watcher.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <unistd.h>

namespace import_csv {

using namespace scalekit;

namespace {

constexpr int over = SIGUSR1;  // tells the thread that the run is over

sigset_t awaited() {
  sigset_t s;
  sigemptyset(&s);
  for (const int signal : {SIGINT, SIGTERM, over}) sigaddset(&s, signal);
  return s;
}

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, 1, ',');
  return digits;
}

void draw(const bulk::import_progress& p) {
  const double share =
      p.total_bytes == 0 ? 1.0 : static_cast<double>(p.bytes) / static_cast<double>(p.total_bytes);
  std::string line = "\r" + std::to_string(static_cast<int>(share * 100)) + " %  " +
                     grouped(p.records) + " rows  " +
                     grouped(static_cast<std::uint64_t>(p.rows_per_second)) + " rows/s  " +
                     grouped(p.rejected) + " rejected";
  if (p.remaining) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(*p.remaining).count();
    const std::string seconds = std::to_string(left % 60);
    line += "  ETA " + std::to_string(left / 60) + (seconds.size() < 2 ? ":0" : ":") + seconds;
  }
  std::fprintf(stderr, "%s\033[K", line.c_str());
}

void watch(bulk::import_job& job) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const sigset_t signals = awaited();
  constexpr timespec moment{.tv_sec = 0, .tv_nsec = 200'000'000};
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, &moment);
    if (signal == over) break;
    if (signal == SIGINT || signal == SIGTERM) job.pause();
    if (terminal) draw(job.progress());
  }
  if (terminal) std::fputs("\r\033[K", stderr);
}

}  // namespace

blocked_signals::blocked_signals() {
  const sigset_t s = awaited();
  pthread_sigmask(SIG_BLOCK, &s, &before_);
}
blocked_signals::~blocked_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

watcher::watcher(bulk::import_job& job) : thread_([&job] { watch(job); }) {}
watcher::~watcher() {
  pthread_kill(thread_.native_handle(), over);
  thread_.join();
}

}  // namespace import_csv
