// SPDX-License-Identifier: BSL-1.0
#include <scalekit/compress/gunzip.hpp>

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace scalekit::inline v0::compress {

namespace {

constexpr std::size_t input_size = std::size_t{64} * 1024;

/// Where in the compressed stream the next byte belongs to.
enum class part {
  start,    ///< nothing read yet
  member,   ///< in one
  between,  ///< behind one: another, padding, garbage or the end
  padding,  ///< behind a zero: more of them, garbage or the end
  end
};

}  // namespace

bool is_gzip(std::string_view front) noexcept {
  return front.starts_with("\x1f\x8b\x08");  // the magic, and deflate, the only method there is
}

struct gunzip_source::state {
  state(csv::byte_source& from, trailing_garbage policy) noexcept
      : compressed(from), garbage(policy) {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (at != part::start) ::inflateEnd(&stream);
  }

  csv::byte_source& compressed;
  trailing_garbage garbage;
  z_stream stream{};
  part at = part::start;
  std::uint64_t taken = 0;   ///< bytes got from `compressed`
  std::uint64_t member = 0;  ///< from 1
  std::uint64_t member_begin = 0;
  std::optional<::scalekit::error> failure;
  std::array<char, input_size> input;

  /// Of the next compressed byte that zlib has not had.
  [[nodiscard]] std::uint64_t offset() const noexcept { return taken - stream.avail_in; }

  ::scalekit::error corrupted(std::string_view what) const {
    return {
        errc::data_corrupted,
        "gzip member " + std::to_string(member) + ", begun at byte " +
            std::to_string(member_begin) + ": " + std::string(what) + " (at byte " +
            std::to_string(offset()) + "); get the file anew, or make it again"};
  }

  result<bool> fill();
  result<bool> at_member();
  result<void> begin_member();
  result<void> skip_to_member();
  result<std::size_t> inflate_some(std::span<char> into);
  result<std::size_t> read(std::span<char> into);
};

/// Sees to it that there is input; false at its end.
result<bool> gunzip_source::state::fill() {
  if (stream.avail_in != 0) return true;
  auto got = compressed.read(input);
  if (!got) return got.error();
  stream.next_in = reinterpret_cast<const Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(*got);
  taken += *got;
  return *got != 0;
}

/// Whether what comes next is a member, by both of its magic bytes: garbage may have the first. One
/// that was cut behind that byte is a member to whoever wants no garbage.
result<bool> gunzip_source::state::at_member() {
  constexpr Bytef magic[] = {0x1f, 0x8b};
  if (*stream.next_in != magic[0]) return false;
  if (stream.avail_in == 1) {
    input[0] = static_cast<char>(magic[0]);
    auto got = compressed.read(std::span(input).subspan(1));
    if (!got) return got.error();
    stream.next_in = reinterpret_cast<const Bytef*>(input.data());
    stream.avail_in += static_cast<uInt>(*got);
    taken += *got;
  }
  if (stream.avail_in == 1) return garbage == trailing_garbage::refuse;
  return stream.next_in[1] == magic[1];
}

result<void> gunzip_source::state::begin_member() {
  if (at == part::start) {
    constexpr int gzip_only = 15 + 16;
    const int opened = ::inflateInit2(&stream, gzip_only);
    if (opened == Z_MEM_ERROR) return error(errc::limit_exceeded, "gunzip: no memory for inflate");
    if (opened != Z_OK) return error(errc::internal, "gunzip: zlib cannot be started");
  } else {
    ::inflateReset(&stream);
  }
  at = part::member;
  ++member;
  member_begin = offset();
  return {};
}

/// From between members to the next one, or to the end.
result<void> gunzip_source::state::skip_to_member() {
  for (;;) {
    auto more = fill();
    if (!more) return more.error();
    if (!*more) {
      at = part::end;
      return {};
    }
    if (at == part::between) {
      auto member_follows = at_member();
      if (!member_follows) return member_follows.error();
      if (*member_follows) return begin_member();
    }
    if (*stream.next_in != 0) {
      at = part::end;
      if (garbage == trailing_garbage::ignore) return {};
      return corrupted("it is whole, but what follows it is not gzip");
    }
    at = part::padding;
    ++stream.next_in;
    --stream.avail_in;
  }
}

/// Text of the current member; none where input or the member has come to its end.
result<std::size_t> gunzip_source::state::inflate_some(std::span<char> into) {
  auto more = fill();
  if (!more) return more.error();
  if (!*more) return corrupted(taken == 0 ? "the file is empty" : "the file ends in its midst");
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(into.size());
  const int done = ::inflate(&stream, Z_NO_FLUSH);
  if (done == Z_MEM_ERROR) return error(errc::limit_exceeded, "gunzip: no memory for the window");
  if (done == Z_STREAM_END) {
    at = part::between;
  } else if (done != Z_OK) {
    return corrupted(stream.msg != nullptr ? stream.msg : "the data is damaged");
  }
  return into.size() - stream.avail_out;
}

result<std::size_t> gunzip_source::state::read(std::span<char> into) {
  constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
  into = into.first(std::min(into.size(), most));
  if (at == part::start) {
    if (auto begun = begin_member(); !begun) return begun.error();
  }
  while (at != part::end) {
    if (at == part::member) {
      auto some = inflate_some(into);
      if (!some || *some != 0) return some;
    } else if (auto skipped = skip_to_member(); !skipped) {
      return skipped.error();
    }
  }
  return std::size_t{0};
}

gunzip_source::gunzip_source(csv::byte_source& compressed, trailing_garbage garbage)
    : state_(std::make_unique<state>(compressed, garbage)) {}

gunzip_source::~gunzip_source() = default;

result<std::size_t> gunzip_source::read(std::span<char> into) {
  if (state_->failure) return *state_->failure;
  auto got = state_->read(into);
  if (!got) state_->failure = got.error();
  return got;
}

namespace {

/// The text of a file, with the source it comes from.
class file_text final : public csv::byte_source {
 public:
  file_text(std::string name, std::unique_ptr<csv::byte_source> from, trailing_garbage garbage)
      : name_(std::move(name)), compressed_(std::move(from)), text_(*compressed_, garbage) {}

  result<std::size_t> read(std::span<char> into) override {
    auto got = text_.read(into);
    if (got) return got;
    return std::move(got).error().with_context(name_);
  }

 private:
  std::string name_;
  std::unique_ptr<csv::byte_source> compressed_;
  gunzip_source text_;
};

result<void> skip(csv::byte_source& text, std::uint64_t bytes_to_skip) {
  std::array<char, 16 * 1024> scratch;
  while (bytes_to_skip != 0) {
    const auto piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes_to_skip, scratch.size()));
    auto got = text.read(std::span(scratch).first(piece));
    if (!got) return got.error();
    if (*got == 0) return {};
    bytes_to_skip -= *got;
  }
  return {};
}

}  // namespace

result<std::unique_ptr<csv::byte_source>> gunzip_file::open(std::uint64_t offset) {
  auto from = compressed_->open(0);
  if (!from) return from.error();
  std::unique_ptr<csv::byte_source> text =
      std::make_unique<file_text>(std::string(name()), *std::move(from), garbage_);
  if (auto skipped = skip(*text, offset); !skipped) return skipped.error();
  return text;
}

}  // namespace scalekit::inline v0::compress
