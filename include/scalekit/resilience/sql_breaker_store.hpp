// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_RESILIENCE_SQL_BREAKER_STORE_HPP
#define SCALEKIT_RESILIENCE_SQL_BREAKER_STORE_HPP

#include <scalekit/export.hpp>
#include <scalekit/ports/sql.hpp>
#include <scalekit/resilience/breaker_store.hpp>

#include <memory>
#include <string>

namespace scalekit::inline v0::resilience {

/// \brief Votes in three SQL tables, on the database's own clock: `<prefix>breaker_node`,
/// `<prefix>breaker_epoch` and `<prefix>breaker_probe`.
///
/// An exchange is one statement on PostgreSQL and two elsewhere, for a recovery one more; a lease
/// is one once its places exist. For tens of nodes and callees; for more, Redis is cheaper.
///
/// \par Thread-safety  Safe for concurrent calls. The pool must outlive it.
class SCALEKIT_EXPORT sql_breaker_store final : public breaker_store {
 public:
  /// \brief Makes the tables if they are missing. `prefix` is a plain identifier prefix.
  /// \par Errors `invalid_argument` for a prefix other than letters, digits and `_`.
  [[nodiscard]] static result<std::unique_ptr<sql_breaker_store>> open(
      sql::pool& connections, std::string prefix = "scalekit_"
  );

  [[nodiscard]] result<breaker_poll> exchange(const breaker_report& report) override;
  [[nodiscard]] result<probe_lease> lease_probe(
      std::string_view key, std::string_view holder, std::uint32_t most, duration ttl
  ) override;
  [[nodiscard]] result<void> return_probe(std::string_view key, std::string_view holder) override;

  /// \brief Deletes the nodes that have not reported for longer than their time; how many.
  [[nodiscard]] result<std::int64_t> purge_expired();

 private:
  sql_breaker_store(sql::pool& connections, std::string prefix);
  [[nodiscard]] result<void> next_epoch(sql::connection& db, const breaker_report& r) const;
  [[nodiscard]] result<breaker_poll> report_and_poll(
      sql::connection& db, const breaker_report& r
  ) const;
  [[nodiscard]] result<bool> take_place(
      sql::connection& db,
      std::string_view key,
      std::string_view holder,
      std::uint32_t most,
      std::int64_t ttl_ms
  ) const;
  [[nodiscard]] result<bool> make_places(
      sql::connection& db, std::string_view key, std::uint32_t most
  ) const;

  sql::pool& pool_;
  std::string nodes_;
  std::string epochs_;
  std::string probes_;
};

}  // namespace scalekit::inline v0::resilience

#endif
