// SPDX-License-Identifier: BSL-1.0
#include "compress/raw_deflate.hpp"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <memory>
#include <new>

namespace scalekit::inline v0::compress::detail {

std::size_t deflate_bound(std::size_t size) noexcept {
  // Stored blocks hold 64 KiB with 5 bytes each; ISA-L falls back to them, and ends with another.
  return size + (size >> 12) + 1024;
}

namespace {

struct work_space {
  isal_zstream stream;
  std::uint8_t level_buffer[ISAL_DEF_LVL3_DEFAULT];
};

}  // namespace

deflated deflate_block(int level, std::string_view input, std::span<char> output) noexcept {
  // Uninitialised on purpose: clearing a third of a megabyte would show beside a fast level.
  const std::unique_ptr<work_space> work(new (std::nothrow) work_space);
  if (!work) return {.status = deflate_status::out_of_memory};
  isal_zstream& stream = work->stream;
  ::isal_deflate_init(&stream);
  stream.level = level == 1 ? 1 : level <= 5 ? 2 : 3;
  stream.level_buf = work->level_buffer;
  stream.level_buf_size = sizeof work->level_buffer;
  stream.gzip_flag = IGZIP_DEFLATE;
  stream.end_of_stream = 0;
  stream.flush = SYNC_FLUSH;
  // ISA-L takes non-const input and does not write to it.
  auto* in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));
  stream.next_in = in;
  stream.avail_in = static_cast<std::uint32_t>(input.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(output.data());
  stream.avail_out = static_cast<std::uint32_t>(output.size());
  const int done = ::isal_deflate(&stream);
  if (done != COMP_OK || stream.avail_in != 0 || stream.avail_out == 0) return {};
  return {
      .status = deflate_status::ok,
      .size = output.size() - stream.avail_out,
      .crc = ::crc32_gzip_refl(0, in, input.size())};
}

}  // namespace scalekit::inline v0::compress::detail
