// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/connect.hpp"
#include "adapters/mariadb/state.hpp"

#include <scalekit/adapters/mariadb/connection.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::mariadb {

namespace {

// In one statement, for each is a round trip.
std::string session_settings(const connection_options& o, bool is_mariadb) {
  std::string sql =
      "SET autocommit=1,time_zone='+00:00',sql_mode='STRICT_TRANS_TABLES,STRICT_ALL_TABLES,"
      "NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,"
      "NO_ENGINE_SUBSTITUTION'";
  if (const auto ms = o.statement_timeout.count(); ms > 0) {
    sql += is_mariadb ? ",max_statement_time=" + std::to_string(ms) + "/1000"
                      : ",max_execution_time=" + std::to_string(ms);
  }
  if (o.lock_wait_timeout) {
    const auto least = is_mariadb ? std::chrono::seconds(0) : std::chrono::seconds(1);
    const std::string wait = std::to_string(std::max(*o.lock_wait_timeout, least).count());
    sql += ",innodb_lock_wait_timeout=" + wait + ",lock_wait_timeout=" + wait;
  }
  return sql;
}

}  // namespace

result<std::unique_ptr<connection>> connection::open(connection_options options) {
  const auto context = [&](error e) {
    std::string what = "mariadb: open ";
    if (!options.database.empty()) what += "\"" + options.database + "\" ";
    what += "at " + place_of(options) + " as \"" + options.user + "\"";
    return std::move(e).with_context(what);
  };
  if (auto checked = check(options); !checked) return context(checked.error());
  auto dialled = dial(options);
  if (!dialled) return context(dialled.error());
  auto s = std::make_unique<state>(
      *std::move(dialled),
      ownership::ours,
      place_of(options),
      options.statement_cache_capacity,
      options.log,
      options
  );
  const std::string settings = session_settings(options, !s->is_mysql);
  if (auto set = s->run_text(settings, statement_kind::begins); !set) {
    return context(set.error());
  }
  if (auto known = s->identify_server(); !known) return context(known.error());
  s->stats = {};
  return std::unique_ptr<connection>(new connection(std::move(s)));
}

result<std::unique_ptr<connection>> connection::adopt(st_mysql* db, adopt_options options) {
  if (db == nullptr) return error(errc::invalid_argument, "adopt: the handle is null");
  if (options.interrupt_via) {
    if (auto ok = check(*options.interrupt_via); !ok) {
      return std::move(ok).error().with_context("adopt: interrupt_via");
    }
  }
  const char* host = mysql_get_host_info(db);
  const bool interruptible = options.interrupt_via.has_value();
  auto s = std::make_unique<state>(
      link(db),
      ownership::hosts,
      host == nullptr ? "the adopted handle" : host,
      options.statement_cache_capacity,
      std::move(options.log),
      std::move(options.interrupt_via)
  );
  if (interruptible) {
    if (auto known = s->identify_server(); !known) {
      return std::move(known).error().with_context("adopt: which server it is");
    }
  }
  return std::unique_ptr<connection>(new connection(std::move(s)));
}

}  // namespace scalekit::inline v0::mariadb
