// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_LOOKUP_TABLE_HPP
#define SCALEKIT_BULK_LOOKUP_TABLE_HPP

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>
#include <scalekit/sql/fragment.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace scalekit::inline v0::bulk {

struct lookup_options {
  /// A table with more entries is refused, so that a wrong query cannot fill the memory. 0: no cap.
  std::size_t max_entries = 1'000'000;
};

/// \brief A small reference table held in memory, read once before the export's loop, so that the
/// loop needs no join: account id -> account name.
///
/// \par Thread-safety  Immutable once loaded: share it between exports.
/// \par Complexity     `find` is one hash look-up and allocates nothing.
class SCALEKIT_EXPORT lookup_table {
 public:
  /// \brief Runs `select`, which yields two columns: the key and what to show for it. Keys are
  /// int64 or text; rows with a NULL key are ignored; of equal keys the last one counts.
  /// \par Errors `invalid_argument` if there are not two columns or a key has another type;
  /// `limit_exceeded` beyond `max_entries`; whatever the database gives.
  [[nodiscard]] static result<std::shared_ptr<const lookup_table>> load(
      sql::connection& db, const sql::fragment& select, const lookup_options& options = {}
  );

  lookup_table() = default;

  /// \brief Adds or replaces one entry; before the table is shared.
  /// \par Errors `invalid_argument` if the key is neither int64 nor text.
  [[nodiscard]] result<void> insert(sql::value_view key, sql::value shown);

  /// \brief What to show for `key`, or null if it is not held. Valid as long as the table.
  [[nodiscard]] const sql::value* find(sql::value_view key) const noexcept;

  /// \brief Of the entries, whatever their order: part of an export's fingerprint, so that one file
  /// never shows two states of the table.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }

  [[nodiscard]] std::size_t size() const noexcept { return numbers_.size() + texts_.size(); }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  void count(sql::value_view key, const sql::value* before, const sql::value& shown);

  std::uint64_t fingerprint_ = 0;
  std::unordered_map<std::int64_t, sql::value> numbers_;
  std::unordered_map<std::string, sql::value, text_hash, std::equal_to<>> texts_;
};

}  // namespace scalekit::inline v0::bulk

#endif
