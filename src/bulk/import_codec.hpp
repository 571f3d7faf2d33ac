// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_CODEC_HPP
#define SCALEKIT_SRC_BULK_IMPORT_CODEC_HPP

#include "bulk/import_store.hpp"

#include <scalekit/result.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// What an import keeps of itself, as bytes: big-endian integers and framed texts, with a version.
/// Decoding fails with `data_corrupted`.

[[nodiscard]] std::string encode(const import_record& record);
[[nodiscard]] result<import_record> decode_record(std::string_view text);

[[nodiscard]] std::string encode(const import_chunk& chunk);
[[nodiscard]] result<import_chunk> decode_chunk(std::string_view text);

[[nodiscard]] std::string encode(std::span<const import_reject> rejects);
[[nodiscard]] result<std::vector<import_reject>> decode_rejects(std::string_view text);

[[nodiscard]] std::string encode(std::span<const import_duplicate> duplicates);
/// Appends to `out`.
[[nodiscard]] result<void> decode_duplicates(
    std::string_view text, std::vector<import_duplicate>& out
);

}  // namespace scalekit::inline v0::bulk

#endif
