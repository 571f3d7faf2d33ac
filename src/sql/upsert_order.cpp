// SPDX-License-Identifier: BSL-1.0
#include "sql/upsert_plan.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <compare>
#include <numeric>
#include <optional>

namespace scalekit::inline v0::sql {

namespace {

// Two orders of keys. The exact one, by bytes, says which rows are of one key. Rows are written in
// the loose one, in which keys are alike that a database may hold for equal, because those must
// keep the order of the batch: the row that is to win must be the one that does.
enum class sameness { exact, loose };

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view without_trailing(std::string_view text, char c) noexcept {
  return text.substr(0, text.find_last_not_of(c) + 1);
}

// 1.50 and 01.5 are one number to a DECIMAL column.
std::string_view plain_decimal(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.find('.') != std::string_view::npos) {
    text = without_trailing(without_trailing(text, '0'), '.');
  }
  const auto first = text.find_first_not_of('0');
  return text.substr(first == std::string_view::npos ? text.size() : first);
}

std::strong_ordering compare_loosely(std::string_view a, std::string_view b) noexcept {
  a = without_trailing(a, ' ');
  b = without_trailing(b, ' ');
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (a[i] == b[i]) continue;
    const auto x = static_cast<unsigned char>(lower(a[i]));
    const auto y = static_cast<unsigned char>(lower(b[i]));
    if (x != y) return x <=> y;
  }
  return a.size() <=> b.size();
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Whether a column of numbers could take it for one.
bool looks_numeric(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text[0] != '.' && !is_digit(text[0]))) return false;
  double number = 0;
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), number);
  return why != std::errc::invalid_argument && end == text.data() + text.size();
}

// The texts of one key column, which are numbers if the column says so.
class numeric_texts {
 public:
  // Whether texts that differ are numbers that differ, with this one too. Digits alone do that if
  // none is padded, or all to one width, and an integer of 64 bits holds them.
  [[nodiscard]] bool add(std::string_view text) noexcept {
    constexpr std::size_t most_digits = 18;
    if (!std::ranges::all_of(text, is_digit)) return !looks_numeric(text);
    if (text.empty()) return true;
    if (width_ == 0) width_ = text.size();
    is_one_width_ = is_one_width_ && text.size() == width_;
    is_padded_ = is_padded_ || (text.size() > 1 && text[0] == '0');
    return text.size() <= most_digits && (is_one_width_ || !is_padded_);
  }

 private:
  std::size_t width_ = 0;
  bool is_one_width_ = true;
  bool is_padded_ = false;
};

// The kinds of integers are one: which of them a number has depends on its size alone.
value_kind class_of(value_view v) noexcept {
  return v.kind() == value_kind::uint64 ? value_kind::int64 : v.kind();
}

// Databases hold the two zeros for equal.
std::uint64_t bits_of(double d, sameness how) noexcept {
  return how == sameness::loose && d == 0 ? 0 : std::bit_cast<std::uint64_t>(d);
}

std::strong_ordering compare(value_view a, value_view b, sameness how) noexcept {
  const value_kind kind = class_of(a);
  if (kind != class_of(b)) return kind <=> class_of(b);
  switch (kind) {
    case value_kind::float64:
      return bits_of(a.as_double(), how) <=> bits_of(b.as_double(), how);
    case value_kind::text:
      if (how == sameness::loose) return compare_loosely(a.as_text(), b.as_text());
      return a.as_text() <=> b.as_text();
    case value_kind::decimal:
      if (how == sameness::loose) return plain_decimal(a.as_text()) <=> plain_decimal(b.as_text());
      return a.as_text() <=> b.as_text();
    case value_kind::blob:
      return a.as_text() <=> b.as_text();
    default:
      break;
  }
  const auto is_large = [](value_view v) {
    return v.kind() == value_kind::uint64 && v.as_uint64() > INT64_MAX;
  };
  if (is_large(a) != is_large(b)) return is_large(a) <=> is_large(b);
  return a.as_int64() <=> b.as_int64();
}

class sorter {
 public:
  sorter(const upsert::plan& p, parameters values) noexcept : plan_(p), values_(values) {}

  [[nodiscard]] result<void> check_keys() const {
    for (std::size_t row = 0; row < count(); ++row) {
      for (const std::size_t k : plan_.keys) {
        if (!at(row, k).is_null()) continue;
        return error(
            errc::invalid_argument,
            "row " + std::to_string(row) + ": the key column " + plan_.columns[k] +
                " is NULL, which equals no other: it would be inserted each time"
        );
      }
    }
    return {};
  }

  // Whether the batch can be written as it is.
  [[nodiscard]] bool is_in_order() const noexcept {
    if (is_backwards() && !is_sameness_known()) return false;
    for (std::size_t row = 1; row < count(); ++row) {
      if (compare_rows(row - 1, row, sameness::loose) >= 0) return false;
    }
    return true;
  }

