// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_duplicates.hpp"

#include "bulk/key_tables.hpp"

#include <scalekit/csv/reader.hpp>
#include <scalekit/sql/canonical.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

struct key_rule {
  std::uint32_t key = 0;
  std::vector<std::size_t> columns = {};
  bool last_wins = false;
};

class finder {
 public:
  finder(const import_plan& plan, std::uint64_t records)
      : plan_(plan),
        records_(records),
        half_memory_(plan.options.duplicate_memory / 2),
        rules_set_values_(!plan.options.schema->rules.empty()),
        hash_(plan.options.random != nullptr ? *plan.options.random : random_source::system()) {}

  result<void> apply(const key_rule& rule) {
    lost_ = all_.size();
    auto ordered = is_in_order(rule);
    if (!ordered) return std::move(ordered).error();
    if (*ordered) return {};
    const std::uint64_t shares = records_ / repeated_keys::capacity(half_memory_) + 1;
    for (std::uint64_t i = 0; i < shares; ++i) {
      auto repeated = find_repeated(rule, {i, shares});
      if (!repeated) return std::move(repeated).error();
      if (auto done = settle(rule, *repeated); !done) return done;
    }
    // The rows that lose now are no holders for the rules that follow.
    std::ranges::sort(all_, {}, &import_duplicate::offset);
    return {};
  }

  std::vector<import_duplicate> take() { return std::move(all_); }

 private:
  /// Of all keys, as many as the memory holds.
  struct share {
    std::uint64_t number = 0;
    std::uint64_t count = 1;
    [[nodiscard]] bool holds(const hash128& h) const noexcept { return h.high % count == number; }
  };

  /// Keys that only rise, or only fall, are all different, and nothing has to be remembered.
  result<bool> is_in_order(const key_rule& rule) {
    std::string last;
    bool falls = false;
    std::uint64_t keys = 0;
    bool ordered = true;
    auto read = for_each_key(rule, [&](const csv::record&) {
      const int step = keys == 0 ? 1 : key_.compare(last);
      if (keys == 1) falls = step < 0;
      ordered = keys == 0 || (falls ? step < 0 : step > 0);
      ++keys;
      std::swap(last, key_);
      return ordered;
    });
    if (!read) return std::move(read).error();
    return ordered;
  }

  /// What more than one row has, as yet by 64 bits of the hash, and good or not: a row too many
  /// costs a second look and no more.
  result<std::vector<std::uint64_t>> find_repeated(const key_rule& rule, const share& part) {
    const std::size_t most = repeated_keys::capacity(half_memory_);
    repeated_keys keys(std::min<std::uint64_t>(records_ / part.count + 1, most));
    auto read = for_each_key(rule, [&](const csv::record&) {
      const hash128 key = hash_(key_);
      if (part.holds(key)) keys.add(key.low);
      return true;
    });
    if (!read) return std::move(read).error();
    std::vector<std::uint64_t> repeated = keys.take();
    if (keys.overflowed()) return changed_file(plan_, plan_.record.begin);
    return repeated;
  }

  /// Decides between the rows with a repeated key.
  result<void> settle(const key_rule& rule, std::span<const std::uint64_t> repeated) {
    while (!repeated.empty()) {
      const std::size_t n = std::min(repeated.size(), key_holders::capacity(half_memory_));
      if (auto done = settle_some(rule, repeated.first(n)); !done) return done;
      repeated = repeated.subspan(n);
    }
    return {};
  }

  result<void> settle_some(const key_rule& rule, std::span<const std::uint64_t> repeated) {
    key_holders holders(repeated);
    const std::size_t before = all_.size();
    auto read = for_each_key(rule, [&](const csv::record& record) {
      key_holder* const held = holders.find(hash_(key_));
      if (held == nullptr || !is_good(record)) return true;
      const csv::position& at = record.begin();
      if (held->line == 0) {
        held->offset = at.offset;
        held->line = at.line;
        return true;
      }
      // Who wins is known at the end only: until then the loser points at its place.
      all_.push_back({at.offset, holders.index_of(*held), rule.key});
      if (rule.last_wins) {
        std::swap(all_.back().offset, held->offset);
        held->line = at.line;
      }
      return true;
    });
    if (!read) return read;
    for (std::size_t i = before; i < all_.size(); ++i) {
      all_[i].winner_line = holders.at(all_[i].winner_line).line;
    }
    return {};
  }

  /// Calls `row(record)` with the key of each row in `key_`, as long as it says true. Rows whose
  /// key is bad or NULL, which equals nothing, are left out, and those that have lost by another
  /// rule.
  template <class Row>
  result<void> for_each_key(const key_rule& rule, const Row& row) {
    const import_record& r = plan_.record;
    auto source = plan_.file.open(r.begin.offset);
    if (!source) return source.error();
    auto reader = csv::reader::open_at(**source, r.begin, r.header_columns, plan_.inside);
    if (!reader) return reader.error();
    next_lost_ = 0;
    for (;;) {
      auto more = (*reader)->next();
      if (!more) return more.error();
      const csv::record& record = (*reader)->row();
      if (!*more || record.begin().offset >= r.end.offset) return {};
      if (has_lost(record.begin().offset) || !read_key(record, rule)) continue;
      if (!row(record)) return {};
    }
  }

  /// Whether the row lost by a rule before; rows come in order of their offsets.
  bool has_lost(std::uint64_t offset) noexcept {
    while (next_lost_ < lost_ && all_[next_lost_].offset < offset) ++next_lost_;
    return next_lost_ < lost_ && all_[next_lost_].offset == offset;
  }

  /// Rules may set values, those of the key as well: then the whole row has to be checked for it.
  bool read_key(const csv::record& record, const key_rule& rule) {
    errors_.clear();
    const bool good = rules_set_values_
                          ? plan_.checker.check(record, row_, errors_)
                          : plan_.checker.check_columns(record, rule.columns, row_, errors_);
    if (!good) return false;
    key_.clear();
    for (const std::size_t column : rule.columns) {
      const sql::value_view v = row_[column];
      if (v.is_null()) return false;
      // Databases take -0.0 for 0.0; their bits differ.
      const bool zero = v.kind() == sql::value_kind::float64 && v.as_double() == 0;
      sql::append_canonical(key_, zero ? sql::value_view(0.0) : v);
    }
    return true;
  }

  /// Whether the row whose key was read breaks no rule.
  bool is_good(const csv::record& record) {
    if (rules_set_values_) return true;
    errors_.clear();
    return plan_.checker.check(record, row_, errors_);
  }

  const import_plan& plan_;
  std::uint64_t records_;
  std::size_t half_memory_;
  bool rules_set_values_;
  key_hash hash_;
  typed_row row_;
  std::vector<row_error> errors_;
  std::string key_;
  std::vector<import_duplicate> all_;  // the first `lost_` in order of their offsets
  std::size_t lost_ = 0;
  std::size_t next_lost_ = 0;
};

}  // namespace

result<std::vector<import_duplicate>> find_duplicates(
    const import_plan& plan, std::uint64_t records
) {
  const import_schema& schema = *plan.options.schema;
  finder f(plan, records);
  key_rule natural{.last_wins = plan.options.duplicates == sql::duplicate_policy::last_wins};
  for (const std::string& name : plan.options.target.key) {
    natural.columns.push_back(*find_column(schema, name));
  }
  if (auto done = f.apply(natural); !done) return done.error();
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (!schema.columns[i].unique) continue;
    auto done = f.apply({.key = static_cast<std::uint32_t>(i + 1), .columns = {i}});
    if (!done) return done.error();
  }
  return f.take();
}

}  // namespace scalekit::inline v0::bulk
