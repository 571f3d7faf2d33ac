// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_duplicates.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/csv/reader.hpp>
#include <scalekit/sql/canonical.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

namespace scalekit::inline v0::bulk {

namespace {

struct hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const hash128&, const hash128&) = default;
};

/// The 128-bit product of two words, folded: the mixing step of wyhash (Wang Yi).
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// Two independent chains over the words of the text, each with a secret of its own. Who does not
/// know the seeds cannot make two keys collide.
hash128 hash_of(std::string_view text, const std::array<std::uint64_t, 4>& seed) noexcept {
  hash128 h{seed[0] ^ text.size(), seed[1] ^ text.size()};
  for (std::size_t i = 0; i < text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, std::min<std::size_t>(8, text.size() - i));
    h.low = fold(h.low ^ word, seed[2]);
    h.high = fold(h.high ^ word, seed[3]);
  }
  return {fold(h.low, seed[3]), fold(h.high, seed[2])};
}

/// The row that holds a key, so far.
struct holder {
  hash128 key;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;  // 0: the slot is free
};

/// An open-addressed table of fixed size.
class key_table {
 public:
  explicit key_table(std::size_t slots) : slots_(slots) {}
  /// How many keys go into so many slots before looking for one becomes long.
  [[nodiscard]] static constexpr std::size_t capacity(std::size_t slots) noexcept {
    return slots / 4 * 3;
  }

  /// The slot of the key, or the free slot where it goes.
  [[nodiscard]] holder& find(const hash128& key) noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = key.low & mask;; i = (i + 1) & mask) {
      if (slots_[i].line == 0 || slots_[i].key == key) return slots_[i];
    }
  }
  void taken() noexcept { ++keys_; }
  /// One more key might leave no free slot to end a search.
  [[nodiscard]] bool full() const noexcept { return keys_ + 1 >= slots_.size(); }
  void clear() {
    std::ranges::fill(slots_, holder{});
    keys_ = 0;
  }

 private:
  std::vector<holder> slots_;
  std::size_t keys_ = 0;
};

struct key_rule {
  std::uint32_t key = 0;
  std::vector<std::size_t> columns = {};
  bool last_wins = false;
};

struct loser {
  std::uint64_t offset = 0;
  hash128 key;
};

class finder {
 public:
  finder(const import_plan& plan, std::uint64_t records)
      : plan_(plan),
        slots_(std::bit_floor(plan.options.duplicate_memory / sizeof(holder))),
        passes_(records / key_table::capacity(slots_) + 1),
        table_(std::min<std::uint64_t>(slots_, std::bit_ceil(records + records / 2 + 2))) {
    random_source& random =
        plan.options.random != nullptr ? *plan.options.random : random_source::system();
    for (std::uint64_t& s : seed_) s = random.below(UINT64_MAX) | 1U;
  }

  result<void> apply(const key_rule& rule) {
    const std::size_t before = all_.size();
    for (std::uint64_t pass = 0; pass < passes_; ++pass) {
      table_.clear();
      losers_.clear();
      next_lost_ = 0;
      lost_ = before;
      if (auto read = read_file(rule, pass); !read) return read;
      for (const loser& l : losers_) {
        all_.push_back({l.offset, table_.find(l.key).line, rule.key});
      }
    }
    // The rows that lose now are no holders for the rules that follow.
    std::ranges::sort(all_, {}, &import_duplicate::offset);
    return {};
  }

  std::vector<import_duplicate> take() { return std::move(all_); }

 private:
  result<void> read_file(const key_rule& rule, std::uint64_t pass) {
    const import_record& r = plan_.record;
    auto source = plan_.file.open(r.begin.offset);
    if (!source) return source.error();
    auto reader = csv::reader::open_at(**source, r.begin, r.header_columns, plan_.inside);
    if (!reader) return reader.error();
    for (;;) {
      auto more = (*reader)->next();
      if (!more) return more.error();
      const csv::record& record = (*reader)->row();
      if (!*more || record.begin().offset >= r.end.offset) return {};
      if (has_lost(record.begin().offset)) continue;
      errors_.clear();
      if (!plan_.checker.check(record, row_, errors_)) continue;
      const std::optional<hash128> key = key_of(rule);
      if (!key || key->high % passes_ != pass) continue;
      if (table_.full()) return changed_file(plan_, record.begin());
      note(*key, record.begin(), rule.last_wins);
    }
  }

  /// Whether the row lost by a rule before; rows come in order of their offsets.
  bool has_lost(std::uint64_t offset) noexcept {
    while (next_lost_ < lost_ && all_[next_lost_].offset < offset) ++next_lost_;
    return next_lost_ < lost_ && all_[next_lost_].offset == offset;
  }

  /// None where a part is NULL: that equals nothing.
  std::optional<hash128> key_of(const key_rule& rule) {
    key_.clear();
    for (const std::size_t column : rule.columns) {
      const sql::value_view v = row_[column];
      if (v.is_null()) return {};
      sql::append_canonical(key_, v);
    }
    return hash_of(key_, seed_);
  }

  void note(const hash128& key, const csv::position& at, bool last_wins) {
    holder& held = table_.find(key);
    if (held.line == 0) {
      held = {key, at.offset, at.line};
      table_.taken();
    } else if (last_wins) {
      losers_.push_back({held.offset, key});
      held = {key, at.offset, at.line};
    } else {
      losers_.push_back({at.offset, key});
    }
  }

  const import_plan& plan_;
  std::size_t slots_;
  std::uint64_t passes_;
  key_table table_;
  std::array<std::uint64_t, 4> seed_{};
  typed_row row_;
  std::vector<row_error> errors_;
  std::string key_;
  std::vector<loser> losers_;
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
