// SPDX-License-Identifier: BSL-1.0
#include "keyset/read.hpp"

#include <scalekit/keyset/scan.hpp>

#include <limits>

namespace scalekit::inline v0::keyset {

namespace {

std::span<const sql::value> key_or_none(const std::optional<std::vector<sql::value>>& key) {
  return key ? std::span<const sql::value>(*key) : std::span<const sql::value>();
}

}  // namespace

result<scan> scan::open(
    sql::connection& db, const source& what, const order& by, scan_options options
) {
  if (options.page_rows < 0) {
    return error(errc::invalid_argument, "keyset scan: page_rows is negative; 0 means no limit");
  }
  // An empty vector would otherwise read as "no key".
  for (const auto* key : {&options.after, &options.up_to}) {
    if (!*key) continue;
    if (auto ok = by.check_key(**key); !ok)
      return std::move(ok).error().with_context("keyset scan");
  }
  auto compiled = compiler::make(db.dialect(), what, by);
  if (!compiled) return compiled.error();
  scan out(db, std::move(*compiled), std::move(options));
  if (auto ok = out.position_page(); !ok) return ok.error();
  return out;
}

error scan::fail(error e) {
  rows_.reset();
  left_ = 0;
  finished_ = true;
  return detail::failed_read(std::move(e));
}

result<void> scan::key(std::vector<sql::value>& out) const {
  if (rows_ == nullptr)
    return error(errc::invalid_argument, "keyset scan: there is no current row");
  return compiler_.read_key(rows_->row(), out);
}

result<void> scan::position_page() {
  key_range part{.after = key_or_none(options_.after), .up_to = key_or_none(options_.up_to)};
  if (options_.page_rows != 0) part.limit = options_.page_rows;
  auto compiled = compiler_.statements(part);
  if (!compiled) return compiled.error();
  statements_ = std::move(*compiled);
  next_statement_ = 0;
  ++stats_.pages;
  return {};
}

result<void> scan::run_statement() {
  const statement& s = statements_[next_statement_++];
  params_.assign(s.params.begin(), s.params.end());
  auto started = db_->query(s.sql, params_);
  if (!started) return started.error();
  rows_ = std::move(*started);
  left_ = s.has_limit ? options_.page_rows : std::numeric_limits<std::int64_t>::max();
  ++stats_.statements;
  return {};
}

result<void> scan::release() {
  if (rows_ == nullptr) return {};
  std::vector<sql::value> at;
  if (auto ok = key(at); !ok) return fail(std::move(ok).error());
  options_.after = std::move(at);
  // A network statement that is not seen to end would be cancelled, at the price of a connection.
  if (left_ == 0) {
    if (auto end = rows_->next(); !end) return fail(std::move(end).error());
  }
  rows_.reset();
  left_ = 0;
  if (auto ok = position_page(); !ok) return fail(std::move(ok).error());
  return {};
}

result<bool> scan::advance() {
  if (finished_) return false;
  // The statement's last row is still in view; behind it the next page begins.
  if (rows_ != nullptr && left_ == 0) {
    if (auto ok = release(); !ok) return std::move(ok).error();
  }
  rows_.reset();
  left_ = 0;
  while (next_statement_ < statements_.size()) {
    if (auto ok = run_statement(); !ok) return fail(std::move(ok).error());
    result<bool> more = rows_->next();
    if (!more) return fail(std::move(more).error());
    if (*more) {
      --left_;
      ++stats_.rows;
      return more;
    }
    rows_.reset();
    left_ = 0;
  }
  finished_ = true;
  return false;
}

}  // namespace scalekit::inline v0::keyset
