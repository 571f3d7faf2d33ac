// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/decoder.hpp"
#include "adapters/postgres/session.hpp"

#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

using column_list = std::shared_ptr<const std::vector<sql::column_info>>;

// In libpq's single-row mode: one answer for each row, so that memory does not grow.
class row_stream final : public sql::rows {
 public:
  row_stream(session& s, column_list columns, result_handle first)
      : session_(&s), columns_(std::move(columns)), decoder_(first.get()) {
    current_ = std::move(first);
    session_->reading = true;
  }
  /// No rows at all.
  explicit row_stream(column_list columns) : columns_(std::move(columns)), decoder_(nullptr) {}
  ~row_stream() override {
    if (session_ == nullptr) return;
    session_->reading = false;
    session_->abandon();
  }

  [[nodiscard]] result<bool> next() override {
    if (session_ == nullptr) return false;
    if (!at_first_) current_ = session_->next_answer();
    at_first_ = false;
    if (current_ != nullptr && PQresultStatus(current_.get()) == PGRES_SINGLE_TUPLE) {
      if (auto decoded = decoder_.decode(current_.get(), 0); !decoded) {
        session& s = *finish();
        s.abandon();
        return decoded.error();
      }
      row_ = decoder_.values();
      ++session_->stats.rows;
      return true;
    }
    return end();
  }

  [[nodiscard]] std::span<const sql::column_info> columns() const noexcept override {
    return *columns_;
  }

 private:
  session* finish() noexcept {
    row_ = {};
    session_->reading = false;
    return std::exchange(session_, nullptr);
  }

  // After the last row only its status is left, or an error.
  result<bool> end() {
    session& s = *finish();
    std::optional<error> failed;
    if (current_ == nullptr) {
      failed = s.failure(nullptr);
    } else if (PQresultStatus(current_.get()) != PGRES_TUPLES_OK) {
      failed = s.failure(current_.get());
    }
    if (auto rest = s.collect(std::move(failed)); !rest) return rest.error();
    return false;
  }

  session* session_ = nullptr;  // null once the rows have ended
  column_list columns_;
  row_decoder decoder_;
  result_handle current_;
  bool at_first_ = true;
};

bool same_columns(const std::vector<sql::column_info>& known, const PGresult* r) {
  if (known.size() != static_cast<std::size_t>(PQnfields(r))) return false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const int n = static_cast<int>(i);
    if (known[i].name != PQfname(r, n) || known[i].declared_type != type_name(PQftype(r, n))) {
      return false;
    }
  }
  return true;
}

}  // namespace

column_list read_columns(const PGresult* r) {
  auto columns = std::make_shared<std::vector<sql::column_info>>();
  for (int i = 0; i < PQnfields(r); ++i) {
    columns->push_back({PQfname(r, i), std::string(type_name(PQftype(r, i)))});
  }
  return columns;
}

result<std::unique_ptr<sql::rows>> start_rows(session& s, const statement_ptr& what) {
  PQsetSingleRowMode(s.handle());
  auto first = s.next_answer();
  const auto status = first == nullptr ? PGRES_FATAL_ERROR : PQresultStatus(first.get());
  column_list columns = what->columns;
  const bool has_columns = status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK;
  if (has_columns && !same_columns(*columns, first.get())) columns = read_columns(first.get());
  if (status == PGRES_SINGLE_TUPLE) {
    return std::unique_ptr<sql::rows>(
        std::make_unique<row_stream>(s, std::move(columns), std::move(first))
    );
  }
  std::optional<error> failed;
  switch (status) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
      failed = error(errc::invalid_argument, "a COPY has no rows; use copy_in or copy_out");
      PQputCopyEnd(s.handle(), "use copy_in");
      break;
    default:
      failed = s.failure(first.get());
      break;
  }
  if (auto rest = s.collect(std::move(failed)); !rest) return rest.error();
  if (auto done = s.outcome(first.get(), what->sql); !done) return done.error();
  return std::unique_ptr<sql::rows>(std::make_unique<row_stream>(std::move(columns)));
}

}  // namespace scalekit::inline v0::postgres
