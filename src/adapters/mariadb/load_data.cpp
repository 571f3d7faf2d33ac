// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/state.hpp"

#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace scalekit::inline v0::mariadb {

namespace {

int begin_source(void** handle, const char*, void* self) {
  *handle = self;
  return static_cast<local_source*>(self)->source == nullptr ? 1 : 0;
}

int read_source(void* handle, char* buffer, unsigned size) {
  auto& local = *static_cast<local_source*>(handle);
  auto got = (*local.source)(std::as_writable_bytes(std::span(buffer, size)));
  if (got && *got <= size) return static_cast<int>(*got);
  local.failed = got ? error(errc::invalid_argument, "load_data: the source gave more than asked")
                     : std::move(got).error();
  return -1;
}

void end_source(void*) {}

int explain_source(void*, char* message, unsigned size) {
  constexpr std::string_view why = "LOCAL INFILE is for load_data() only";
  message[why.copy(message, std::min<std::size_t>(why.size(), size - 1))] = '\0';
  constexpr int not_allowed_command = 1148;
  return not_allowed_command;
}

// The first warning, as the error it would be without LOCAL.
error first_warning(MYSQL* db) {
  constexpr std::string_view ask = "SHOW WARNINGS LIMIT 1";
  failure f{0, {}, "the server skipped or changed a value"};
  MYSQL_RES* rows = nullptr;
  if (mysql_real_query(db, ask.data(), ask.size()) == 0) rows = mysql_store_result(db);
  if (rows == nullptr) return {errc::invalid_argument, std::string(f.message)};
  if (const MYSQL_ROW row = mysql_fetch_row(rows); row != nullptr) {
    const std::string_view number = row[1];
    std::from_chars(number.data(), number.data() + number.size(), f.number);
    f.message = row[2];
  }
  error why = to_error(f);
  mysql_free_result(rows);
  if (why.code() == errc::internal) why = error(errc::invalid_argument, why.message(), why.cause());
  return why;
}

}  // namespace

local_source_guard::local_source_guard(MYSQL* db, local_source& local) noexcept
    : db_(db),
      init_(db->options.local_infile_init),
      read_(db->options.local_infile_read),
      end_(db->options.local_infile_end),
      error_(db->options.local_infile_error),
      data_(db->options.local_infile_userdata) {
  mysql_set_local_infile_handler(db, begin_source, read_source, end_source, explain_source, &local);
}

local_source_guard::~local_source_guard() {
  mysql_set_local_infile_handler(db_, init_, read_, end_, error_, data_);
}

result<sql::execution> connection::state::load(std::string_view sql, const byte_source& source) {
  const exchange running(*this);
  local = {&source, std::nullopt};
  auto done = text(sql, kind_of(sql));
  local.source = nullptr;
  // A source that fails looks to the server like the end of the file.
  if (local.failed && !broken) return *std::exchange(local.failed, std::nullopt);
  // Here still: after the exchange the count may be that of another statement.
  if (!done || mysql_warning_count(db) == 0) return done;
  return first_warning(db);
}

result<sql::execution> connection::load_data(std::string_view sql, const byte_source& source) {
  if (auto ready = state_->ready(sql); !ready) return ready.error();
  if (!source) return error(errc::invalid_argument, "load_data: the source is empty");
  if (in_transaction()) {
    auto mark = sql::savepoint::begin(*this, "scalekit_load_data");
    if (!mark) return mark.error();
    auto done = state_->load(sql, source);
    if (!done) return done;
    if (auto kept = mark->release(); !kept) return kept.error();
    return done;
  }
  auto own = sql::transaction::begin(*this);
  if (!own) return own.error();
  auto done = state_->load(sql, source);
  if (!done) return done;
  if (auto kept = own->commit(); !kept) return kept.error();
  return done;
}

}  // namespace scalekit::inline v0::mariadb
