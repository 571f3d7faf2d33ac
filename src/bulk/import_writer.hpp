// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_WRITER_HPP
#define SCALEKIT_SRC_BULK_IMPORT_WRITER_HPP

#include "bulk/import_batch.hpp"
#include "bulk/import_plan.hpp"
#include "bulk/import_progress.hpp"

#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Commits batches: rows, rejects and checkpoint together, exactly once, whatever breaks meanwhile.
///
/// \par Thread-safety  One thread at a time.
class import_writer {
 public:
  import_writer(const import_plan& plan, import_state_board& board) noexcept
      : plan_(plan), board_(board) {}

  /// \par Errors once contention or outage outlast the patience of the options; `stale_token` if
  /// another process has moved the chunk; what the database gives for a batch as a whole.
  [[nodiscard]] result<void> write(const import_batch& b);

 private:
  enum class care { whole, each_row };
  struct refusal {
    std::size_t row = 0;  ///< of the batch
    ::scalekit::error why;
  };
  /// What came of a batch inside its transaction.
  struct attempt {
    import_chunk now;
    std::vector<refusal> refused;  ///< by the database, in order
  };

  [[nodiscard]] result<void> try_once(const import_batch& b, care how, attempt& out);
  [[nodiscard]] result<void> apply(
      sql::connection& db, const import_batch& b, care how, attempt& out
  );
  [[nodiscard]] result<void> write_rows(
      sql::connection& db, const import_batch& b, care how, attempt& out
  );
  [[nodiscard]] result<void> bisect(
      sql::connection& db, const import_batch& b, std::size_t first, std::size_t count, attempt& out
  );
  [[nodiscard]] static result<void> check_refusals(const import_batch& b, const attempt& a);
  [[nodiscard]] result<bool> has_moved(const import_batch& b);

  const import_plan& plan_;
  import_state_board& board_;
};

}  // namespace scalekit::inline v0::bulk

#endif
