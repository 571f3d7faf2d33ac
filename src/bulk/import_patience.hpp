// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_PATIENCE_HPP
#define SCALEKIT_SRC_BULK_IMPORT_PATIENCE_HPP

#include "bulk/import_plan.hpp"
#include "bulk/import_progress.hpp"

#include <scalekit/clock.hpp>
#include <scalekit/error.hpp>
#include <scalekit/random.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace scalekit::inline v0::bulk {

/// Decides whether something is tried again, and waits before it is: uniform between 0 and a bound
/// that doubles ("full jitter").
///
/// \par Thread-safety  One thread at a time.
class import_patience {
 public:
  import_patience(const import_options& options, import_state_board& board);

  /// False where trying again is no use, or has been tried enough.
  [[nodiscard]] bool lasts_after(errc code);

 private:
  [[nodiscard]] bool give_up() noexcept;
  void wait(duration cap);

  const import_options& options_;
  import_state_board& board_;
  const clock& time_;
  sleeper& wait_;
  random_source& random_;
  duration ceiling_;
  int contended_ = 0;
  std::optional<steady_time> out_since_;
};

/// Runs `read`, which takes a connection and changes nothing, until an answer comes or the patience
/// ends.
template <class F>
std::invoke_result_t<const F&, sql::connection&> read_patiently(
    const import_plan& plan, import_state_board& board, const F& read
) {
  import_patience waiting(plan.options, board);
  for (;;) {
    auto db = plan.pool.acquire(sql::access::read);
    ::scalekit::error e = db ? ::scalekit::error(errc::internal) : db.error();
    if (db) {
      auto done = read(**db);
      if (done) return done;
      e = std::move(done).error();
      db->release();
    }
    if (!waiting.lasts_after(e.code())) return e;
  }
}

}  // namespace scalekit::inline v0::bulk

#endif
