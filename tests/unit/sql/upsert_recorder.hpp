// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_SQL_UPSERT_RECORDER_HPP
#define SCALEKIT_TESTS_UNIT_SQL_UPSERT_RECORDER_HPP

#include <scalekit/ports/sql.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A connection without a database that writes down what an upsert asks of it, and answers as a
/// database would that has the table, its index and no row.
class upsert_recorder final : public scalekit::sql::connection {
 public:
  template <class T>
  using result = scalekit::result<T>;
  using values_row = std::vector<scalekit::sql::value>;

  struct call {
    std::string text;
    std::vector<values_row> rows;
  };

  explicit upsert_recorder(scalekit::sql::dialect d) noexcept : dialect_(d) {}

  std::vector<call> calls;
  bool has_insert_rows = false;
  int is_plain = 1;           ///< PostgreSQL: the table is no view and has no partitions
  int spelled_by_server = 0;  ///< columns of text that COPY would spell differently
  /// The statement that starts so fails.
  std::string failing;

  /// The rows written, in their order.
  [[nodiscard]] std::vector<values_row> written() const {
    std::vector<values_row> all;
    for (const call& c : calls) {
      if (c.text.starts_with("INSERT")) all.insert(all.end(), c.rows.begin(), c.rows.end());
    }
    return all;
  }
  [[nodiscard]] std::string history() const {
    std::string all;
    for (const call& c : calls) all.append(all.empty() ? "" : "; ").append(c.text.substr(0, 12));
    return all;
  }

  [[nodiscard]] scalekit::sql::dialect dialect() const noexcept override { return dialect_; }
  [[nodiscard]] result<std::unique_ptr<scalekit::sql::rows>> query(
      std::string_view sql, scalekit::sql::parameters params
  ) override {
    if (auto done = write_down(sql, params, params.size()); !done) return done.error();
    std::vector<values_row> rows = {{0}};
    if (sql.starts_with("SHOW INDEX")) rows = {{"t", 0, "PRIMARY", 1, "id", "A", 0, nullptr}};
    if (sql.starts_with("SELECT signature")) rows = {{255, -1, spelled_by_server}};
    if (sql.starts_with("SELECT count(*) FROM pg_catalog.pg_class")) rows = {{is_plain}};
    if (sql.starts_with("WITH")) rows = {{0, 0}};
    return std::unique_ptr<scalekit::sql::rows>(std::make_unique<canned>(std::move(rows)));
  }
  [[nodiscard]] result<scalekit::sql::execution> execute(
      std::string_view sql, scalekit::sql::parameters params
  ) override {
    if (auto done = write_down(sql, params, params.size()); !done) return done.error();
    return scalekit::sql::execution{};
  }
  [[nodiscard]] result<scalekit::sql::executions>
  execute_many(std::string_view sql, scalekit::sql::parameters values, std::size_t width, std::size_t*)
      override {
    if (values.empty()) return scalekit::sql::executions{.new_ids = 0};
    if (auto done = write_down(sql, values, width); !done) return done.error();
    return scalekit::sql::executions{.new_ids = 0};
  }
  [[nodiscard]] result<std::int64_t> insert_rows(
      std::string_view table,
      std::string_view columns,
      scalekit::sql::parameters values,
      std::size_t width
  ) override {
    if (!has_insert_rows) return connection::insert_rows(table, columns, values, width);
    if (values.empty()) return 0;
    const std::string text = "rows into " + std::string(table) + " (" + std::string(columns) + ")";
    if (auto done = write_down(text, values, width); !done) return done.error();
    return static_cast<std::int64_t>(values.size() / width);
  }
  [[nodiscard]] result<void> execute_script(std::string_view) override {
    return scalekit::errc::not_supported;
  }
  [[nodiscard]] result<void> begin(const scalekit::sql::transaction_options&) override {
    open_ = true;
    return write_down("BEGIN", {}, 0);
  }
  [[nodiscard]] result<void> commit() override {
    open_ = false;
    return write_down("COMMIT", {}, 0);
  }
  [[nodiscard]] result<void> rollback() override {
    open_ = false;
    return write_down("ROLLBACK", {}, 0);
  }
  [[nodiscard]] bool in_transaction() const noexcept override { return open_; }
  [[nodiscard]] std::shared_ptr<scalekit::sql::interrupt_handle> interrupt_handle() override {
    return nullptr;
  }
  [[nodiscard]] scalekit::sql::connection_stats stats() const noexcept override { return {}; }

 private:
  class canned final : public scalekit::sql::rows {
   public:
    explicit canned(std::vector<values_row> all) : all_(std::move(all)) {}
    result<bool> next() override {
      if (at_ == all_.size()) return false;
      views_.assign(all_[at_].begin(), all_[at_].end());
      ++at_;
      row_ = views_;
      return true;
    }
    std::span<const scalekit::sql::column_info> columns() const noexcept override { return {}; }

   private:
    std::vector<values_row> all_;
    std::vector<scalekit::sql::value_view> views_;
    std::size_t at_ = 0;
  };

  result<void> write_down(
      std::string_view text, scalekit::sql::parameters values, std::size_t width
  ) {
    call c{std::string(text), {}};
    for (std::size_t at = 0; at < values.size(); at += width) {
      const auto one = values.subspan(at, width);
      c.rows.emplace_back(one.begin(), one.end());
    }
    calls.push_back(std::move(c));
    if (failing.empty() || !text.starts_with(failing)) return {};
    return scalekit::error(scalekit::errc::conflict, "failed as planned");
  }

  scalekit::sql::dialect dialect_;
  bool open_ = false;
};

#endif
