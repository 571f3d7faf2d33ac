// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/statement.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace scalekit::inline v0::mariadb {

std::unique_ptr<statement> statement::make(MYSQL* db, std::string_view sql) {
  MYSQL_STMT* handle = mysql_stmt_init(db);
  if (handle == nullptr) return nullptr;
  return std::unique_ptr<statement>(new statement(db, handle, sql));
}

statement::statement(MYSQL* db, MYSQL_STMT* handle, std::string_view sql)
    : db_(db), handle_(handle), sql_(sql), kind_(kind_of(sql)) {
  // Each value is handed over where it lies in the packet, without a copy into buffers of ours.
  const ps_result_callback callback = take_value;
  mysql_stmt_attr_set(handle_, STMT_ATTR_CB_USER_DATA, this);
  mysql_stmt_attr_set(handle_, STMT_ATTR_CB_RESULT, reinterpret_cast<const void*>(callback));
}

bool statement::prepare() noexcept {
  prepared_ = mysql_stmt_prepare(handle_, sql_.data(), sql_.size()) == 0;
  return prepared_;
}

failure statement::why() const noexcept {
  if (const unsigned number = mysql_stmt_errno(handle_); number != 0) {
    return {number, mysql_stmt_sqlstate(handle_), mysql_stmt_error(handle_)};
  }
  return {mysql_errno(db_), mysql_sqlstate(db_), mysql_error(db_)};
}

void statement::refresh_columns() {
  const MYSQL_FIELD* fields = mariadb_stmt_fetch_fields(handle_);
  const std::size_t count = mysql_stmt_field_count(handle_);
  decoders_.resize(count);
  row_.resize(count);
  std::ranges::transform(fields, fields + count, decoders_.begin(), decoder_of);
  bool same = columns_ && columns_->size() == count;
  for (std::size_t i = 0; same && i < count; ++i) {
    const sql::column_info& known = (*columns_)[i];
    same = known.name == std::string_view(fields[i].name, fields[i].name_length) &&
           known.declared_type == to_string(decoders_[i].type);
  }
  if (same) return;
  auto fresh = std::make_shared<std::vector<sql::column_info>>(count);
  for (std::size_t i = 0; i < count; ++i) {
    (*fresh)[i].name.assign(fields[i].name, fields[i].name_length);
    (*fresh)[i].declared_type = to_string(decoders_[i].type);
  }
  columns_ = std::move(fresh);
}

void statement::take_value(void* self, unsigned column, unsigned char** row) {
  auto& s = *static_cast<statement*>(self);
  // Once a value did not end within the packet, where the next one starts is not known.
  if (column >= s.row_.size() || s.row_state_ == decoded::truncated) return;
  sql::value_view& out = s.row_[column];
  out = {};
  if (row == nullptr) return;
  const unsigned char* at = *row;
  const decoded state = decode(s.decoders_[column], at, s.db_->net.buff_end, out);
  *row = const_cast<unsigned char*>(at);
  if (state == decoded::ok || s.row_state_ != decoded::ok) return;
  s.row_state_ = state;
  s.bad_column_ = column;
}

int statement::fetch() noexcept {
  row_state_ = decoded::ok;
  return mysql_stmt_fetch(handle_);
}

result<void> statement::check_row() const {
  if (row_state_ == decoded::ok) return {};
  const std::string column = "column \"" + (*columns_)[bad_column_].name + "\": ";
  if (row_state_ == decoded::truncated) {
    return error(errc::data_corrupted, column + "the server's packet ends within the value");
  }
  return error(
      errc::data_corrupted,
      column + "a date that the calendar does not have, such as 0000-00-00; CAST it AS CHAR to see"
  );
}

bool statement::discard() noexcept {
  for (;;) {
    mysql_stmt_free_result(handle_);
    if (mysql_errno(db_) != 0) return false;  // the result broke midway; the call does not say so
    if (mysql_stmt_more_results(handle_) == 0) return true;
    if (mysql_stmt_next_result(handle_) != 0) return false;
  }
}

statement* statement_cache::find(std::string_view sql) noexcept {
  auto found = recent_.end();
  // A loop over one statement finds it in front, and need not hash its text.
  if (!recent_.empty() && recent_.front()->sql() == sql) {
    found = recent_.begin();
  } else if (const auto entry = by_text_.find(sql); entry != by_text_.end()) {
    found = entry->second;
  } else {
    return nullptr;
  }
  recent_.splice(recent_.begin(), recent_, found);
  ++stats_->cache_hits;
  return recent_.front().get();
}

statement& statement_cache::add(std::unique_ptr<statement> s) {
  // In a list of its own until the index knows it: either both have it or neither.
  list one;
  one.push_front(std::move(s));
  by_text_.emplace(one.front()->sql(), one.begin());
  recent_.splice(recent_.begin(), one);
  return *recent_.front();
}

void statement_cache::trim() noexcept {
  while (recent_.size() > capacity_) forget(*recent_.back());
}

void statement_cache::clear() noexcept {
  by_text_.clear();
  recent_.clear();
}

void statement_cache::forget(const statement& s) noexcept {
  const auto entry = by_text_.find(s.sql());
  if (entry == by_text_.end()) return;
  const auto place = entry->second;
  by_text_.erase(entry);
  recent_.erase(place);
}

}  // namespace scalekit::inline v0::mariadb