  [[nodiscard]] result<std::vector<std::size_t>> sort() const {
    std::vector<std::size_t> order(count());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [this](std::size_t a, std::size_t b) {
      auto less = compare_rows(a, b, sameness::loose);
      if (less == 0) less = compare_rows(a, b, sameness::exact);
      return less != 0 ? less < 0 : a < b;
    });
    if (auto folded = fold(order); !folded) return folded.error();
    arrange_alike(order);
    return order;
  }

 private:
  [[nodiscard]] std::size_t count() const noexcept { return values_.size() / plan_.width(); }
  [[nodiscard]] value_view at(std::size_t row, std::size_t column) const noexcept {
    return values_[row * plan_.width() + column];
  }

  [[nodiscard]] std::strong_ordering compare_rows(std::size_t a, std::size_t b, sameness how)
      const noexcept {
    for (const std::size_t k : plan_.keys) {
      if (const auto order = compare(at(a, k), at(b, k), how); order != 0) return order;
    }
    return std::strong_ordering::equal;
  }

  // Leaves one row of each key.
  [[nodiscard]] result<void> fold(std::vector<std::size_t>& order) const {
    std::optional<std::pair<std::size_t, std::size_t>> twice;
    auto out = order.begin();
    for (auto first = order.begin(); first != order.end();) {
      auto end = first + 1;
      while (end != order.end() && compare_rows(*first, *end, sameness::exact) == 0) ++end;
      if (end - first > 1 && (!twice || first[1] < twice->second)) twice = {*first, first[1]};
      *out++ = plan_.duplicates == duplicate_policy::last_wins ? end[-1] : *first;
      first = end;
    }
    order.erase(out, order.end());
    if (!twice || plan_.duplicates != duplicate_policy::reject) return {};
    return error(
        errc::invalid_argument,
        "rows " + std::to_string(twice->first) + " and " + std::to_string(twice->second) +
            " have the same key"
    );
  }

  // Rows alike are written in the order of the batch, or against it, so that the right one wins:
  // the last that is written, or the first where nothing is updated.
  [[nodiscard]] bool is_backwards() const noexcept {
    const bool keeps = plan_.on_conflict == on_conflict::do_nothing;
    if (plan_.duplicates == duplicate_policy::reject) return false;
    return (plan_.duplicates == duplicate_policy::first_wins) != keeps;
  }

  void arrange_alike(std::vector<std::size_t>& order) const {
    if (plan_.dialect == dialect::postgres) return;  // it writes no key twice in one statement
    const auto arrange = [&](auto first, auto end) {
      if (end - first < 2) return;
      std::sort(first, end);
      if (is_backwards()) std::reverse(first, end);
    };
    if (!is_sameness_known()) return arrange(order.begin(), order.end());
    for (auto first = order.begin(); first != order.end();) {
      auto end = first + 1;
      while (end != order.end() && compare_rows(*first, *end, sameness::loose) == 0) ++end;
      arrange(first, end);
      first = end;
    }
  }

  // What is alike only the database knows where it converts keys to the column's type, from kinds
  // that are mixed or texts of numbers ("1" and "01"); and where MariaDB and MySQL compare text
  // beyond ASCII, ignoring accents, as a rule, and much else. Such a batch is written in its own
  // order, and all of it counts as alike.
  [[nodiscard]] bool is_sameness_known() const noexcept {
    if (plan_.dialect == dialect::postgres) return true;
    return std::ranges::all_of(plan_.keys, [this](std::size_t k) { return is_sameness_known(k); });
  }

  [[nodiscard]] bool is_sameness_known(std::size_t column) const noexcept {
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
    numeric_texts numbers;
    for (std::size_t row = 0; row < count(); ++row) {
      const value_view v = at(row, column);
      if (class_of(v) != class_of(at(0, column))) return false;
      if (v.kind() != value_kind::text) continue;
      if (!numbers.add(v.as_text())) return false;
      if (plan_.dialect != dialect::sqlite && !std::ranges::all_of(v.as_text(), is_plain)) {
        return false;
      }
    }
    return true;
  }

  const upsert::plan& plan_;
  parameters values_;
};

}  // namespace

result<upsert_batch> upsert_batch::make(const upsert::plan& p, parameters values) {
  upsert_batch batch(values, p.width());
  const sorter rows(p, values);
  if (auto whole = rows.check_keys(); !whole) return whole.error();
  if (rows.is_in_order()) return batch;
  auto order = rows.sort();
  if (!order) return std::move(order).error();
  batch.order_ = *std::move(order);
  batch.size_ = batch.order_.size();
  return batch;
}

parameters upsert_batch::rows(std::size_t first, std::size_t count, std::vector<value_view>& room)
    const {
  if (order_.empty()) return values_.subspan(first * width_, count * width_);
  room.clear();
  for (std::size_t i = first; i < first + count; ++i) {
    const auto one = row(i);
    room.insert(room.end(), one.begin(), one.end());
  }
  return std::span<const value_view>(room);
}

}  // namespace scalekit::inline v0::sql
