// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_hash.hpp"

#include <algorithm>
#include <span>

namespace scalekit::inline v0::bulk {

namespace {

/// The next block, shorter than `memory` only at the end of the file.
result<std::string_view> read_block(csv::byte_source& source, std::span<char> memory) {
  std::size_t have = 0;
  while (have < memory.size()) {
    auto n = source.read(memory.subspan(have));
    if (!n) return n.error();
    if (*n == 0) break;
    have += *n;
  }
  return std::string_view(memory.data(), have);
}

}  // namespace

void range_hasher::add(std::uint64_t offset, std::string_view piece) {
  if (at_ >= end_ || offset + piece.size() <= at_) return;
  piece.remove_prefix(static_cast<std::size_t>(at_ - offset));
  const auto rest = std::min<std::uint64_t>(piece.size(), end_ - at_);
  piece = piece.substr(0, static_cast<std::size_t>(rest));
  at_ += piece.size();
  while (!piece.empty()) {
    const std::string_view part = piece.substr(0, csv::hashed_block_bytes - block_.size());
    block_ += part;
    piece.remove_prefix(part.size());
    if (block_.size() == csv::hashed_block_bytes) end_block();
  }
}

std::uint64_t range_hasher::value() {
  if (!block_.empty()) end_block();
  return whole_.value();
}

void range_hasher::end_block() {
  whole_.add(csv::hash_block(block_), block_.size());
  block_.clear();
}

result<file_hashes> hash_file(const import_plan& plan, std::vector<import_chunk>& chunks) {
  auto source = plan.file.open(0);
  if (!source) return source.error();
  range_hasher header(0, plan.record.begin.offset);
  range_hasher head(0, head_end(plan.record, chunks));
  csv::content_hasher whole;
  auto chunk = chunks.begin();
  const auto of_the_chunk = [&] {
    if (chunk == chunks.end()) return range_hasher(0, 0);
    return range_hasher(chunk->begin.offset, chunk->end);
  };
  range_hasher rows = of_the_chunk();
  std::vector<char> block(csv::hashed_block_bytes);
  for (std::uint64_t at = 0;;) {
    auto piece = read_block(**source, block);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    whole.add(csv::hash_block(*piece), piece->size());
    header.add(at, *piece);
    head.add(at, *piece);
    rows.add(at, *piece);
    for (; chunk != chunks.end() && chunk->end <= at + piece->size(); rows.add(at, *piece)) {
      chunk->hash = rows.value();
      ++chunk;
      rows = of_the_chunk();
    }
    at += piece->size();
  }
  return file_hashes{.whole = whole.value(), .header = header.value(), .head = head.value()};
}

}  // namespace scalekit::inline v0::bulk
