// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_BATCH_HPP
#define SCALEKIT_SRC_BULK_IMPORT_BATCH_HPP

#include "bulk/import_store.hpp"

#include <scalekit/ports/sql_value.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Text that stays where it is until all of it is forgotten; keeps its memory.
class text_arena {
 public:
  [[nodiscard]] std::string_view keep(std::string_view text) {
    if (text.empty()) return {"", 0};
    if (text.size() > left_) grow(text.size());
    std::memcpy(next_, text.data(), text.size());
    const std::string_view kept(next_, text.size());
    next_ += text.size();
    left_ -= text.size();
    used_ += text.size();
    return kept;
  }
  void clear() noexcept;
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

 private:
  static constexpr std::size_t block_bytes = std::size_t{256} * 1024;
  struct block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };
  void grow(std::size_t needed);

  std::vector<block> blocks_;
  std::size_t current_ = 0;  // one past the block in use
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

struct row_place {
  csv::position begin;
  std::uint64_t bytes = 0;
};

/// Rows that are written together, and what was refused among them.
struct import_batch {
  std::size_t chunk = 0;
  std::uint64_t from = 0;                    ///< where its chunk stands before it
  csv::position to = {};                     ///< and behind it
  std::vector<sql::value_view> values = {};  ///< row after row
  std::vector<row_place> rows = {};
  std::vector<import_reject> rejects = {};
  std::uint64_t records = 0;
  std::uint64_t folded = 0;
  text_arena arena = {};

  void add_row(std::span<const sql::value_view> row, const row_place& place);
  void clear();
};

}  // namespace scalekit::inline v0::bulk

#endif
