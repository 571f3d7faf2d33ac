// SPDX-License-Identifier: BSL-1.0
#include "csv/content_hash.hpp"
#include "csv/splitter_scan.hpp"
#include "csv/splitter_tracker.hpp"

#include <scalekit/csv/splitter.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <span>
#include <utility>

namespace scalekit::inline v0::csv {

namespace {

using splitting::block_sums;
using splitting::bytes_before;
using splitting::cutter;
using splitting::marks;
using splitting::tracker;

enum class phase : int { filling, queued, running, done };

/// A block of the file on its way. Whoever moves it from queued to running scans it: a task on the
/// executor, or the caller when it can wait no longer.
struct block {
  std::unique_ptr<char[]> memory = std::make_unique_for_overwrite<char[]>(hashed_block_bytes);
  std::string_view text;  ///< all of it
  std::string_view rows;  ///< what is to be scanned
  bytes_before before{};
  marks spelling;
  block_sums sums;
  std::uint64_t hash = 0;
  std::atomic<phase> at = phase::filling;

  bool claim() noexcept {
    phase expected = phase::queued;
    return at.compare_exchange_strong(expected, phase::running);
  }
  void scan_if_queued() noexcept {
    if (!claim()) return;
    sums = splitting::add_up(rows, before, spelling);
    hash = hash_block(text);
    at = phase::done;
    at.notify_all();
  }
  void wait() const noexcept {
    for (phase now = at; now != phase::done; now = at) at.wait(now);
  }
};

/// Reads until `into` is full or the source ends.
result<std::size_t> fill(byte_source& from, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    auto got = from.read(into.subspan(filled));
    if (!got) return got.error();
    if (*got == 0) break;
    filled += *got;
  }
  return filled;
}

/// Reads the file once: hashes all of it, and scans what is behind `start`.
class first_pass {
 public:
  first_pass(
      const split_options& options, const position& start, const marks& m, bool scan
  ) noexcept
      : options_(options),
        start_(start.offset),
        marks_(m),
        scan_(scan),
        track_(options, start, m) {}
  first_pass(const first_pass&) = delete;
  first_pass& operator=(const first_pass&) = delete;
  ~first_pass() {
    // Claiming a block makes its task do nothing.
    for (const auto& waiting : in_flight_) waiting->claim();
  }

  result<void> run(byte_source& from) {
    const std::size_t most = options_.executor ? options_.max_in_flight : 1;
    for (bool more = true; more;) {
      if (in_flight_.size() >= most) collect_oldest();
      auto next = read_block(from);
      if (!next) return next.error();
      more = *next != nullptr;
      if (more) submit(*std::move(next));
    }
    while (!in_flight_.empty()) collect_oldest();
    return {};
  }

  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_.value(); }
  /// What was scanned; null if nothing was, or it cannot be relied upon.
  [[nodiscard]] tracker* found() noexcept {
    return scan_ && track_.trustworthy() ? &track_ : nullptr;
  }

 private:
  /// Null at the end of the file.
  result<std::shared_ptr<block>> read_block(byte_source& from) {
    std::shared_ptr<block> next;
    if (spare_.empty()) {
      next = std::make_shared<block>();
    } else {
      next = std::move(spare_.back());
      spare_.pop_back();
    }
    auto got = fill(from, {next->memory.get(), hashed_block_bytes});
    if (!got) return got.error();
    if (*got == 0) return std::shared_ptr<block>();
    next->text = {next->memory.get(), *got};
    const std::uint64_t skipped = start_ > length_ ? start_ - length_ : 0;
    const auto skip = static_cast<std::size_t>(std::min<std::uint64_t>(skipped, *got));
    next->rows = scan_ ? next->text.substr(skip) : std::string_view();
    next->before = before_;
    next->spelling = marks_;
    for (const char c :
         next->rows.substr(next->rows.size() - std::min<std::size_t>(2, next->rows.size()))) {
      before_ = {before_[1], c};
    }
    length_ += *got;
    return next;
  }

  void submit(std::shared_ptr<block> full) {
    in_flight_.push_back(full);
    full->at = phase::queued;
    if (options_.executor) options_.executor([full] { full->scan_if_queued(); });
  }

  void collect_oldest() {
    const std::shared_ptr<block> oldest = std::move(in_flight_.front());
    in_flight_.pop_front();
    oldest->scan_if_queued();
    oldest->wait();
    if (options_.digest != nullptr) options_.digest->update(as_bytes(oldest->text));
    hash_.add(oldest->hash, oldest->text.size());
    track_.take(oldest->rows, oldest->before, oldest->sums);
    // A task that came too late may still hold the block; it finds it not queued, or queued anew.
    oldest->at = phase::filling;
    spare_.push_back(oldest);
  }

