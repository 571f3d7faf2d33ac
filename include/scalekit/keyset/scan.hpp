// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_KEYSET_SCAN_HPP
#define SCALEKIT_KEYSET_SCAN_HPP

#include <scalekit/export.hpp>
#include <scalekit/keyset/compiler.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace scalekit::inline v0::keyset {

struct scan_options {
  /// Resume behind the row with this key; absent: from the start.
  std::optional<std::vector<sql::value>> after = {};
  /// Stop behind the row with this key; absent: to the end.
  std::optional<std::vector<sql::value>> up_to = {};
  /// The LIMIT of each statement. A statement holds a snapshot while it lives, and on SQLite a
  /// long one keeps the write-ahead log from shrinking; 5000 rows are some milliseconds. 0: no
  /// LIMIT, so the whole range is one statement (or one per NULL block), and one snapshot.
  std::int64_t page_rows = 5000;
};

struct scan_stats {
  std::uint64_t pages = 0;       ///< times the scan was positioned by a key, the first included
  std::uint64_t statements = 0;  ///< statements run
  std::uint64_t rows = 0;        ///< rows handed out
};

/// \brief Streams all rows of a range in order, page by page behind the scenes.
///
/// Every row that is there from beginning to end and keeps its key comes exactly once, whatever is
/// inserted and deleted meanwhile. A row that moves in the order may come twice or not at all;
/// order by columns that do not change. Pages are separate snapshots unless the caller holds a
/// transaction open.
///
/// \code
/// auto scan = keyset::scan::open(db, payments, by_id, {.after = checkpoint});
/// if (!scan) return scan.error();
/// for (;;) {
///   auto more = scan->next();
///   if (!more) return more.error();
///   if (!*more) break;
///   write(scan->row());
/// }
/// \endcode
///
/// \par Thread-safety  One thread at a time, as its connection, which must outlive it.
/// \par Complexity  No allocation and no copy per row; one key copied per page. Memory: one row.
class SCALEKIT_EXPORT scan {
 public:
  /// \brief Compiles; the first statement runs at the first \ref next.
  /// \par Errors `invalid_argument`: a source that does not compile, a key that does not fit the
  /// order, a negative `page_rows`.
  [[nodiscard]] static result<scan> open(
      sql::connection& db, const source& what, const order& by, scan_options options = {}
  );

  /// \brief Moves to the next row; false at the end, and ever after.
  /// \par Errors the backend's, but `unavailable` for `outcome_unknown`: a read has no outcome, so
  /// it may be tried again. The scan is over then, and another can be opened with `after` set to
  /// the key of the last row that was dealt with.
  [[nodiscard]] result<bool> next() {
    if (left_ != 0) {
      result<bool> more = rows_->next();
      if (more && *more) {
        --left_;
        ++stats_.rows;
        return more;
      }
      if (!more) return fail(std::move(more).error());
    }
    return advance();
  }

  /// \brief The source's columns of the current row; valid until the next call of \ref next.
  [[nodiscard]] std::span<const sql::value_view> row() const noexcept {
    return rows_ == nullptr ? std::span<const sql::value_view>() : rows_->row().first(visible_);
  }

  /// \brief Copies the current row's key: what `after` takes to go on behind it.
  /// \pre \ref next returned true.
  /// \par Errors `invalid_argument` if it holds a NULL where the order declares none.
  [[nodiscard]] result<void> key(std::vector<sql::value>& out) const;

  /// \brief Ends the running statement, and with it its snapshot and locks, before a pause; \ref
  /// next goes on behind the current row, which is no longer in view. Does nothing between
  /// statements. \par Errors as \ref key; the scan is over then.
  [[nodiscard]] result<void> release();

  [[nodiscard]] const scan_stats& stats() const noexcept { return stats_; }
  [[nodiscard]] const compiler& compiled() const noexcept { return compiler_; }

 private:
  scan(sql::connection& db, compiler c, scan_options options)
      : db_(&db),
        compiler_(std::move(c)),
        options_(std::move(options)),
        visible_(compiler_.visible_columns()) {}

  result<bool> advance();
  result<void> position_page();
  result<void> run_statement();
  ::scalekit::error fail(::scalekit::error e);

  sql::connection* db_;
  compiler compiler_;
  scan_options options_;  // `after` moves on from page to page
  std::size_t visible_;
  std::unique_ptr<sql::rows> rows_;
  std::int64_t left_ = 0;  // rows the running statement may still give; 0 without one
  std::vector<statement> statements_;
  std::size_t next_statement_ = 0;
  std::vector<sql::value_view> params_;
  scan_stats stats_;
  bool finished_ = false;
};

}  // namespace scalekit::inline v0::keyset

#endif
