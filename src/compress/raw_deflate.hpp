// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_COMPRESS_RAW_DEFLATE_HPP
#define SCALEKIT_SRC_COMPRESS_RAW_DEFLATE_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// \file
/// The seam between the gzip framing and the library that deflates: zlib or ISA-L, chosen when
/// scalekit is built. Each has one source file that implements these.

namespace scalekit::inline v0::compress::detail {

enum class deflate_status : std::uint8_t { ok, out_of_memory, failed };

struct deflated {
  deflate_status status = deflate_status::failed;
  std::size_t size = 0;
  std::uint32_t crc = 0;  ///< CRC-32 of the input
};

/// \brief Room that one block of `size` bytes never exceeds, whatever it holds.
[[nodiscard]] std::size_t deflate_bound(std::size_t size) noexcept;

/// \brief Deflates `input` with no history, not as the last block, up to a byte boundary.
/// \pre `output` has `deflate_bound(input.size())` bytes; `input` is at most 64 MiB.
[[nodiscard]] deflated deflate_block(
    int level, std::string_view input, std::span<char> output
) noexcept;

}  // namespace scalekit::inline v0::compress::detail

#endif
