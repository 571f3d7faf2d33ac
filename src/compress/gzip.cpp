// SPDX-License-Identifier: BSL-1.0
#include "compress/raw_deflate.hpp"

#include <scalekit/compress/gzip.hpp>

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace scalekit::inline v0::compress {

namespace {

using detail::deflate_status;

enum class phase : int { filling, queued, running, done };

/// One piece of the input on its way. Whoever moves it from queued to running compresses it: a
/// task on the executor, or the stream itself when it can wait no longer.
struct block {
  std::string input;
  std::string output;
  detail::deflated outcome;
  std::atomic<phase> at = phase::filling;

  bool claim() noexcept {
    phase expected = phase::queued;
    return at.compare_exchange_strong(expected, phase::running);
  }

  void compress_if_queued(int level) noexcept {
    if (!claim()) return;
    outcome = detail::deflate_block(level, input, output);
    at = phase::done;
    at.notify_all();
  }

  void wait() const noexcept {
    for (phase now = at; now != phase::done; now = at) at.wait(now);
  }
};

void append_little_endian(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
  }
}

result<void> check(const gzip_options& options) {
  const auto bad = [](const char* what) {
    return error(errc::invalid_argument, std::string("gzip: ") + what);
  };
  if (options.level < 1 || options.level > 9) return bad("level must be 1 to 9");
  if (options.block_size < 4096 || options.block_size > (std::size_t{64} << 20)) {
    return bad("block_size must be 4 KiB to 64 MiB");
  }
  if (options.max_in_flight < 1 || options.max_in_flight > 1024) {
    return bad("max_in_flight must be 1 to 1024");
  }
  return {};
}

}  // namespace

struct gzip_stream::state {
  gzip_options options;
  std::shared_ptr<block> filling;
  std::deque<std::shared_ptr<block>> in_flight;
  std::vector<std::shared_ptr<block>> spare;
  std::uint64_t taken = 0;
  std::uint32_t crc = 0;
  bool header_written = false;
  std::optional<::scalekit::error> broken;

  void start_block();
  void submit();
  void collect_oldest(std::string& out);
  void collect_ready(std::string& out);
  void write_header(std::string& out);
};

void gzip_stream::state::start_block() {
  if (spare.empty()) {
    filling = std::make_shared<block>();
    filling->input.reserve(options.block_size);
    // Sized here, so that a task has nothing left to allocate and nothing to throw.
    filling->output.resize(detail::deflate_bound(options.block_size));
  } else {
    filling = std::move(spare.back());
    spare.pop_back();
    filling->input.clear();
  }
}

void gzip_stream::state::submit() {
  const std::shared_ptr<block> full = std::move(filling);
  filling.reset();
  in_flight.push_back(full);
  full->at = phase::queued;
  if (options.executor) {
    options.executor([full, level = options.level] { full->compress_if_queued(level); });
  }
}

void gzip_stream::state::collect_oldest(std::string& out) {
  const std::shared_ptr<block> oldest = std::move(in_flight.front());
  in_flight.pop_front();
  oldest->compress_if_queued(options.level);
  oldest->wait();
  const detail::deflated& made = oldest->outcome;
  if (made.status != deflate_status::ok) {
    if (!broken) {
      broken = made.status == deflate_status::out_of_memory
                   ? error(errc::limit_exceeded, "gzip: no memory for a block; use fewer in flight")
                   : error(errc::internal, "gzip: the deflate library failed on a block");
    }
    return;
  }
  out.append(oldest->output, 0, made.size);
  crc = static_cast<std::uint32_t>(
      ::crc32_combine(crc, made.crc, static_cast<z_off_t>(oldest->input.size()))
  );
  // A task that came too late may still hold the block; it finds it not queued, or queued anew.
  oldest->at = phase::filling;
  spare.push_back(oldest);
}

void gzip_stream::state::collect_ready(std::string& out) {
  while (!in_flight.empty() && in_flight.front()->at == phase::done) collect_oldest(out);
}

void gzip_stream::state::write_header(std::string& out) {
  if (std::exchange(header_written, true)) return;
  // RFC 1952: magic, deflate, no flags, mtime 0, XFL 4 (fastest) or 0, OS 255 (unknown).
  const char extra_flags = options.level == 1 ? 4 : 0;
  out.append({'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, extra_flags, '\xff'});
}

result<gzip_stream> gzip_stream::make(gzip_options options) {
  if (auto good = check(options); !good) return good.error();
  auto made = std::make_unique<state>();
  made->options = std::move(options);
  return gzip_stream(std::move(made));
}

gzip_stream::gzip_stream(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
gzip_stream::gzip_stream(gzip_stream&&) noexcept = default;
gzip_stream& gzip_stream::operator=(gzip_stream&& other) noexcept {
  // By way of a temporary, so that the old stream's blocks are dropped as in destruction.
  gzip_stream taken(std::move(other));
  state_.swap(taken.state_);
  return *this;
}

gzip_stream::~gzip_stream() {
  if (!state_) return;
  // Claiming a block makes its task do nothing.
  for (const auto& waiting : state_->in_flight) waiting->claim();
}

result<void> gzip_stream::write(std::string_view data, std::string& out) {
  state& s = *state_;
  if (s.broken) return *s.broken;
  s.write_header(out);
  while (!data.empty()) {
    if (!s.filling) s.start_block();
    const std::size_t room = s.options.block_size - s.filling->input.size();
    const std::string_view part = data.substr(0, room);
    s.filling->input.append(part);
    s.taken += part.size();
    data.remove_prefix(part.size());
    if (s.filling->input.size() < s.options.block_size) break;

    const bool inline_only = !s.options.executor;
    while (!inline_only && s.in_flight.size() >= s.options.max_in_flight) s.collect_oldest(out);
    s.submit();
    if (inline_only) s.collect_oldest(out);
  }
  s.collect_ready(out);
  if (s.broken) return *s.broken;
  return {};
}

result<void> gzip_stream::finish(std::string& out) {
  state& s = *state_;
  if (s.broken) return *s.broken;
  s.write_header(out);
  if (s.filling && !s.filling->input.empty()) s.submit();
  while (!s.in_flight.empty()) s.collect_oldest(out);
  if (s.broken) return *s.broken;
  // The blocks all said that more follows: an empty last one, with fixed codes, ends the data.
  out.append({'\x03', '\x00'});
  append_little_endian(out, s.crc);
  append_little_endian(out, static_cast<std::uint32_t>(s.taken));
  s.broken.emplace(errc::invalid_argument, "gzip: the stream is finished");
  s.spare.clear();
  return {};
}

std::uint64_t gzip_stream::bytes_in() const noexcept { return state_->taken; }

}  // namespace scalekit::inline v0::compress
