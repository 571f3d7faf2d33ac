// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_batch.hpp"

#include <algorithm>

namespace scalekit::inline v0::bulk {

void text_arena::grow(std::size_t needed) {
  while (current_ < blocks_.size() && blocks_[current_].size < needed) ++current_;
  if (current_ == blocks_.size()) {
    const std::size_t size = std::max(needed, block_bytes);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  }
  next_ = blocks_[current_].memory.get();
  left_ = blocks_[current_].size;
  ++current_;
}

void text_arena::clear() noexcept {
  // A block for one huge value is not kept: the next may never come.
  std::erase_if(blocks_, [](const block& b) { return b.size > block_bytes; });
  current_ = 0;
  next_ = nullptr;
  left_ = 0;
  used_ = 0;
}

void import_batch::add_row(std::span<const sql::value_view> row, const row_place& place) {
  for (const sql::value_view v : row) {
    switch (v.kind()) {
      case sql::value_kind::text:
        values.emplace_back(arena.keep(v.as_text()));
        break;
      case sql::value_kind::decimal:
        values.push_back(sql::value_view::decimal(arena.keep(v.as_text())));
        break;
      case sql::value_kind::blob:
        values.emplace_back(as_bytes(arena.keep(as_text(v.as_blob()))));
        break;
      default:
        values.push_back(v);
    }
  }
  rows.push_back(place);
}

void import_batch::clear() {
  values.clear();
  rows.clear();
  rejects.clear();
  records = 0;
  folded = 0;
  arena.clear();
}

}  // namespace scalekit::inline v0::bulk
