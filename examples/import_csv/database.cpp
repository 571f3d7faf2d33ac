// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/sql/connection_pool.hpp>
#ifdef IMPORT_CSV_WITH_postgres
#include <scalekit/adapters/postgres/pool.hpp>
#endif
#ifdef IMPORT_CSV_WITH_mariadb
#include <scalekit/adapters/mariadb/pool.hpp>
#include <scalekit/encoding.hpp>

#include <charconv>
#endif

#include <string_view>
#include <utility>

namespace import_csv {

using namespace scalekit;

namespace {

using opened = result<std::unique_ptr<sql::pool>>;

template <class Pool>
opened as_port(result<std::unique_ptr<Pool>> pool) {
  if (!pool) return pool.error();
  return std::unique_ptr<sql::pool>(*std::move(pool));
}

opened open_sqlite(const std::string& path) {
  sqlite::pool_options o;
  o.connection.mode = sqlite::open_mode::read_write;
  // A power cut may undo the last batches, with their checkpoints: a resume repeats them.
  o.connection.sync = sqlite::synchronous::normal;
  o.connection.cache_kib = 64 * 1024;
  o.connection.wal_autocheckpoint = 20'000;
  return as_port(sqlite::pool::open(path, std::move(o)));
}

opened open_postgres([[maybe_unused]] const std::string& url, [[maybe_unused]] std::size_t most) {
#ifdef IMPORT_CSV_WITH_postgres
  return as_port(postgres::open_pool(
      {.conninfo = url, .application_name = "import_csv"}, {.max_connections = most}
  ));
#else
  return error(errc::not_supported, "this build has no PostgreSQL");
#endif
}

#ifdef IMPORT_CSV_WITH_mariadb
error bad_url(const char* why) {
  return {
      errc::invalid_argument,
      std::string("--db: ") + why + "; write mariadb://user:password@host:port/database, and any " +
          "other character in it as %XX"};
}

result<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return bad_url("a % without two hex digits");
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

/// Splits at the first `separator`; all of it is in front if there is none.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

result<mariadb::connection_options> read_mariadb_url(std::string_view rest) {
  const auto [authority, database] = cut(rest, '/');
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return bad_url("no user");
  const auto [user, password] = cut(authority.substr(0, at), ':');
  const auto [host, port] = cut(authority.substr(at + 1), ':');
  mariadb::connection_options o;
  if (!port.empty()) {
    const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), o.port);
    if (wrong != std::errc() || end != port.data() + port.size()) {
      return bad_url("the port is not a number");
    }
  }
  if (database.empty()) return bad_url("no database");
  for (const auto& [text, member] :
       {std::pair(user, &o.user), {password, &o.password}, {database, &o.database}}) {
    auto plain = decoded(text);
    if (!plain) return plain.error();
    *member = *std::move(plain);
  }
  if (!host.empty()) o.host = host;
  return o;
}
#endif

opened open_mariadb([[maybe_unused]] std::string_view rest, [[maybe_unused]] std::size_t most) {
#ifdef IMPORT_CSV_WITH_mariadb
  auto options = read_mariadb_url(rest);
  if (!options) return options.error();
  return as_port(mariadb::open_pool(*std::move(options), {.max_connections = most}));
#else
  return error(errc::not_supported, "this build has no MariaDB");
#endif
}

}  // namespace

opened open_database(const std::string& where, std::size_t writers) {
  const std::size_t most = writers + 2;  // one looks after the job meanwhile
  if (where.starts_with("postgres://") || where.starts_with("postgresql://")) {
    return open_postgres(where, most);
  }
  for (const std::string_view scheme : {"mariadb://", "mysql://"}) {
    if (where.starts_with(scheme)) {
      return open_mariadb(std::string_view(where).substr(scheme.size()), most);
    }
  }
  return open_sqlite(where);
}

}  // namespace import_csv
