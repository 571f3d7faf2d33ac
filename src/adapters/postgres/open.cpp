// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/session.hpp"

#include <scalekit/adapters/postgres/connection.hpp>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

using keywords = std::map<std::string, std::string>;

error invalid(std::string message) { return {errc::invalid_argument, std::move(message)}; }

bool is_uri(std::string_view text) noexcept {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

// A password with an '@', '/' or '?' of its own would be taken for the host or port, and be shown
// as such.
bool is_ambiguous_uri(std::string_view uri) noexcept {
  uri.remove_prefix(uri.find("//") + 2);
  const std::string_view before_query = uri.substr(0, uri.find('?'));
  std::string_view authority = before_query.substr(0, before_query.find('/'));
  if (std::ranges::count(before_query, '@') != std::ranges::count(authority, '@')) return true;
  if (std::ranges::count(authority, '@') > 1) return true;
  // In "u:pass?word@host" the authority would be "u:pass".
  authority.remove_prefix(authority.find('@') + 1);
  for (std::size_t colon = 0; (colon = authority.find(':', colon)) != std::string_view::npos;) {
    const std::size_t bracket = authority.find(']', colon);
    const std::string_view port = authority.substr(++colon);
    const std::size_t digits = std::min(port.find_first_not_of("0123456789"), port.size());
    if (bracket == std::string_view::npos && digits < port.size() && port[digits] != ',') {
      return true;
    }
  }
  return false;
}

// libpq's own message quotes what it could not read, which may be a part of the password.
result<keywords> parse(const std::string& conninfo) {
  keywords all;
  if (conninfo.empty()) return all;
  char* why = nullptr;
  PQconninfoOption* options = is_uri(conninfo) && is_ambiguous_uri(conninfo)
                                  ? nullptr
                                  : PQconninfoParse(conninfo.c_str(), &why);
  PQfreemem(why);
  if (options == nullptr) {
    return invalid(
        "postgres: the connection string does not parse: write keyword=value pairs, with values in "
        "'quotes' where they are empty or hold blanks, and \\ before ' and \\; or a postgresql:// "
        "URI, with special characters percent-encoded"
    );
  }
  for (const PQconninfoOption* o = options; o->keyword != nullptr; ++o) {
    if (o->val != nullptr) all[o->keyword] = o->val;
  }
  PQconninfoFree(options);
  return all;
}

result<std::string> milliseconds(std::string_view option, std::chrono::milliseconds time) {
  if (time.count() >= 0 && time.count() <= INT_MAX) return std::to_string(time.count());
  return invalid(
      "postgres: " + std::string(option) + " is " + std::to_string(time.count()) +
      " ms; allowed: 0 to 2147483647"
  );
}

// Settings of the session, sent along with its start so that they cost no round trip.
result<std::string> session_settings(const connection_options& o) {
  std::string settings = "-c TimeZone=UTC -c DateStyle=ISO";
  const std::pair<std::string_view, std::chrono::milliseconds> timeouts[] = {
      {"statement_timeout", o.statement_timeout}, {"lock_timeout", o.lock_timeout}};
  for (const auto& [name, time] : timeouts) {
    auto text = milliseconds(name, time);
    if (!text) return text;
    if (time.count() > 0) settings.append(" -c ").append(name).append("=").append(*text);
  }
  return settings;
}

std::string or_empty(const char* text) { return text == nullptr ? "" : text; }

result<keywords> merge(const connection_options& o) {
  auto parsed = parse(o.conninfo);
  if (!parsed) return parsed;
  keywords all = *std::move(parsed);
  const std::pair<std::string_view, std::string_view> members[] = {
      {"host", o.host},
      {"port", o.port},
      {"dbname", o.database},
      {"user", o.user},
      {"password", o.password},
      {"application_name", o.application_name},
      {"sslmode", o.sslmode},
      {"sslrootcert", o.sslrootcert},
  };
  for (const auto& [keyword, value] : members) {
    if (!value.empty()) all[std::string(keyword)] = value;
  }
  for (const auto& [keyword, value] : o.extra) all[keyword] = value;
  if (auto ok = milliseconds("connect_timeout", o.connect_timeout); !ok) return ok.error();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(o.connect_timeout).count();
  // Keeps what the connection string says.
  all.try_emplace(
      "connect_timeout", std::to_string(seconds > 0 ? std::max<std::int64_t>(seconds, 2) : 0)
  );
  all.try_emplace("fallback_application_name", "scalekit");
  auto settings = session_settings(o);
  if (!settings) return settings.error();
  // libpq reads PGOPTIONS only where it is given no options, and we always give it some.
  const char* inherited = std::getenv("PGOPTIONS");
  std::string& options = all.try_emplace("options", or_empty(inherited)).first->second;
  options += (options.empty() ? "" : " ") + *settings;
  all["client_encoding"] = "UTF8";
  for (const auto& [keyword, value] : all) {
    if (keyword.find('\0') == std::string::npos && value.find('\0') == std::string::npos) continue;
    return invalid("postgres: a connection option holds a NUL character");
  }
  return all;
}

error cannot_connect(PGconn* conn, const keywords& all) {
  error why = connect_error(or_empty(PQerrorMessage(conn)));
  std::string message = "postgres: cannot connect to " + or_empty(PQuser(conn)) + "@" +
                        or_empty(PQhost(conn)) + ":" + or_empty(PQport(conn)) + "/" +
                        or_empty(PQdb(conn)) + ": " + why.message();
  // libpq does not quote it; should that change, this still holds.
  const auto found = all.find("password");
  if (found != all.end() && found->second.size() > 2) {
    for (std::size_t at = 0; (at = message.find(found->second, at)) != std::string::npos;) {
      message.replace(at, found->second.size(), "***");
    }
  }
  return {why.code(), std::move(message), why.cause()};
}

}  // namespace

result<std::unique_ptr<connection>> connection::open(std::string_view conninfo) {
  connection_options options;
  options.conninfo = conninfo;
  return open(std::move(options));
}

result<std::unique_ptr<connection>> connection::open(connection_options options) {
  if (options.conninfo.find('\0') != std::string::npos) {
    return invalid("postgres: the connection string holds a NUL character");
  }
  auto all = merge(options);
  if (!all) return all.error();
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : *all) {
    names.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* conn = PQconnectdbParams(names.data(), values.data(), 0);
  if (conn == nullptr) return error(errc::internal, "postgres: out of memory");
  if (PQstatus(conn) != CONNECTION_OK) {
    error why = cannot_connect(conn, *all);
    PQfinish(conn);
    return why;
  }
  return std::unique_ptr<connection>(new connection(std::make_unique<session>(
      conn,
      ownership::ours,
      options.prepared,
      options.statement_cache_capacity,
      std::move(options.log)
  )));
}

}  // namespace scalekit::inline v0::postgres
