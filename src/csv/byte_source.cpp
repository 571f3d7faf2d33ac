// SPDX-License-Identifier: BSL-1.0
#include "csv/content_hash.hpp"

#include <scalekit/csv/byte_source.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace scalekit::inline v0::csv {

namespace {

error system_error(errc what, std::string doing, int code) {
  return {what, "csv: " + doing + ": " + std::generic_category().message(code), {"errno", code}};
}

errc read_failure(int code) noexcept {
  return code == EBADF || code == EINVAL || code == EISDIR ? errc::invalid_argument
                                                           : errc::unavailable;
}

errc open_failure(int code) noexcept {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return errc::not_found;
    case EACCES:
    case EPERM:
    case ENAMETOOLONG:
    case ELOOP:
    case ENXIO:
      return errc::invalid_argument;
    default:
      return errc::unavailable;
  }
}

/// Reads with `pread`, so that any number of them share one descriptor.
class file_part final : public byte_source {
 public:
  file_part(int descriptor, const std::string& path, std::uint64_t offset) noexcept
      : descriptor_(descriptor), path_(path), offset_(offset) {}

  result<std::size_t> read(std::span<char> into) override {
    // Where no file can be, `pread` would call the offset invalid.
    if (offset_ > static_cast<std::uint64_t>(INT64_MAX)) return std::size_t{0};
    for (;;) {
      const ssize_t n = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset_));
      if (n >= 0) {
        offset_ += static_cast<std::uint64_t>(n);
        return static_cast<std::size_t>(n);
      }
      if (errno == EINTR) continue;
      const int code = errno;
      const std::string where = path_ + " at byte " + std::to_string(offset_);
      return system_error(read_failure(code), "cannot read " + where, code);
    }
  }

 private:
  int descriptor_;
  const std::string& path_;
  std::uint64_t offset_;
};

}  // namespace

byte_source::~byte_source() = default;
input_file::~input_file() = default;

result<std::size_t> memory_source::read(std::span<char> into) {
  const std::size_t n = std::min(into.size(), rest_.size());
  if (n != 0) std::memcpy(into.data(), rest_.data(), n);
  rest_.remove_prefix(n);
  return n;
}

result<std::size_t> fd_source::read(std::span<char> into) {
  for (;;) {
    const ssize_t n = ::read(descriptor_, into.data(), into.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // What is wrong with the descriptor, if anything, the next read reports.
      pollfd p{descriptor_, POLLIN, 0};
      static_cast<void>(::poll(&p, 1, -1));
    } else if (errno != EINTR) {
      const int code = errno;
      return system_error(read_failure(code), "cannot read from the file descriptor", code);
    }
  }
}

result<std::unique_ptr<disk_file>> disk_file::open_path(std::string path) {
  if (path.find('\0') != std::string::npos) {
    return error{errc::invalid_argument, "csv: a path cannot hold a NUL character"};
  }
  // Non-blocking, since opening a pipe that nobody writes to would wait.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const int code = errno;
    return system_error(open_failure(code), "cannot open " + path, code);
  }
  std::unique_ptr<disk_file> file(new disk_file(std::move(path), descriptor));
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) {
    const int code = errno;
    return system_error(errc::unavailable, "cannot look at " + file->path_, code);
  }
  if (!S_ISREG(about.st_mode)) {
    return error{
        errc::invalid_argument,
        "csv: " + file->path_ + " is not a regular file; read a pipe or device by fd_source"};
  }
  return file;
}

disk_file::disk_file(std::string path, int descriptor) noexcept
    : path_(std::move(path)), descriptor_(descriptor) {}

disk_file::~disk_file() { ::close(descriptor_); }

result<std::unique_ptr<byte_source>> disk_file::open(std::uint64_t offset) {
  return std::unique_ptr<byte_source>(new file_part(descriptor_, path_, offset));
}

std::uint64_t disk_file::stamp() const noexcept {
  struct stat about {};
  if (::fstat(descriptor_, &about) != 0) return 0;
  const std::array<std::uint64_t, 3> facts{
      static_cast<std::uint64_t>(about.st_size),
      static_cast<std::uint64_t>(about.st_mtim.tv_sec),
      static_cast<std::uint64_t>(about.st_mtim.tv_nsec)};
  const auto bytes = std::as_bytes(std::span(facts));
  return hash_block({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) | 1U;
}

result<std::unique_ptr<byte_source>> memory_file::open(std::uint64_t offset) {
  const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(offset, text_.size()));
  return std::unique_ptr<byte_source>(new memory_source(text_.substr(at)));
}

}  // namespace scalekit::inline v0::csv
