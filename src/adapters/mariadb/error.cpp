// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/error.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

#include <algorithm>
#include <cstddef>

namespace scalekit::inline v0::mariadb {

namespace {

// By number and not by the names of a header, for MariaDB's has not all of MySQL's.
errc by_number(unsigned number) noexcept {
  switch (number) {
    case 1020:  // changed since it was read
    case 1205:  // lock wait timeout
    case 1206:  // too many locks
    case 1213:  // deadlock
    case 1412:  // table definition changed since the snapshot
    case 1614:  // XA deadlock
    case 1689:  // metadata lock wait aborted
    case 3572:  // NOWAIT
      return errc::busy;
    case 1007:  // database exists
    case 1022:  // duplicate key
    case 1048:  // not null
    case 1050:  // table exists
    case 1062:  // duplicate entry
    case 1169:  // unique constraint
    case 1216:
    case 1217:  // foreign key
    case 1364:  // no default
    case 1451:
    case 1452:  // foreign key
    case 1557:  // foreign key, duplicate in the child
    case 1586:  // duplicate entry
    case 1761:
    case 1762:  // foreign key, duplicate in the child
    case 3819:  // check (MySQL)
    case 4025:  // check (MariaDB)
      return errc::conflict;
    case 1044:  // no right to the database
    case 1045:  // user or password
    case 1251:  // log-in protocol
    case 1524:
    case 1698:  // user or password, without one
    case 1862:  // password expired
    case 2026:  // TLS
    case 2049:
    case 2059:
    case 2061:  // log-in plugins
      return errc::unauthenticated;
    case 1049:  // no such database
      return errc::not_found;
    case 1040:  // too many connections
    case 1042:
    case 1043:  // hand-shake
    case 1129:
    case 1130:  // host blocked, host not allowed
    case 1152:
    case 1053:  // shutting down
    case 1077:
    case 1079:
    case 1158:
    case 1159:
    case 1160:
    case 1161:  // network
    case 1184:
    case 1203:
    case 1226:  // too many connections of this user
    case 1290:  // --read-only and the like
    case 1836:  // read-only mode
    case 1927:  // connection killed
    case 2001:
    case 2002:
    case 2003:
    case 2004:
    case 2005:
    case 2006:
    case 2012:
    case 2013:
    case 2055:
    case 3032:  // offline mode
    case 3169:  // session killed
    case 4031:  // idle for too long
      return errc::unavailable;
    case 1317:
      return errc::cancelled;
    case 1907:
    case 1969:  // max_statement_time
    case 3024:  // max_execution_time
      return errc::timed_out;
    case 1021:  // disk full
    case 1037:
    case 1038:
    case 1041:  // memory
    case 1114:  // table full
    case 1118:  // row too large
    case 1153:  // max_allowed_packet
    case 1301:
    case 1390:  // placeholders
    case 1461:  // max_prepared_stmt_count
    case 2008:
    case 2020:
      return errc::limit_exceeded;
    case 1034:
    case 1035:
    case 1194:
    case 1195:
    case 1712:
    case 1877:
      return errc::data_corrupted;
    case 1148:  // LOCAL not allowed
    case 1235:
    case 1286:
    case 1295:  // not in the prepared statement protocol
    case 2054:
    case 3948:
    case 4166:  // LOCAL not allowed
      return errc::not_supported;
    case 1065:  // empty
    case 1101:
    case 1142:
    case 1143:
    case 1210:
    case 1227:
    case 1264:
    case 1265:
    case 1292:
    case 1305:
    case 1365:
    case 1366:
    case 1367:
    case 1370:
    case 1406:
    case 1411:
    case 1424:
    case 1525:
    case 1690:
    case 1792:  // read-only transaction
    case 3140:
    case 3141:
    case 4038:
      return errc::invalid_argument;
    default:
      return errc::internal;
  }
}

bool is_callers_class(std::string_view sqlstate) noexcept {
  const std::string_view leading = sqlstate.substr(0, 2);
  return leading == "21" || leading == "22" || leading == "42";
}

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

errc to_errc(unsigned error_number, std::string_view sqlstate) noexcept {
  const errc code = by_number(error_number);
  if (code != errc::internal) return code;
  if (sqlstate.starts_with("23")) return errc::conflict;
  return is_callers_class(sqlstate) ? errc::invalid_argument : code;
}

bool is_lost(unsigned number) noexcept {
  switch (number) {
    case 1053:
    case 1077:
    case 1079:
    case 1152:
    case 1153:  // the server closes the connection after it
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1184:
    case 1927:
    case 2006:
    case 2012:
    case 2013:
    case 2026:
    case 2027:
    case 2055:
    case 3169:
    case 4031:
      return true;
    default:
      return false;
  }
}

std::string text_of(const failure& f) {
  std::string text(f.message);
  if (!f.sqlstate.empty() && f.sqlstate != "00000" && f.sqlstate != "HY000") {
    text.append(" (SQLSTATE ").append(f.sqlstate).append(")");
  }
  return text;
}

error to_error(const failure& f) {
  return {to_errc(f.number, f.sqlstate), text_of(f), {"mariadb", f.number}};
}

errc lost_errc(statement_kind kind, bool sent, bool in_transaction) noexcept {
  if (!sent) return errc::unavailable;
  if (kind == statement_kind::reads || kind == statement_kind::begins) return errc::unavailable;
  if (in_transaction && kind != statement_kind::ends_transaction) return errc::unavailable;
  return errc::outcome_unknown;
}

std::string excerpt(std::string_view sql) {
  constexpr std::size_t longest = 60;
  std::size_t size = std::min(sql.size(), longest);
  while (size < sql.size() && size > 0 && is_continuation(sql[size])) --size;
  std::string out("\"");
  for (const char c : sql.substr(0, size)) {
    out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  return out.append(size < sql.size() ? "...\"" : "\"");
}

}  // namespace scalekit::inline v0::mariadb
