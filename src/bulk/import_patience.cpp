// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_patience.hpp"

#include <algorithm>

namespace scalekit::inline v0::bulk {

namespace {

constexpr duration longest_outage_wait = std::chrono::seconds(1);

}  // namespace

import_patience::import_patience(const import_options& options, import_state_board& board)
    : options_(options),
      board_(board),
      time_(options.time != nullptr ? *options.time : clock::system()),
      wait_(options.retry.wait != nullptr ? *options.retry.wait : sleeper::system()),
      random_(options.retry.random != nullptr ? *options.retry.random : random_source::system()),
      ceiling_(std::max(options.retry.base_delay, duration::zero())) {}

bool import_patience::lasts_after(errc code) {
  if (code == errc::busy) {
    ++board_.contended;
    if (++contended_ >= options_.retry.max_attempts) return give_up();
    wait(options_.retry.max_delay);
    return true;
  }
  if (code != errc::unavailable && code != errc::timed_out && code != errc::outcome_unknown) {
    return false;
  }
  ++board_.outages;
  const steady_time now = time_.steady_now();
  if (!out_since_) out_since_ = now;
  const import_stop stop = board_.stop();
  const bool leave = stop == import_stop::pause || stop == import_stop::cancel;
  if (leave || now - *out_since_ >= options_.outage_patience) return give_up();
  wait(longest_outage_wait);
  return true;
}

bool import_patience::give_up() noexcept {
  ++board_.given_up;
  return false;
}

void import_patience::wait(duration cap) {
  ceiling_ = std::min(ceiling_, std::max(cap, duration::zero()));
  const auto bound = static_cast<std::uint64_t>(ceiling_.count()) + 1;
  board_.retries.add();
  wait_.sleep_for(duration(static_cast<duration::rep>(random_.below(bound))));
  ceiling_ = std::min(ceiling_ * 2, longest_outage_wait);
}

}  // namespace scalekit::inline v0::bulk
