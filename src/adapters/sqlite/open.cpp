// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/error.hpp"
#include "adapters/sqlite/state.hpp"

#include <scalekit/adapters/sqlite/connection.hpp>

#include <climits>
#include <utility>

namespace scalekit::inline v0::sqlite {

namespace {

result<void> in_range(
    std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most
) {
  if (value >= least && value <= most) return {};
  return error(
      errc::invalid_argument,
      std::string(option) + " is " + std::to_string(value) + "; allowed: " + std::to_string(least) +
          " to " + std::to_string(most)
  );
}

result<void> check(std::string_view path, const connection_options& o) {
  if (path.empty()) return error(errc::invalid_argument, "path is empty");
  if (path.find('\0') != std::string_view::npos) {
    return error(errc::invalid_argument, "path holds a NUL character");
  }
  constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
  if (auto ok = in_range("busy_timeout", o.busy_timeout.count(), 0, day_ms); !ok) return ok;
  if (auto ok = in_range("cache_kib", o.cache_kib, 0, INT_MAX); !ok) return ok;
  if (auto ok = in_range("mmap_bytes", o.mmap_bytes, 0, INT64_MAX); !ok) return ok;
  return in_range("wal_autocheckpoint", o.wal_autocheckpoint, 0, INT_MAX);
}

int open_flags(open_mode mode) noexcept {
  // One thread at a time uses a connection, so SQLite's own mutexes would only cost.
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case open_mode::read_only:
      return common | SQLITE_OPEN_READONLY;
    case open_mode::read_write:
      return common | SQLITE_OPEN_READWRITE;
    case open_mode::create:
      break;
  }
  return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

// Past the statement cache, for a setting is made once; gives the first column of the first row.
result<std::string> pragma(connection::state& db, std::string_view sql) {
  std::string_view tail;
  auto s = prepare(db.db, sql, 0, tail);
  if (!s) return s.error();
  std::string first;
  int rc = sqlite3_step(s->get());
  if (rc == SQLITE_ROW) {
    if (const auto* text = sqlite3_column_text(s->get(), 0); text != nullptr) {
      first = reinterpret_cast<const char*>(text);
    }
    rc = SQLITE_DONE;
  }
  if (rc != SQLITE_DONE) return db.failure(rc, sql);
  return first;
}

result<void> set_journal(connection::state& db, journal_mode mode) {
  if (mode == journal_mode::keep) return {};
  const std::string_view wanted = mode == journal_mode::wal ? "wal" : "delete";
  auto got = pragma(db, "PRAGMA journal_mode=" + std::string(wanted));
  if (!got) return got.error();
  if (*got != wanted) {
    return error(
        errc::not_supported,
        "journal: the file system or build cannot do \"" + std::string(wanted) + "\", it is \"" +
            *got + "\""
    );
  }
  return {};
}

std::string_view spelling(synchronous s) noexcept {
  switch (s) {
    case synchronous::off:
      return "OFF";
    case synchronous::normal:
      return "NORMAL";
    case synchronous::full:
      break;
  }
  return "FULL";
}

result<void> configure(connection::state& db, const connection_options& o, bool journaled) {
  // "text" is a misspelt column, not a text: else a typing error becomes a constant in silence.
  sqlite3_db_config(db.db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // The first look at the file: before this, SQLite has not read a byte of it.
  if (auto read = pragma(db, "PRAGMA schema_version"); !read) return read.error();
  if (o.mode != open_mode::read_only && sqlite3_db_readonly(db.db, "main") == 1) {
    return error(
        errc::invalid_argument, "the file is write-protected; open it with open_mode::read_only"
    );
  }
  if (journaled) {
    if (auto set = set_journal(db, o.journal); !set) return set;
  }
  std::string settings = "PRAGMA synchronous=";
  settings += spelling(o.sync);
  settings += ";PRAGMA temp_store=MEMORY;PRAGMA foreign_keys=";
  settings += o.foreign_keys ? "ON" : "OFF";
  if (o.cache_kib > 0) settings += ";PRAGMA cache_size=-" + std::to_string(o.cache_kib);
  settings += ";PRAGMA mmap_size=" + std::to_string(o.mmap_bytes);
  settings += ";PRAGMA wal_autocheckpoint=" + std::to_string(o.wal_autocheckpoint);
  if (const int rc = sqlite3_exec(db.db, settings.c_str(), nullptr, nullptr, nullptr);
      rc != SQLITE_OK) {
    return db.failure(rc, settings);
  }
  return {};
}

}  // namespace

result<std::unique_ptr<connection>> connection::open(std::string path, connection_options options) {
  const auto context = [&](error e) {
    return std::move(e).with_context("sqlite: open \"" + path + "\"");
  };
  if (auto checked = check(path, options); !checked) return context(checked.error());
  const bool in_memory = path == ":memory:";
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &db, open_flags(options.mode), nullptr);
  if (db == nullptr) return context({errc::internal, "out of memory", {"sqlite", rc}});
  auto s = std::make_unique<state>(
      db, ownership::ours, options.statement_cache_capacity, std::move(options.log)
  );
  if (rc != SQLITE_OK) return context(last_error(db, rc, {}));
  s->install_busy_handler(options.busy_timeout);
  const bool journaled = options.mode != open_mode::read_only && !in_memory;
  if (auto set = configure(*s, options, journaled); !set) return context(set.error());
  return std::unique_ptr<connection>(new connection(std::move(s)));
}

}  // namespace scalekit::inline v0::sqlite
