// SPDX-License-Identifier: BSL-1.0
#include "adapters/sqlite/error.hpp"
#include "adapters/sqlite/state.hpp"

#include <utility>

namespace scalekit::inline v0::sqlite {

namespace {

class row_stream final : public sql::rows {
 public:
  row_stream(connection::state& db, statement_cache::lease s) noexcept
      : db_(&db), statement_(std::move(s)), handle_(statement_->handle.get()) {}

  [[nodiscard]] result<void> start() {
    const int rc = sqlite3_step(handle_);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return db_->failure(rc, statement_->sql);
    statement_->refresh_columns();
    columns_ = statement_->columns;
    if (rc == SQLITE_DONE) {
      finish();
    } else {
      values_ = statement_->row;
      at_first_ = true;
    }
    return {};
  }

  [[nodiscard]] result<bool> next() override {
    int rc = SQLITE_ROW;
    if (at_first_) {
      at_first_ = false;
    } else if (handle_ != nullptr) {
      rc = sqlite3_step(handle_);
    } else {
      return false;
    }
    if (rc == SQLITE_ROW) {
      if (fill()) {
        ++db_->stats.rows;
        return true;
      }
      rc = SQLITE_NOMEM;
    }
    return end(rc);
  }

  [[nodiscard]] std::span<const sql::column_info> columns() const noexcept override {
    return *columns_;
  }

 private:
  // False where SQLite ran out of memory, converting UTF-16 say.
  [[nodiscard]] bool fill() noexcept {
    int i = 0;
    for (sql::value_view& out : values_) {
      sqlite3_value* v = sqlite3_column_value(handle_, i++);
      switch (sqlite3_value_type(v)) {
        case SQLITE_INTEGER:
          out = std::int64_t{sqlite3_value_int64(v)};
          break;
        case SQLITE_TEXT: {
          const unsigned char* text = sqlite3_value_text(v);
          if (text == nullptr) return false;
          const auto size = static_cast<std::size_t>(sqlite3_value_bytes(v));
          out = std::string_view(reinterpret_cast<const char*>(text), size);
          break;
        }
        case SQLITE_FLOAT:
          out = sqlite3_value_double(v);
          break;
        case SQLITE_BLOB: {
          const void* data = sqlite3_value_blob(v);
          const auto size = static_cast<std::size_t>(sqlite3_value_bytes(v));
          if (data == nullptr && size != 0) return false;
          out = bytes_view(static_cast<const std::byte*>(data), size);
          break;
        }
        default:
          out = sql::value_view();
          break;
      }
    }
    row_ = values_;
    return true;
  }

  [[nodiscard]] result<bool> end(int rc) {
    if (rc == SQLITE_DONE) {
      finish();
      return false;
    }
    error why = db_->failure(rc, statement_->sql);
    finish();
    return why;
  }

  void finish() noexcept {
    statement_.reset();
    handle_ = nullptr;
    row_ = {};
  }

  connection::state* db_;
  statement_cache::lease statement_;
  sqlite3_stmt* handle_;  // null once the rows have ended
  std::span<sql::value_view> values_;
  std::shared_ptr<const std::vector<sql::column_info>> columns_;
  bool at_first_ = false;
};

}  // namespace

result<std::unique_ptr<sql::rows>> start_rows(connection::state& db, statement_cache::lease s) {
  auto stream = std::make_unique<row_stream>(db, std::move(s));
  if (auto started = stream->start(); !started) return started.error();
  return std::unique_ptr<sql::rows>(std::move(stream));
}

}  // namespace scalekit::inline v0::sqlite
