// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_impl.hpp"
#include "bulk/import_patience.hpp"

#include <scalekit/bulk/error_report.hpp>
#include <scalekit/bulk/import_job.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace scalekit::inline v0::bulk {

namespace {

/// Copies pieces of a file, the later ones behind the earlier.
class piece_copier {
 public:
  piece_copier(csv::input_file& file, const import_job::sink& out)
      : file_(file), out_(out), buffer_(std::size_t{64} * 1024) {}

  /// A piece that reaches behind the end of the file is an error: the file has been cut.
  result<void> copy(std::uint64_t begin, std::uint64_t end) {
    if (auto there = go_to(begin); !there) return there;
    while (at_ < end) {
      auto part = read(end - at_);
      if (!part) return part.error();
      if (auto taken = out_(*part); !taken) return taken;
    }
    return {};
  }

 private:
  /// A gap that is shorter than this is read: opening anew costs more.
  static constexpr std::uint64_t short_gap = std::uint64_t{256} * 1024;

  result<void> go_to(std::uint64_t offset) {
    const bool near =
        source_ != nullptr && offset >= at_ && (offset - at_ <= short_gap || !file_.seekable());
    if (!near) {
      auto opened = file_.open(offset);
      if (!opened) return opened.error();
      source_ = *std::move(opened);
      at_ = offset;
    }
    while (at_ < offset) {
      if (auto skipped = read(offset - at_); !skipped) return skipped.error();
    }
    return {};
  }

  result<std::string_view> read(std::uint64_t most) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(most, buffer_.size()));
    auto n = source_->read(std::span(buffer_).first(room));
    if (!n) return n.error();
    if (*n == 0) {
      return error(
          errc::conflict,
          std::string(file_.name()) + ": the file ends at byte " + std::to_string(at_) +
              "; it was longer when it was imported"
      );
    }
    at_ += *n;
    return std::string_view(buffer_.data(), *n);
  }

  csv::input_file& file_;
  const import_job::sink& out_;
  std::vector<char> buffer_;
  std::unique_ptr<csv::byte_source> source_;
  std::uint64_t at_ = 0;
};

/// Hands every rejected row to `use`, in input order.
template <class F>
result<void> for_each_reject(const import_plan& plan, import_state_board& board, F use) {
  std::optional<std::uint64_t> after;
  for (;;) {
    auto page = read_patiently(plan, board, [&](sql::connection& db) {
      return plan.store.rejects_after(db, plan.record.id, after);
    });
    if (!page) return page.error();
    if (page->rejects.empty()) return {};
    after = page->key;
    for (const import_reject& r : page->rejects) {
      if (result<void> used = use(r); !used) return used;
    }
  }
}

}  // namespace

result<void> import_job::write_rejects(const sink& out) {
  const import_plan& plan = *impl_->plan;
  auto now = impl_->load();
  if (!now) return now.error();
  const std::uint64_t stamp = plan.file.stamp();
  if (auto same = verify_file(plan, now->chunks); !same) return same;
  piece_copier pieces(plan.file, out);
  if (auto head = pieces.copy(0, plan.record.begin.offset); !head) return head;
  auto all = for_each_reject(plan, impl_->board, [&](const import_reject& r) {
    return pieces.copy(r.begin.offset, r.begin.offset + r.bytes);
  });
  if (all && plan.file.stamp() != stamp) return unsettled_file(plan);
  return all;
}

result<void> import_job::write_errors(const sink& out, report_format format) {
  auto report = error_report::open(format, out);
  if (!report) return report.error();
  auto all =
      for_each_reject(*impl_->plan, impl_->board, [&](const import_reject& r) -> result<void> {
        for (const row_error& e : r.errors) {
          if (auto added = report->add(e); !added) return added;
        }
        return {};
      });
  if (!all) return all;
  return report->finish();
}

result<void> import_job::write_unprocessed(const sink& out) {
  const import_plan& plan = *impl_->plan;
  auto now = impl_->load();
  if (!now) return now.error();
  const std::uint64_t stamp = plan.file.stamp();
  if (auto same = verify_file(plan, now->chunks); !same) return same;
  piece_copier pieces(plan.file, out);
  if (auto head = pieces.copy(0, plan.record.begin.offset); !head) return head;
  for (const import_chunk& c : now->chunks) {
    if (c.done()) continue;
    if (auto rest = pieces.copy(c.at.offset, c.end); !rest) return rest;
  }
  if (plan.file.stamp() != stamp) return unsettled_file(plan);
  return {};
}

}  // namespace scalekit::inline v0::bulk
