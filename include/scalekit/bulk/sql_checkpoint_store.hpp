// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_SQL_CHECKPOINT_STORE_HPP
#define SCALEKIT_BULK_SQL_CHECKPOINT_STORE_HPP

#include <scalekit/bulk/checkpoint_store.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>

#include <memory>
#include <string>

namespace scalekit::inline v0::bulk {

/// \brief Checkpoints in two SQL tables, so that an export outlives the process that began it.
///
/// `<prefix>export` holds the exports, `<prefix>export_checkpoint` their checkpoints. Each call is
/// one statement (a second to compare a checkpoint that exists; purge: a transaction) on a
/// connection borrowed for the call, so a store may share the pool of the data it exports. On
/// SQLite in WAL mode with synchronous=NORMAL an append costs about 20 microseconds and no fsync;
/// after a power cut the last checkpoints may be missing, which costs a resume some work but never
/// a wrong byte.
///
/// \par Thread-safety  Safe for concurrent calls. The pool must outlive the store.
class SCALEKIT_EXPORT sql_checkpoint_store final : public checkpoint_store {
 public:
  /// \brief Makes the tables if they are missing. `prefix` is a plain identifier prefix.
  /// \par Errors `invalid_argument` for a prefix other than letters, digits and `_`.
  [[nodiscard]] static result<std::unique_ptr<sql_checkpoint_store>> open(
      sql::pool& connections, std::string prefix = "scalekit_"
  );

  [[nodiscard]] result<void> create(const export_record& record) override;
  [[nodiscard]] result<std::optional<export_record>> find(std::string_view id, system_time now)
      override;
  [[nodiscard]] result<void> append(std::string_view id, const checkpoint& c) override;
  [[nodiscard]] result<std::optional<checkpoint>> at_or_before(
      std::string_view id, std::uint64_t bytes
  ) override;
  [[nodiscard]] result<std::optional<checkpoint>> after(std::string_view id, std::uint64_t bytes)
      override;
  [[nodiscard]] result<void> finish(std::string_view id, const export_totals& totals) override;
  [[nodiscard]] result<std::size_t> purge_expired(system_time now, std::size_t limit) override;

 private:
  sql_checkpoint_store(sql::pool& connections, std::string prefix);
  [[nodiscard]] result<std::optional<checkpoint>> checkpoint_where(
      std::string_view comparison, std::string_view id, std::uint64_t bytes
  );

  sql::pool& pool_;
  std::string exports_;
  std::string checkpoints_;
};

}  // namespace scalekit::inline v0::bulk

#endif
