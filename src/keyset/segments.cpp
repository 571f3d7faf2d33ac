// SPDX-License-Identifier: BSL-1.0
#include "keyset/segments.hpp"

#include <optional>

namespace scalekit::inline v0::keyset::detail {

namespace {

/// Where the fixed columns put a segment in relation to `up_to`.
enum class standing {
  before,     // all of it is before: no test needed
  undecided,  // the columns up to `from` equal it; the database compares the rest
  behind      // none of it is wanted
};

class splitter {
 public:
  splitter(const plan& p, const key_range& range) : plan_(p), range_(range) {}

  std::vector<segment> run() && {
    if (range_.after.empty()) {
      open();
    } else {
      for (std::size_t i = plan_.columns.size(); i-- > 0;) behind_key(i);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] const plan_column& free_column() const { return plan_.columns[pinned_.size()]; }
  [[nodiscard]] sql::value_view limit_of_free() const { return range_.up_to[pinned_.size()]; }

  [[nodiscard]] sql::value_view pinned_value(std::size_t i) const {
    return pinned_[i] == segment::pin::to_null ? sql::value_view() : range_.after[i].view();
  }

  [[nodiscard]] standing against_up_to(std::size_t& from) const {
    from = segment::nowhere;
    if (range_.up_to.empty()) return standing::before;
    for (from = 0; from < pinned_.size(); ++from) {
      const sql::value_view mine = pinned_value(from);
      const sql::value_view other = range_.up_to[from];
      if (sql::identical(mine, other)) continue;
      // Two values may still be equal or not under the column's collation; NULL and a value are
      // not.
      if (!mine.is_null() && !other.is_null()) break;
      return mine.is_null() == plan_.columns[from].nulls_first ? standing::before
                                                               : standing::behind;
    }
    return standing::undecided;
  }

  void behind_key(std::size_t i) {
    pinned_.clear();
    for (std::size_t j = 0; j < i; ++j) {
      pinned_.push_back(range_.after[j].is_null() ? segment::pin::to_null : segment::pin::to_key);
    }
    const plan_column& c = plan_.columns[i];
    if (range_.after[i].is_null()) {
      if (c.nulls_first) values(segment::floor::not_null);
      return;
    }
    const bool at = i + 1 == plan_.columns.size() && range_.from == key_range::start::inclusive;
    values(at ? segment::floor::at_key : segment::floor::behind_key);
    if (c.nullable && !c.nulls_first) null_block();
  }

  /// Everything below the pinned columns.
  void open() {
    const plan_column& c = free_column();
    std::size_t from = 0;
    const standing s = against_up_to(from);
    const bool bounded_here = s == standing::undecided && from == pinned_.size();
    if (!c.nullable) {
      values(segment::floor::none);
    } else if (c.nulls_where_default && !bounded_here) {
      emit({pinned_, segment::floor::none, false, segment::nowhere});
    } else if (c.nulls_first) {
      null_block();
      values(segment::floor::not_null);
    } else {
      values(segment::floor::not_null);
      null_block();
    }
  }

  void null_block() {
    pinned_.push_back(segment::pin::to_null);
    open();
    pinned_.pop_back();
  }

  void values(segment::floor lower) {
    std::size_t from = 0;
    const standing s = against_up_to(from);
    segment out{pinned_, lower, false, segment::nowhere};
    if (s == standing::undecided && from == pinned_.size()) {
      const bool starts_behind = lower == segment::floor::behind_key;
      if (starts_behind && sql::identical(range_.after[from], limit_of_free())) return;
      if (!limit_of_free().is_null()) {
        out.ceiling = true;
        if (from + 1 < plan_.columns.size()) out.up_to_from = from;
      } else if (free_column().nulls_first) {
        return;
      }
      out_.push_back(std::move(out));
      return;
    }
    emit(std::move(out));
  }

  /// Adds a segment that `up_to` meets, if at all, in a pinned column.
  void emit(segment s) {
    std::size_t from = 0;
    const standing where = against_up_to(from);
    if (where == standing::behind) return;
    if (where == standing::undecided) s.up_to_from = from;
    out_.push_back(std::move(s));
  }

  const plan& plan_;
  const key_range& range_;
  std::vector<segment::pin> pinned_;
  std::vector<segment> out_;
};

}  // namespace

std::vector<segment> split(const plan& p, const key_range& range) {
  return splitter(p, range).run();
}

}  // namespace scalekit::inline v0::keyset::detail
