// SPDX-License-Identifier: BSL-1.0
#include "http/client_call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace scalekit::inline v0::http {

namespace {

// Where there is no descriptor left for waking it up, a stop is noticed this late.
constexpr std::chrono::milliseconds blind_wait{50};

}  // namespace

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void call::wake_up::operator()() const noexcept {
  const char byte = 0;
  static_cast<void>(!::write(fd, &byte, 1));  // the pipe is empty, so it takes one
}

call::call(const clock& time, const outgoing_request& r)
    : time_(time),
      end_(time.steady_now() + r.timeout),
      step_end_(end_),
      method_(r.method),
      stop_(r.stop) {
  leads_to(r.to);
  if (!stop_.stop_possible()) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
  waking_[0] = descriptor(ends[0]);
  waking_[1] = descriptor(ends[1]);
  on_stop_.emplace(stop_, wake_up{ends[1]});
}

call::~call() = default;

void call::enter(http::step s, std::chrono::milliseconds limit) noexcept {
  step_ = s;
  limit_ = limit;
  step_end_ = std::min(end_, time_.steady_now() + limit);
}

call::woken call::look(steady_time until) const {
  if (stop_.stop_requested()) return woken::stopped;
  return time_.steady_now() < until ? woken::ready : woken::late;
}

call::woken call::wait(std::span<pollfd> fds, steady_time until) const {
  std::array<pollfd, most_fds + 1> all{};
  std::copy(fds.begin(), fds.end(), all.begin());
  all[fds.size()] = {waking_[0].get(), POLLIN, 0};  // poll passes over one that is negative
  for (;;) {
    if (const woken now = look(until); now != woken::ready) return now;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - time_.steady_now());
    left = std::max(left, std::chrono::milliseconds(0));  // poll takes less for no limit at all
    if (stop_.stop_possible() && !waking_[0]) left = std::min(left, blind_wait);
    const int n =
        ::poll(all.data(), static_cast<nfds_t>(fds.size() + 1), static_cast<int>(left.count()));
    if (n <= 0 || all[fds.size()].revents != 0) continue;
    std::copy_n(all.begin(), fds.size(), fds.begin());
    return woken::ready;
  }
}

void call::leads_to(const url& to) { what_ = method_ + " " + to.origin(); }

error call::failed(errc code, std::string_view why, native_cause cause) const {
  return {code, what_ + ": " + std::string(why), cause};
}

error call::stopped() const {
  return failed(
      errc::cancelled,
      step_ == http::step::answer ? "it was stopped, after it had been sent"
                                  : "it was stopped, before it had been sent"
  );
}

std::string call::too_long(std::string_view what) const {
  return step_end_ < end_
             ? std::string(what) + " took longer than " + std::to_string(limit_.count()) + " ms"
             : "the time of the whole call was over while " + std::string(what) + " lasted";
}

}  // namespace scalekit::inline v0::http
