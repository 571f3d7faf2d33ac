// SPDX-License-Identifier: BSL-1.0
#include <scalekit/testing/fault_injection.hpp>

#include <string>
#include <utility>
#include <vector>

namespace scalekit::inline v0::testing {

// The one place where a fault strikes: instead of the call, or after it.
template <class Call>
auto faulty_connection::guarded(sql_call at, std::string_view sql, const Call& call)
    -> decltype(call()) {
  const sql_fault* fault = due(at, sql);
  if (fault == nullptr) return call();
  const error what = fault->what;
  if (fault->when == sql_fault::moment::after_effect) {
    // A call that fails by itself has no effect to hide.
    if (auto done = call(); !done) return done;
  }
  return what;
}

class faulty_connection::faulty_rows final : public sql::rows {
 public:
  faulty_rows(faulty_connection& db, std::unique_ptr<sql::rows> inner, std::string_view sql)
      : db_(&db), inner_(std::move(inner)), sql_(sql) {}

  [[nodiscard]] result<bool> next() override {
    if (inner_ == nullptr) return false;
    row_ = {};
    auto more = db_->guarded(sql_call::next, sql_, [&] { return inner_->next(); });
    if (more && *more) {
      row_ = inner_->row();
    } else if (!more) {
      columns_.assign(inner_->columns().begin(), inner_->columns().end());
      inner_.reset();  // after an error the query is over
    }
    return more;
  }

  [[nodiscard]] std::span<const sql::column_info> columns() const noexcept override {
    return inner_ != nullptr ? inner_->columns() : columns_;
  }

 private:
  faulty_connection* db_;
  std::unique_ptr<sql::rows> inner_;
  std::string sql_;
  std::vector<sql::column_info> columns_;
};

faulty_connection::~faulty_connection() = default;

const sql_fault* faulty_connection::due(sql_call at, std::string_view sql) {
  return faults_.due([&](const sql_fault& f) {
    return f.at == at && (!f.matches || f.matches(sql));
  });
}

result<std::unique_ptr<sql::rows>> faulty_connection::query(
    std::string_view sql, sql::parameters params
) {
  auto rows = guarded(sql_call::query, sql, [&] { return inner_->query(sql, params); });
  if (!rows) return rows;
  return std::unique_ptr<sql::rows>(std::make_unique<faulty_rows>(*this, *std::move(rows), sql));
}

result<sql::execution> faulty_connection::execute(std::string_view sql, sql::parameters params) {
  return guarded(sql_call::execute, sql, [&] { return inner_->execute(sql, params); });
}

result<sql::executions> faulty_connection::execute_many(
    std::string_view sql, sql::parameters values, std::size_t width, std::size_t* failed_row
) {
  return guarded(sql_call::execute_many, sql, [&] {
    return inner_->execute_many(sql, values, width, failed_row);
  });
}

result<std::int64_t> faulty_connection::insert_rows(
    std::string_view table, std::string_view columns, sql::parameters values, std::size_t width
) {
  return guarded(sql_call::insert_rows, table, [&] {
    return inner_->insert_rows(table, columns, values, width);
  });
}

result<void> faulty_connection::execute_script(std::string_view sql) {
  return guarded(sql_call::execute_script, sql, [&] { return inner_->execute_script(sql); });
}

result<void> faulty_connection::begin(const sql::transaction_options& options) {
  return guarded(sql_call::begin, {}, [&] { return inner_->begin(options); });
}

result<void> faulty_connection::commit() {
  return guarded(sql_call::commit, {}, [&] { return inner_->commit(); });
}

result<void> faulty_connection::rollback() {
  return guarded(sql_call::rollback, {}, [&] { return inner_->rollback(); });
}

}  // namespace scalekit::inline v0::testing
