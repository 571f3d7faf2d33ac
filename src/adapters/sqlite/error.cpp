// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/error.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace scalekit::inline v0::sqlite {

namespace {

// The extended codes that mean something else than their primary code.
std::optional<errc> extended_errc(int rc) noexcept {
  switch (rc) {
    case SQLITE_ERROR_RETRY:
    case SQLITE_ERROR_SNAPSHOT:
      return errc::busy;
    case SQLITE_IOERR_NOMEM:
      return errc::internal;
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
      return errc::data_corrupted;
    // The file system, not the caller, forbids these.
    case SQLITE_READONLY_CANTINIT:
    case SQLITE_READONLY_CANTLOCK:
    case SQLITE_READONLY_DBMOVED:
    case SQLITE_READONLY_DIRECTORY:
    case SQLITE_READONLY_RECOVERY:
    case SQLITE_READONLY_ROLLBACK:
      return errc::unavailable;
    case SQLITE_ABORT_ROLLBACK:
      return errc::cancelled;
    default:
      return std::nullopt;
  }
}

errc primary_errc(int rc) noexcept {
  switch (rc) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_SCHEMA:
      return errc::busy;
    case SQLITE_CONSTRAINT:
      return errc::conflict;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOLFS:
      return errc::limit_exceeded;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return errc::data_corrupted;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return errc::unavailable;
    case SQLITE_ERROR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return errc::invalid_argument;
    case SQLITE_INTERRUPT:
      return errc::cancelled;
    case SQLITE_NOTFOUND:
      return errc::not_supported;
    default:
      return errc::internal;  // INTERNAL, NOMEM, MISUSE, ABORT and what is not an error
  }
}

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_storage_limit(int system_errno) noexcept {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

}  // namespace

errc to_errc(int result_code) noexcept {
  return extended_errc(result_code).value_or(primary_errc(result_code & 0xFF));
}

std::string excerpt(std::string_view sql, std::size_t offset) {
  constexpr std::size_t before = 20;
  constexpr std::size_t longest = 60;
  offset = std::min(offset, sql.size());
  std::size_t first = offset > before ? offset - before : 0;
  if (sql.size() <= longest) first = 0;
  std::size_t last = std::min(sql.size(), first + longest);
  while (first < last && is_continuation(sql[first])) ++first;
  while (last < sql.size() && last > first && is_continuation(sql[last])) --last;
  std::string out(first > 0 ? "\"..." : "\"");
  for (const char c : sql.substr(first, last - first)) {
    out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  out += last < sql.size() ? "...\"" : "\"";
  return out;
}

error last_error(sqlite3* db, int rc, std::string_view sql) {
  const int latest_errno = errno;
  // SQLite gives the extended code only where it has one; `rc` may be the primary of a bind call.
  const int extended = sqlite3_extended_errcode(db);
  const bool same = (extended & 0xFF) == (rc & 0xFF);
  const int code = same ? extended : rc;
  errc meaning = to_errc(code);
  std::string message = same ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
  const int primary = code & 0xFF;
  if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) {
    int cause = sqlite3_system_errno(db);
    // Some versions forget it where a commit fails.
    if (cause == 0 && is_storage_limit(latest_errno)) cause = latest_errno;
    if (cause != 0) {
      message += " (" + std::generic_category().message(cause) + ")";
      if (is_storage_limit(cause)) meaning = errc::limit_exceeded;
      if (primary == SQLITE_CANTOPEN && cause == ENOENT) meaning = errc::not_found;
    }
  }
  if (primary == SQLITE_ERROR && !sql.empty()) {
    const int offset = same ? sqlite3_error_offset(db) : -1;
    if (offset >= 0) message += " at byte " + std::to_string(offset);
    message += offset >= 0 ? " of " : " in ";
    message += excerpt(sql, offset >= 0 ? static_cast<std::size_t>(offset) : 0);
  }
  return {meaning, std::move(message), {"sqlite", code}};
}

}  // namespace scalekit::inline v0::sqlite
