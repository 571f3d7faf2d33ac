// SPDX-License-Identifier: BSL-1.0
#include "keyset/read.hpp"

#include <scalekit/keyset/ranges.hpp>
#include <scalekit/sql/identifier.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace scalekit::inline v0::keyset {

namespace {

using key = std::vector<sql::value>;

constexpr std::size_t most = 1024;
// Each is a parameter of one statement, of which SQLite takes 32,766 and the others 65,535.
constexpr std::size_t most_samples = 32'000;

error refuse(std::string what) { return {errc::invalid_argument, "split: " + std::move(what)}; }

/// The table or join of a source, with none of its conditions.
source bare(const source& what) {
  source out;
  out.table = what.table;
  out.from = what.from;
  return out;
}

/// Evenly spread keys of a stream of unknown length: keeps every `stride`-th, and doubles the
/// stride whenever there are too many.
class thinning {
 public:
  explicit thinning(std::size_t enough) : enough_(enough) {}

  [[nodiscard]] bool wants_next() noexcept { return seen_++ % stride_ == 0; }

  void add(key k) {
    kept_.push_back(std::move(k));
    if (kept_.size() < 2 * enough_) return;
    for (std::size_t i = 0; 2 * i < kept_.size(); ++i) {
      if (i != 0) kept_[i] = std::move(kept_[2 * i]);
    }
    kept_.resize((kept_.size() + 1) / 2);
    stride_ *= 2;
  }

  [[nodiscard]] std::vector<key> take() && { return std::move(kept_); }

