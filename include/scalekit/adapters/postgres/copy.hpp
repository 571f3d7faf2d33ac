// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_POSTGRES_COPY_HPP
#define SCALEKIT_ADAPTERS_POSTGRES_COPY_HPP

/// \file
/// PostgreSQL's COPY: the fastest way of rows out of and into it.
///
/// \code
/// auto in = db.copy_in("COPY account (id, name) FROM STDIN (FORMAT csv)");
/// if (!in) return in.error();
/// if (auto sent = (*in)->write("42,cash\n"); !sent) return sent.error();
/// auto rows = (*in)->finish();          // without this nothing is written
/// \endcode

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace scalekit::inline v0::postgres {

class session;

/// \brief The rows of a `COPY ... TO STDOUT` as the server spells them, one at a time.
///
/// Destroying it early cancels the COPY, and what its query did may be kept or undone; inside a
/// transaction, which a cancel would fail, the rest is read and thrown away instead.
///
/// \par Thread-safety  As its connection, which nothing else may use meanwhile.
class SCALEKIT_EXPORT copy_reader {
 public:
  explicit copy_reader(session& s) noexcept : session_(&s) {}
  copy_reader(const copy_reader&) = delete;
  copy_reader& operator=(const copy_reader&) = delete;
  ~copy_reader();

  /// \brief The next row, line end included; empty at the end. Valid until the next call.
  /// \par Errors as \ref sql::rows::next.
  [[nodiscard]] result<std::string_view> next();

 private:
  session* session_;  // null once it has ended
  char* buffer_ = nullptr;
};

/// \brief Takes the data of a `COPY ... FROM STDIN`.
///
/// Destroyed without \ref finish, it aborts the COPY: nothing is written, and a transaction it is
/// part of has failed.
///
/// \par Thread-safety  As its connection, which nothing else may use meanwhile.
class SCALEKIT_EXPORT copy_writer {
 public:
  explicit copy_writer(session& s) noexcept : session_(&s) {}
  copy_writer(const copy_writer&) = delete;
  copy_writer& operator=(const copy_writer&) = delete;
  ~copy_writer();

  /// \brief Sends data; pieces need not end where rows do. Waits while the server is behind.
  /// \par Errors `unavailable` if the connection is lost (nothing has been written). What the
  /// server thinks of the data is known at \ref finish.
  [[nodiscard]] result<void> write(std::string_view data);

  /// \brief Ends the data; returns the rows written.
  /// \par Errors as \ref sql::connection::execute; nothing is written then, save for
  /// `outcome_unknown`.
  [[nodiscard]] result<std::int64_t> finish();

 private:
  session* session_;  // null once it has ended
};

}  // namespace scalekit::inline v0::postgres

#endif
