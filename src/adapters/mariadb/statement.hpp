// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_STATEMENT_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_STATEMENT_HPP

#include "adapters/mariadb/decode.hpp"
#include "adapters/mariadb/error.hpp"
#include "adapters/mariadb/statement_kind.hpp"

#include <scalekit/ports/sql.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mysql.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scalekit::inline v0::mariadb {

/// The parameters of one execution, as libmariadb wants them. Text and blobs stay the caller's.
class parameter_block {
 public:
  /// Says which parameter cannot be bound, and why.
  [[nodiscard]] result<void> fill(std::string_view sql, sql::parameters params);
  /// Whether one of these is of another class than what stood in its place since this was last
  /// true. To be asked of every execution, where it matters.
  [[nodiscard]] bool has_other_class(sql::parameters params);
  [[nodiscard]] MYSQL_BIND* data() noexcept { return binds_.data(); }
  /// Bytes they take in a packet, at most.
  [[nodiscard]] std::size_t size_on_wire() const noexcept { return size_; }

 private:
  union number {
    std::uint64_t bits;
    double real;
    MYSQL_TIME time;
  };
  /// What a server may tell apart when it has seen a value: \ref none before the first.
  enum class value_class : std::uint8_t { none, number, text, bytes, time };

  [[nodiscard]] result<void> bind(MYSQL_BIND& b, number& room, sql::value_view v);
  [[nodiscard]] static value_class class_of(sql::value_kind kind) noexcept;

  std::vector<MYSQL_BIND> binds_;
  std::vector<number> numbers_;
  std::vector<value_class> classes_;
  std::size_t size_ = 0;
};

/// One prepared statement and the room for its parameters and its current row.
class statement {
 public:
  /// Null if there is no memory. The statement keeps its address in libmariadb's handle.
  [[nodiscard]] static std::unique_ptr<statement> make(MYSQL* db, std::string_view sql);
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement() { mysql_stmt_close(handle_); }

  /// Or fails as \ref why says. May be called again: the server then parses it anew.
  [[nodiscard]] bool prepare() noexcept;
  /// Whether it can be used: false once preparing has failed.
  [[nodiscard]] bool is_prepared() const noexcept { return prepared_; }
  [[nodiscard]] failure why() const noexcept;

  [[nodiscard]] MYSQL_STMT* handle() const noexcept { return handle_; }
  [[nodiscard]] const std::string& sql() const noexcept { return sql_; }
  [[nodiscard]] statement_kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool only_reads() const noexcept {
    return kind_ == statement_kind::reads || kind_ == statement_kind::selects;
  }
  [[nodiscard]] parameter_block& parameters() noexcept { return parameters_; }
  [[nodiscard]] bool has_rows() const noexcept { return mysql_stmt_field_count(handle_) > 0; }

  /// After an execution with rows: what the columns are now.
  void refresh_columns();
  [[nodiscard]] const std::shared_ptr<const std::vector<sql::column_info>>& columns(
  ) const noexcept {
    return columns_;
  }
  [[nodiscard]] std::span<const sql::value_view> row() const noexcept { return row_; }
  /// 0 where there is another row, MYSQL_NO_DATA at the end, else an error.
  [[nodiscard]] int fetch() noexcept;
  /// What was wrong with a value of the row just fetched, if anything.
  [[nodiscard]] result<void> check_row() const;
  /// Reads what is left of all results; false if that fails.
  [[nodiscard]] bool discard() noexcept;

 private:
  statement(MYSQL* db, MYSQL_STMT* handle, std::string_view sql);
  static void take_value(void* self, unsigned column, unsigned char** row);

  MYSQL* db_;
  MYSQL_STMT* handle_;
  std::string sql_;
  statement_kind kind_;
  bool prepared_ = false;
  parameter_block parameters_;
  std::shared_ptr<const std::vector<sql::column_info>> columns_;  // outlive the statement
  std::vector<column_decoder> decoders_;
  std::vector<sql::value_view> row_;
  decoded row_state_ = decoded::ok;
  std::size_t bad_column_ = 0;
};

/// Prepared statements by text; one is in use at a time.
class statement_cache {
 public:
  statement_cache(std::size_t capacity, sql::connection_stats& stats) noexcept
      : capacity_(capacity), stats_(&stats) {}

  /// The cached statement, or null.
  [[nodiscard]] statement* find(std::string_view sql) noexcept;
  /// Keeps a prepared statement, until \ref trim has to make room.
  statement& add(std::unique_ptr<statement> s);
  /// Closes those over capacity. Not while a result is pending.
  void trim() noexcept;
  void forget(const statement& s) noexcept;
  void clear() noexcept;

 private:
  using list = std::list<std::unique_ptr<statement>>;
  std::size_t capacity_;
  sql::connection_stats* stats_;
  list recent_;  // most recently used first
  std::unordered_map<std::string_view, list::iterator> by_text_;
};

}  // namespace scalekit::inline v0::mariadb

#endif
