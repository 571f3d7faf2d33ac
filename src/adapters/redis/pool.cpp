// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace scalekit::inline v0::redis {

using std::chrono::milliseconds;

pool::pool(const settings& s) : settings_(&s) {
  idle_.reserve(s.options.max_connections);  // so that giving back never allocates
}

bool pool::is_past(steady_time since, milliseconds limit) const noexcept {
  return limit.count() > 0 && settings_->clock->steady_now() - since > limit;
}

std::unique_ptr<connection> pool::take_idle(const witness&, idle_list& expired) {
  const client_options& o = settings_->options;
  const auto young = std::ranges::find_if(idle_, [&](const auto& c) {
    return !is_past(c->idle_since, o.max_idle);
  });
  expired.insert(expired.end(), std::move_iterator(idle_.begin()), std::move_iterator(young));
  idle_.erase(idle_.begin(), young);
  in_use_ += expired.size();
  while (!idle_.empty()) {
    auto c = std::move(idle_.back());
    idle_.pop_back();
    ++in_use_;
    if (!is_past(c->opened, o.max_lifetime)) return c;
    expired.push_back(std::move(c));
  }
  return nullptr;
}

result<pool::loan> pool::acquire() {
  const client_options& o = settings_->options;
  const steady_time give_up = settings_->clock->steady_now() + o.acquire_timeout;
  witness lock(mutex_);
  for (;;) {
    idle_list expired;
    auto c = take_idle(lock, expired);
    if (c != nullptr || !expired.empty()) {
      lock.unlock();
      for (auto& old : expired) drop(std::move(old), {});
      if (c != nullptr && c->is_quiet()) return loan{std::move(c)};
      if (c != nullptr) drop(std::move(c), "the server had closed an idle connection");
      lock.lock();
    } else if (in_use_ < o.max_connections) {
      if (auto failure = still_unreachable(lock)) {
        freed_.notify_one();  // the next one waiting may fail at once as well
        return *std::move(failure);
      }
      return open_one(lock);
    } else {
      const duration left = give_up - settings_->clock->steady_now();
      if (left.count() <= 0 || freed_.wait_for(lock, left) == std::cv_status::timeout) {
        if (!idle_.empty() || in_use_ < o.max_connections) continue;
        ++counted_.timeouts;
        return error(
            errc::busy,
            settings_->where + ": no connection came free within " +
                std::to_string(o.acquire_timeout.count()) + " ms; all " + std::to_string(in_use_) +
                " are out (max_connections)"
        );
      }
    }
  }
}

std::optional<error> pool::still_unreachable(const witness&) {
  if (failures_ == 0) return std::nullopt;
  const duration left = next_attempt_ - settings_->clock->steady_now();
  if (left.count() <= 0 && !probing_) return std::nullopt;
  ++counted_.refused;
  // Whoever tries just now may take as long as a connection may.
  const auto wait =
      left.count() > 0 ? std::chrono::ceil<milliseconds>(left) : settings_->options.connect_timeout;
  return error(*last_failure_).with_retry_after(wait);
}

result<pool::loan> pool::open_one(witness& lock) {
  ++in_use_;
  const std::uint64_t attempt = attempts_noted_;
  probing_ = failures_ > 0;
  lock.unlock();
  auto opened = connection::open(*settings_);
  lock.lock();
  if (attempt == attempts_noted_) probing_ = false;
  if (!opened) {
    --in_use_;
    freed_.notify_one();
    error failure = note_failure(lock, attempt, opened.error());
    lock.unlock();
    log(log_level::warning, failure.message());
    return failure;
  }
  ++attempts_noted_;
  ++counted_.connects;
  const bool regained = failures_ > 0 || to_replace_ > 0;
  if (to_replace_ > 0) {
    --to_replace_;
    ++counted_.reconnects;
  }
  failures_ = 0;
  last_failure_.reset();
  next_attempt_ = {};
  probing_ = false;
  lock.unlock();
  if (regained) log(log_level::info, settings_->where + ": connected again");
  return loan{*std::move(opened), true};
}

error pool::note_failure(const witness&, std::uint64_t attempt, error why) {
  const client_options& o = settings_->options;
  const steady_time now = settings_->clock->steady_now();
  // Attempts that ran side by side count once; and not at all if one of them succeeded meanwhile.
  if (attempt != attempts_noted_) {
    const auto left = std::chrono::ceil<milliseconds>(next_attempt_ - now);
    return std::move(why).with_retry_after(std::max(left, milliseconds(1)));
  }
  ++attempts_noted_;
  constexpr unsigned most_doublings = 20;
  const auto doubled = o.backoff_base * (1LL << std::min(failures_, most_doublings));
  const auto bound =
      static_cast<std::uint64_t>(std::min<milliseconds>(doubled, o.backoff_max).count());
  const milliseconds wait(1 + static_cast<std::int64_t>(settings_->random->below(bound)));
  ++failures_;
  next_attempt_ = now + wait;
  last_failure_ = std::move(why).with_retry_after(wait);
  return *last_failure_;
}

void pool::give_back(std::unique_ptr<connection> c) noexcept {
  const std::lock_guard lock(mutex_);
  c->idle_since = settings_->clock->steady_now();
  idle_.push_back(std::move(c));
  --in_use_;
  freed_.notify_one();
}

void pool::drop(std::unique_ptr<connection> c, std::string_view why) {
  c.reset();  // closed before another may open in its place
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (!why.empty()) {
      ++counted_.lost;
      ++to_replace_;
    }
    freed_.notify_one();
  }
  if (!why.empty())
    log(log_level::warning, settings_->where + ": connection lost: " + std::string(why));
}

void pool::count(client_stats& out) const {
  const std::lock_guard lock(mutex_);
  out = counted_;
  out.in_use = in_use_;
  out.idle = idle_.size();
}

void pool::log(log_level level, std::string_view text) const {
  if (settings_->options.log) settings_->options.log(level, text);
}

}  // namespace scalekit::inline v0::redis