  const split_options& options_;
  std::uint64_t start_;
  marks marks_;
  bool scan_;
  tracker track_;
  content_hasher hash_;
  std::uint64_t length_ = 0;
  bytes_before before_ = splitting::file_begin;
  std::deque<std::shared_ptr<block>> in_flight_;
  std::vector<std::shared_ptr<block>> spare_;
};

result<void> check(const split_options& options) {
  const auto bad = [](const char* what) {
    return error(errc::invalid_argument, std::string("csv split: ") + what);
  };
  if (options.every_records != 0 && options.every_bytes != 0) {
    return bad("every_records and every_bytes are both set; choose one");
  }
  if (options.max_in_flight < 1 || options.max_in_flight > 1024) {
    return bad("max_in_flight must be 1 to 1024");
  }
  return {};
}

error changed(const input_file& file) {
  return {
      errc::conflict,
      "csv split: " + std::string(file.name()) +
          " was changed while it was being read; wait until it is complete, and split it again"};
}

/// Whether what is in quotes follows from the parity of quotes alone.
bool parity_tells(const reader_options& reading, text_encoding encoding) noexcept {
  return !reading.escape && !reading.comment && reading.empty_lines == empty_lines::skip &&
         encoding != text_encoding::utf16le && encoding != text_encoding::utf16be;
}

/// Fills in what the beginning of the file tells, and says where the records begin.
result<position> read_front(input_file& file, const reader_options& reading, split_plan& plan) {
  auto from = file.open(0);
  if (!from) return from.error();
  auto in = reader::open(**from, reading);
  if (!in) return in.error();
  const std::span<const std::string> names = (*in)->header();
  plan.header.assign(names.begin(), names.end());
  plan.columns = names.size();
  plan.encoding = (*in)->encoding();
  const position start = (*in)->position();
  if (reading.header == header::absent) {
    auto more = (*in)->next();
    if (!more) return more.error();
    if (*more) plan.columns = (*in)->row().size();
  }
  return start;
}

bool is_irregular(const record& r) {
  return std::any_of(r.issues().begin(), r.issues().end(), [](const issue& i) {
    return i.code == issue_code::stray_quote || i.code == issue_code::unterminated_quote ||
           i.code == issue_code::bare_carriage_return;
  });
}

/// Reads the whole file as any reader would, and cuts it on the way.
result<void> read_points(
    input_file& file, reader_options reading, const split_options& options, split_plan& plan
) {
  reading.malformed_quotes = malformed_quotes::report;
  reading.utf8 = utf8_check::none;
  reading.null_texts.clear();
  auto from = file.open(0);
  if (!from) return from.error();
  auto in = reader::open(**from, std::move(reading));
  if (!in) return in.error();
  cutter cuts(options);
  for (;;) {
    auto more = (*in)->next();
    if (!more) return more.error();
    if (!*more) break;
    const record& r = (*in)->row();
    ++plan.records;
    plan.regular = plan.regular && !is_irregular(r);
    const position& begin = r.begin();
    if (begin.record >= cuts.next_record() || begin.offset >= cuts.next_offset()) cuts.cut(begin);
  }
  plan.points = std::move(cuts).points();
  plan.end = (*in)->position();
  return {};
}

}  // namespace

result<split_plan> split(
    input_file& file, const reader_options& reading, const split_options& options
) {
  if (auto good = check(options); !good) return good.error();
  split_plan plan;
  const auto start = read_front(file, reading, plan);
  if (!start) return start.error();
  auto from = file.open(0);
  if (!from) return from.error();
  const marks spelling{.delimiter = reading.delimiter, .quote = reading.quote};
  first_pass pass(options, *start, spelling, parity_tells(reading, plan.encoding));
  if (auto passed = pass.run(**from); !passed) return passed.error();
  plan.content_hash = pass.hash();
  if (tracker* const found = pass.found(); found != nullptr) {
    plan.end = found->end();
    plan.records = plan.end.record - start->record;
    plan.regular = !found->in_quotes();
    plan.points = std::move(*found).points();
  } else if (auto read = read_points(file, reading, options, plan); !read) {
    return read.error();
  }
  if (plan.end.offset != pass.length()) return changed(file);
  return plan;
}

result<std::uint64_t> content_hash(input_file& file) {
  auto from = file.open(0);
  if (!from) return from.error();
  const auto memory = std::make_unique_for_overwrite<char[]>(hashed_block_bytes);
  content_hasher hash;
  for (;;) {
    auto got = fill(**from, {memory.get(), hashed_block_bytes});
    if (!got) return got.error();
    if (*got == 0) return hash.value();
    hash.add(hash_block({memory.get(), *got}), *got);
  }
}

}  // namespace scalekit::inline v0::csv
