// SPDX-License-Identifier: BSL-1.0
#include "resilience/structured_field.hpp"

#include <scalekit/resilience/rate_limit_fields.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace scalekit::inline v0::resilience {

namespace {

using std::chrono::seconds;

error refuse(std::string why) {
  return {errc::invalid_argument, "rate limit field: " + std::move(why)};
}

seconds ceil_seconds(duration d) noexcept {
  if (d <= duration::zero()) return seconds(0);
  return std::chrono::floor<seconds>(d - duration(1)) + seconds(1);
}

bool in_range(std::int64_t n) noexcept { return n >= 0 && n <= structured::largest; }

result<void> append_name(std::string& out, const std::string& name) {
  if (name.empty() || !structured::is_printable(name)) {
    return refuse("name must be printable ASCII");
  }
  if (!out.empty()) out.append(", ");
  structured::append_string(out, name);
  return {};
}

void append_number(std::string& out, const char* key, std::int64_t n) {
  out.append(key).append(std::to_string(n));
}

void append_partition(std::string& out, const std::string& partition) {
  if (partition.empty()) return;
  out.append(";pk=");
  structured::append_bytes(out, partition);
}

// A parameter of one type; nothing if it is not there.
template <class T>
result<std::optional<T>> read(const structured::member& m, std::string_view key) {
  const structured::item* found = m.find(key);
  if (found == nullptr) return std::optional<T>();
  const T* value = std::get_if<T>(found);
  if (value == nullptr) return refuse("parameter " + std::string(key) + " is of another type");
  return std::optional<T>(*value);
}

result<std::optional<std::int64_t>> read_count(const structured::member& m, std::string_view key) {
  auto n = read<std::int64_t>(m, key);
  if (n && *n && **n < 0) return refuse("parameter " + std::string(key) + " is negative");
  return n;
}

result<std::string> read_name(const structured::member& m) {
  if (const auto* text = std::get_if<std::string>(&m.value)) return *text;
  if (const auto* token = std::get_if<structured::token>(&m.value)) return token->text;
  return refuse("a member is not named by a string");
}

result<std::string> read_partition(const structured::member& m) {
  auto bytes = read<structured::byte_sequence>(m, "pk");
  if (!bytes) return bytes.error();
  return *bytes ? (*bytes)->bytes : std::string();
}

// Reads each member by `to_value`.
template <class T, class F>
result<std::vector<T>> read_all(std::string_view field, F to_value) {
  auto members = structured::parse_list(field);
  if (!members) return members.error();
  std::vector<T> all;
  for (const structured::member& m : *members) {
    auto name = read_name(m);
    if (!name) return name.error();
    auto partition = read_partition(m);
    if (!partition) return partition.error();
    auto value = to_value(m);
    if (!value) return value.error();
    value->name = *std::move(name);
    value->partition = *std::move(partition);
    all.push_back(*std::move(value));
  }
  return all;
}

struct quota_window {
  std::int64_t tokens;
  seconds length;
};

quota_window window_of(const rate& r) {
  constexpr std::int64_t second_us = 1'000'000;
  const seconds period = ceil_seconds(r.period());
  if (period == r.period()) return {r.tokens(), period};
  // parts() come in step() microseconds, in lowest terms.
  const std::int64_t common = std::gcd(r.step(), second_us);
  const seconds exact(r.step() / common);
  const seconds longest = std::max<seconds>(std::chrono::minutes(1), period);
  if (exact <= std::max<seconds>(longest, 4 * period)) {
    return {second_us / common * r.parts(), exact};
  }
  return {longest / r.period() * r.tokens(), longest};
}

std::optional<seconds> to_seconds(const std::optional<std::int64_t>& n) {
  return n ? std::optional(seconds(*n)) : std::nullopt;
}

}  // namespace

rate_limit_policy policy_of(std::string name, const rate& r) {
  const quota_window one = window_of(r);
  const std::int64_t times = (r.burst() + one.tokens - 1) / one.tokens;
  return {.name = std::move(name), .quota = one.tokens * times, .window = one.length * times};
}

rate_limit_state state_of(std::string name, const decision& d) {
  return {.name = std::move(name), .remaining = d.remaining, .reset = ceil_seconds(d.reset_after)};
}

result<std::string> to_field(const std::vector<rate_limit_policy>& policies) {
  std::string out;
  for (const rate_limit_policy& p : policies) {
    if (auto named = append_name(out, p.name); !named) return named.error();
    if (!in_range(p.quota)) return refuse("quota must be 0 to 10^15 - 1");
    append_number(out, ";q=", p.quota);
    if (!structured::is_printable(p.unit)) return refuse("unit must be printable ASCII");
    if (!p.unit.empty()) structured::append_string(out.append(";qu="), p.unit);
    if (p.window) {
      if (!in_range(p.window->count())) return refuse("window must be 0 to 10^15 - 1 seconds");
      append_number(out, ";w=", p.window->count());
    }
    append_partition(out, p.partition);
  }
  return out;
}

result<std::string> to_field(const std::vector<rate_limit_state>& states) {
  std::string out;
  for (const rate_limit_state& s : states) {
    if (auto named = append_name(out, s.name); !named) return named.error();
    if (!in_range(s.remaining)) return refuse("remaining must be 0 to 10^15 - 1");
    append_number(out, ";r=", s.remaining);
    if (s.reset) {
      if (!in_range(s.reset->count())) return refuse("reset must be 0 to 10^15 - 1 seconds");
      append_number(out, ";t=", s.reset->count());
    }
    append_partition(out, s.partition);
  }
  return out;
}

result<std::vector<rate_limit_policy>> parse_rate_limit_policy(std::string_view field) {
  return read_all<rate_limit_policy>(
      field,
      [](const structured::member& m) -> result<rate_limit_policy> {
        auto quota = read_count(m, "q");
        if (!quota) return quota.error();
        if (!*quota) return refuse("parameter q is missing");
        auto window = read_count(m, "w");
        if (!window) return window.error();
        auto unit = read<std::string>(m, "qu");
        if (!unit) return unit.error();
        return rate_limit_policy{
            .quota = **quota, .unit = unit->value_or(""), .window = to_seconds(*window)};
      }
  );
}

result<std::vector<rate_limit_state>> parse_rate_limit(std::string_view field) {
  return read_all<rate_limit_state>(
      field,
      [](const structured::member& m) -> result<rate_limit_state> {
        auto remaining = read_count(m, "r");
        if (!remaining) return remaining.error();
        if (!*remaining) return refuse("parameter r is missing");
        auto reset = read_count(m, "t");
        if (!reset) return reset.error();
        return rate_limit_state{.remaining = **remaining, .reset = to_seconds(*reset)};
      }
  );
}

}  // namespace scalekit::inline v0::resilience
