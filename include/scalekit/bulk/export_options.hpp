// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_EXPORT_OPTIONS_HPP
#define SCALEKIT_BULK_EXPORT_OPTIONS_HPP

#include <scalekit/bulk/lookup_table.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/csv/dialect.hpp>
#include <scalekit/csv/encoder.hpp>
#include <scalekit/digest.hpp>
#include <scalekit/export.hpp>
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/metrics.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

/// What a lookup shows for a key that its table does not hold.
enum class lookup_miss {
  keep_key,  ///< the key itself
  null,      ///< NULL
  fail       ///< the export fails with `not_found`, naming column and key
};

/// \brief One column of the file.
struct export_column {
  std::string name = {};        ///< a column of the source, or the alias of `expression`
  std::string expression = {};  ///< trusted SQL; empty: the column itself
  std::string header = {};      ///< the name in the file; empty: `name`
  csv::column_format format{};
  /// Replaces the column's value by what the table holds for it; null: none.
  std::shared_ptr<const lookup_table> lookup = {};
  lookup_miss on_miss = lookup_miss::keep_key;
};

/// What a transform says about a row.
enum class row_action { write, skip };

/// \brief The row a transform may change; new values are kept until the row is written.
///
/// \par Thread-safety  Used inside one call of the transform only.
class SCALEKIT_EXPORT row_editor {
 public:
  row_editor(std::span<sql::value_view> values, std::span<sql::value> kept) noexcept
      : values_(values), kept_(kept) {}
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  /// \pre `column < size()`
  [[nodiscard]] sql::value_view operator[](std::size_t column) const noexcept {
    return values_[column];
  }
  /// \pre `column < size()`
  void set(std::size_t column, sql::value v);

 private:
  std::span<sql::value_view> values_;
  std::span<sql::value> kept_;
};

/// \brief Changes or drops a row, after lookups; runs once a row, so it must be cheap, and give the
/// same answer for the same row, or a resumed export will not match.
using row_transform = std::function<result<row_action>(row_editor&)>;

/// What all pages of one run see.
enum class read_view {
  /// Each page sees what is committed when it runs: no long read transaction holds back
  /// checkpoints (SQLite) or vacuum (PostgreSQL). Rows changed behind the scan appear changed.
  /// On a server the page that is being read stays open while the consumer pauses.
  page,
  /// One snapshot for the whole run. A resumed run takes a snapshot of its own.
  run
};

/// \brief What to export and how it is spelled. Give `source`, `order` and `columns`; the rest has
/// defaults.
struct export_options {
  std::string name =
      {};  ///< what operators call it, in records and progress; not part of the output
  /// Table or join, filters, tenant prefix. Its own select list must be empty: `columns` makes it.
  keyset::source source = {};
  keyset::order order;
  std::vector<export_column> columns = {};
  csv::dialect dialect{};
  enum class header_row { present, absent } header = header_row::present;

  /// A column that only grows (an auto-increment id, an append stamp): its maximum is taken at the
  /// start, and no row beyond it is exported, so rows added meanwhile never leak in (unless they
  /// get a value already in use). A column that holds NULLs is refused. Empty: none.
  std::string bound_column = {};
  bulk::read_view read_view = bulk::read_view::page;

  /// A chunk ends with the row that reaches this size. At least 1.
  std::size_t chunk_bytes = std::size_t{256} * 1024;
  /// The same for the very first chunk: small, so that a client sees its first byte at once.
  std::size_t first_chunk_bytes = std::size_t{16} * 1024;
  /// Rows a statement fetches. 5,000 keeps each statement to a few milliseconds; larger pages cost
  /// less and hold a snapshot longer. Must be positive.
  std::int64_t page_rows = 5000;

  row_transform transform = {};        ///< empty: rows as they are
  std::string transform_version = {};  ///< change it with the transform: part of the fingerprint

  /// Keeps a running hash of the output, e.g. `crypto::sha256_factory()`; empty: none.
  digest_factory digest = {};

  /// Rows expected, for percent and ETA. Empty: interpolated from the bound column where the order
  /// leads with it and it is an integer; else unknown.
  std::optional<std::uint64_t> estimated_rows = {};

  const clock* time = nullptr;           ///< null: the machine's
  metrics::registry* metrics = nullptr;  ///< null: nowhere. Counts rows, bytes, chunk time, aborts.
};

}  // namespace scalekit::inline v0::bulk

#endif
