// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_HASH_HPP
#define SCALEKIT_SRC_BULK_IMPORT_HASH_HPP

#include "bulk/import_plan.hpp"
#include "csv/content_hash.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// The hash of the bytes [begin, end) of a file that goes by in pieces, as \ref hash_range has it.
class range_hasher {
 public:
  range_hasher(std::uint64_t begin, std::uint64_t end) noexcept : at_(begin), end_(end) {}

  /// The next piece of the file, which stands at `offset`. What is not of the range is passed over.
  void add(std::uint64_t offset, std::string_view piece);
  [[nodiscard]] std::uint64_t value();

 private:
  void end_block();

  std::uint64_t at_;
  std::uint64_t end_;
  std::string block_ = {};
  csv::content_hasher whole_ = {};
};

/// Hashes of parts of a file, and of all of it, from one reading: what is said of the parts is said
/// of the file that the whole stands for.
struct file_hashes {
  std::uint64_t whole = 0;   ///< see \ref csv::split_plan::content_hash
  std::uint64_t header = 0;  ///< of what stands before the first row
  std::uint64_t head = 0;    ///< of what stands before the first chunk
};

/// Reads the whole file once, and gives each chunk its hash.
[[nodiscard]] result<file_hashes> hash_file(
    const import_plan& plan, std::vector<import_chunk>& chunks
);

}  // namespace scalekit::inline v0::bulk

#endif
