// SPDX-License-Identifier: BSL-1.0
#include "compress/raw_deflate.hpp"

#define ZLIB_CONST
#include <zlib.h>

namespace scalekit::inline v0::compress::detail {

std::size_t deflate_bound(std::size_t size) noexcept {
  // What deflateBound() gives for these settings, and the 5 bytes of the flush marker after the
  // last, possibly unfinished, byte.
  return ::compressBound(static_cast<uLong>(size)) + 16;
}

deflated deflate_block(int level, std::string_view input, std::span<char> output) noexcept {
  constexpr int raw_window_bits = -15;
  constexpr int memory_level = 8;
  const auto* in = reinterpret_cast<const Bytef*>(input.data());
  z_stream stream{};
  const int opened =
      ::deflateInit2(&stream, level, Z_DEFLATED, raw_window_bits, memory_level, Z_DEFAULT_STRATEGY);
  if (opened == Z_MEM_ERROR) return {.status = deflate_status::out_of_memory};
  if (opened != Z_OK) return {};
  stream.next_in = in;
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  const int done = ::deflate(&stream, Z_SYNC_FLUSH);
  // With room left over, the flush is known to be complete.
  const bool complete = done == Z_OK && stream.avail_in == 0 && stream.avail_out != 0;
  ::deflateEnd(&stream);
  if (!complete) return {};
  return {
      .status = deflate_status::ok,
      .size = output.size() - stream.avail_out,
      .crc = static_cast<std::uint32_t>(::crc32(0, in, static_cast<uInt>(input.size())))};
}

}  // namespace scalekit::inline v0::compress::detail
