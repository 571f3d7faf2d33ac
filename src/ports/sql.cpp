// SPDX-License-Identifier: BSL-1.0
#include "ports/row_major.hpp"

#include <scalekit/ports/sql.hpp>

#include <utility>

namespace scalekit::inline v0::sql {

std::string_view to_string(dialect d) noexcept {
  switch (d) {
    case dialect::sqlite:
      return "sqlite";
    case dialect::postgres:
      return "postgres";
    case dialect::mariadb:
      return "mariadb";
    case dialect::mysql:
      return "mysql";
  }
  return "unknown";
}

rows::~rows() = default;
csv_lines::~csv_lines() = default;
interrupt_handle::~interrupt_handle() = default;
connection::~connection() = default;
pool::~pool() = default;

result<std::unique_ptr<csv_lines>>
connection::query_csv(std::string_view, parameters, const csv_style&) {
  return error(errc::not_supported, "this database does not spell rows as CSV");
}

result<executions> connection::execute_many(
    std::string_view sql, parameters values, std::size_t width, std::size_t* failed_row
) {
  if (auto whole = check_rows(values.size(), width); !whole) return whole.error();
  executions all;
  for (std::size_t at = 0; at < values.size(); at += width) {
    auto one = execute(sql, values.subspan(at, width));
    if (!one) {
      if (failed_row != nullptr) *failed_row = at / width;
      return std::move(one).error();
    }
    all.affected_rows += one->affected_rows;
  }
  return all;
}

result<std::int64_t> connection::insert_rows(
    std::string_view, std::string_view, parameters, std::size_t
) {
  return error(errc::not_supported, "this database has no faster way in than INSERT");
}

result<void> connection::check_deferred() {
  if (dialect() != sql::dialect::postgres || !in_transaction()) return {};
  auto set = execute("SET CONSTRAINTS ALL IMMEDIATE");
  if (!set) return set.error();
  return {};
}

pooled_connection::pooled_connection(pooled_connection&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      connection_(std::exchange(other.connection_, nullptr)),
      kind_(other.kind_) {}

pooled_connection& pooled_connection::operator=(pooled_connection&& other) noexcept {
  if (this != &other) {
    release();
    owner_ = std::exchange(other.owner_, nullptr);
    connection_ = std::exchange(other.connection_, nullptr);
    kind_ = other.kind_;
  }
  return *this;
}

void pooled_connection::release() noexcept {
  if (connection_ != nullptr) owner_->give_back(std::exchange(connection_, nullptr), kind_);
  owner_ = nullptr;
}

}  // namespace scalekit::inline v0::sql