 private:
  std::size_t enough_;
  std::size_t stride_ = 1;
  std::size_t seen_ = 0;
  std::vector<key> kept_;
};

result<std::vector<key>> count_keys(
    sql::connection& db, source what, const order& by, std::size_t enough
) {
  what.columns.clear();
  auto all = scan::open(db, what, by, {.page_rows = 0});
  if (!all) return all.error();
  thinning out(enough);
  for (;;) {
    auto more = all->next();
    if (!more) return more.error();
    if (!*more) return std::move(out).take();
    if (!out.wants_next()) continue;
    key k;
    if (auto ok = all->key(k); !ok) return ok.error();
    out.add(std::move(k));
  }
}

/// A fixed pseudo-random number for each `n` (the finaliser of SplitMix64): at even distances the
/// samples would fall in step with whatever repeats in the data.
std::uint64_t scramble(std::uint64_t n) noexcept {
  n += 0x9e3779b97f4a7c15U;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebU;
  return n ^ (n >> 31);
}

/// Unique keys that exist, one for each even piece between the smallest and the greatest; absent
/// if they are no integers.
result<std::optional<std::vector<sql::value>>> spread_identifiers(
    sql::connection& db, const source& what, const order_column& id, std::size_t wanted
) {
  using none = std::optional<std::vector<sql::value>>;
  auto by = order::make({}, {.columns = {id.name}});
  if (!by) return by.error();
  auto up = compiler::make(db.dialect(), bare(what), *by);
  if (!up) return up.error();
  auto down = compiler::make(db.dialect(), bare(what), by->reversed());
  if (!down) return down.error();
  auto low = detail::read_rows(db, *up, {}, 1);
  if (!low) return low.error();
  auto high = detail::read_rows(db, *down, {}, 1);
  if (!high) return high.error();
  std::vector<sql::value> out;
  if (low->empty() || high->empty()) return none(std::move(out));
  const sql::value_view first = low->front().key.front();
  const sql::value_view last = high->front().key.front();
  if (first.kind() != sql::value_kind::int64 || last.kind() != sql::value_kind::int64) {
    return none();
  }
  // Unsigned: the distance between two int64 may not fit one.
  const std::uint64_t distance = last.as_uint64() - first.as_uint64();
  const std::uint64_t step = distance / wanted + 1;
  for (std::uint64_t stratum = 0; stratum <= distance / step;) {
    const std::uint64_t offset = stratum * step + scramble(stratum) % step;
    const key at{static_cast<std::int64_t>(first.as_uint64() + std::min(offset, distance))};
    auto met = detail::read_rows(db, *up, {.after = at, .from = key_range::start::inclusive}, 1);
    if (!met) return met.error();
    if (met->empty()) break;
    const sql::value& found = met->front().key.front();
    out.push_back(found);
    // On behind what was found, so that a gap is probed once.
    stratum = std::max(stratum, (found.view().as_uint64() - first.as_uint64()) / step) + 1;
  }
  return none(std::move(out));
}

/// The order keys of those rows, in the database's order; absent if identifiers are no integers.
result<std::optional<std::vector<key>>> sample_keys(
    sql::connection& db, const source& what, const order& by, std::size_t wanted
) {
  const order_column& id = by.columns().back();
  auto identifiers = spread_identifiers(db, what, id, wanted);
  if (!identifiers) return identifiers.error();
  if (!*identifiers) return std::optional<std::vector<key>>();
  std::vector<key> out;
  if ((*identifiers)->empty()) return std::optional(std::move(out));

  // Fixed columns are compared here, for as a condition they would draw the planner to their own
  // index and away from the few rows named. A wrong answer could only spoil the balance.
  source picked = bare(what);
  picked.where = what.where;
  for (const fixed_column& f : what.fixed) picked.columns.emplace_back(f.name);
  auto quoted = sql::quote_qualified(db.dialect(), id.name);
  if (!quoted) return quoted.error();
  sql::fragment among(*quoted + " IN (");
  for (std::size_t i = 0; i < (*identifiers)->size(); ++i) {
    if (i != 0) among.sql(", ");
    among.param((**identifiers)[i]);
  }
  picked.where.push_back(std::move(among).sql(")"));

  auto rows = scan::open(db, picked, by, {.page_rows = 0});
  if (!rows) return rows.error();
  for (;;) {
    auto more = rows->next();
    if (!more) return more.error();
    if (!*more) return std::optional(std::move(out));
    bool ours = true;
    for (std::size_t i = 0; i < what.fixed.size(); ++i) {
      ours = ours && sql::identical(rows->row()[i], what.fixed[i].value);
    }
    if (!ours) continue;
    if (auto ok = rows->key(out.emplace_back()); !ok) return ok.error();
  }
}

std::vector<range> between(const std::vector<key>& samples, std::size_t ranges) {
  std::vector<range> out(1);
  for (std::size_t i = 1; i < ranges && !samples.empty(); ++i) {
    const key& cut = samples[i * samples.size() / ranges];
    if (out.back().after && *out.back().after == cut) continue;
    out.back().up_to = cut;
    out.push_back({.after = cut, .up_to = {}});
  }
  return out;
}

}  // namespace

result<std::vector<range>> split_ranges(
    sql::connection& db, const source& what, const order& by, const split_options& options
) {
  if (options.ranges < 1 || options.ranges > most) return refuse("1 to 1024 ranges");
  if (options.samples_per_range < 1 || options.samples_per_range > most) {
    return refuse("1 to 1024 samples per range");
  }
  if (options.ranges == 1) return std::vector<range>(1);
  const std::size_t wanted = std::min(options.ranges * options.samples_per_range, most_samples);
  const bool may_sample = by.has_single_column_key() && by.columns().back().expression.empty();
  if (options.method != split_method::counted && may_sample) {
    auto samples = sample_keys(db, what, by, wanted);
    if (!samples) return samples.error();
    const bool forced = options.method == split_method::sampled;
    if (*samples && (forced || (*samples)->size() >= 4 * options.ranges)) {
      return between(**samples, options.ranges);
    }
  }
  if (options.method == split_method::sampled) {
    return error(errc::not_supported, "split: sampling needs a unique key of one integer column");
  }
  auto samples = count_keys(db, what, by, wanted);
  if (!samples) return samples.error();
  return between(*samples, options.ranges);
}

}  // namespace scalekit::inline v0::keyset
