// SPDX-License-Identifier: BSL-1.0
#include "adapters/mariadb/rows.hpp"

#include <utility>

namespace scalekit::inline v0::mariadb {

row_stream::~row_stream() {
  if (statement_ == nullptr) return;
  db_->abandon(*statement_);
  finish();
}

result<void> row_stream::start(std::string_view sql, sql::parameters params) {
  was_in_transaction_ = db_->in_transaction();
  auto started = db_->start(sql, params);
  if (!started) return started.error();
  statement_ = *started;
  db_->rows_alive = true;
  if (!statement_->has_rows()) {
    static const auto none = std::make_shared<const std::vector<sql::column_info>>();
    columns_ = none;
    finish();
    return {};
  }
  statement_->refresh_columns();
  columns_ = statement_->columns();
  auto first = step();
  if (!first) return first.error();
  at_first_ = *first;
  return {};
}

result<bool> row_stream::next() {
  if (statement_ == nullptr) return false;
  if (!std::exchange(at_first_, false)) {
    auto more = step();
    if (!more || !*more) return more;
  }
  row_ = statement_->row();
  ++db_->stats.rows;
  return true;
}

result<bool> row_stream::step() {
  const int rc = statement_->fetch();
  if (rc == 0) {
    auto readable = statement_->check_row();
    if (readable) return true;
    db_->abandon(*statement_);
    finish();
    return readable.error();
  }
  if (rc == MYSQL_NO_DATA && statement_->discard()) {
    finish();
    return false;
  }
  error why = db_->fail(statement_->why(), statement_->kind(), was_in_transaction_);
  finish();
  return why;
}

void row_stream::finish() noexcept {
  statement_ = nullptr;
  row_ = {};
  db_->rows_alive = false;
  exchange_.reset();
}

}  // namespace scalekit::inline v0::mariadb
