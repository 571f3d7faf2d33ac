// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_EXPORT_SESSION_HPP
#define SCALEKIT_BULK_EXPORT_SESSION_HPP

#include <scalekit/bulk/checkpoint_store.hpp>
#include <scalekit/bulk/chunk_source.hpp>
#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

struct session_options {
  /// How long an export can be resumed after its start. Must be positive.
  std::chrono::seconds lifetime = std::chrono::hours(24);
  /// A checkpoint is stored whenever this many bytes have passed since the last. 0 (the default):
  /// before every chunk leaves, so that whatever a client has received can be verified on resume.
  std::uint64_t checkpoint_every = 0;
  const clock* time = nullptr;      ///< null: the machine's
  random_source* random = nullptr;  ///< of export ids; null: the kernel's
};

/// \brief An export that survives its process and its client: start it, lose either half-way, and
/// resume at any byte with output identical to one that was never cut.
///
/// Every chunk's checkpoint is stored *before* the chunk is handed out, once and for all. To resume
/// at byte N the session goes back to the last checkpoint at or before N, makes that chunk again,
/// and compares the running digest with the next stored checkpoint; so it goes on as long as an
/// earlier run is ahead. If a row behind one of these was changed meanwhile, the resume fails
/// instead of giving one export two contents. (Without a digest in the options only lengths are
/// compared.)
///
/// Not covered: rows that no run has reached yet appear as they are when one does. Rows added above
/// the bound column's value at the start never appear.
///
/// \par Thread-safety  As \ref chunk_source. Connection and store must outlive it.
class SCALEKIT_EXPORT export_session final : public chunk_source {
 public:
  /// \brief Begins a new export and stores its record.
  /// \par Errors of \ref export_stream::open and of the store.
  [[nodiscard]] static result<std::unique_ptr<export_session>> start(
      sql::connection& db,
      checkpoint_store& store,
      export_options what,
      const session_options& options = {}
  );

  /// \brief Goes on with export `id` at byte `offset` of its uncompressed output.
  /// \par Errors
  /// - `not_found`: unknown or expired id
  /// - `conflict`: the definition changed (the message says which part), or delivered rows did
  /// - `invalid_argument`: `offset` lies behind what was ever produced, or behind the end
  [[nodiscard]] static result<std::unique_ptr<export_session>> resume(
      sql::connection& db,
      checkpoint_store& store,
      export_options what,
      std::string_view id,
      std::uint64_t offset,
      const session_options& options = {}
  );

  ~export_session() override;

  [[nodiscard]] result<bool> next(csv::buffer& out) override;
  [[nodiscard]] const checkpoint& position() const noexcept override;
  [[nodiscard]] bulk::progress progress() const override;
  [[nodiscard]] std::shared_ptr<canceller> cancel_handle() const noexcept override;

  [[nodiscard]] const std::string& id() const noexcept;
  /// \brief The byte this run began at: 0, or the offset given to \ref resume.
  [[nodiscard]] std::uint64_t first_byte() const noexcept;
  /// \brief What the whole export came to, once any run of it has reached the end.
  [[nodiscard]] const std::optional<export_totals>& totals() const noexcept;

 private:
  struct impl;
  explicit export_session(std::unique_ptr<impl> state) noexcept;
  std::unique_ptr<impl> impl_;
};

}  // namespace scalekit::inline v0::bulk

#endif
