// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_ROW_CHECKER_HPP
#define SCALEKIT_BULK_ROW_CHECKER_HPP

/// \file
/// Turns the records of a file into rows of typed values, and says everything that is wrong with
/// those that are not good.
///
/// \code
/// auto checker = bulk::row_checker::bind(schema, file.header());
/// if (!checker) return checker.error();
/// bulk::typed_row row;
/// std::vector<bulk::row_error> errors;
/// while (next(file)) {
///   if (checker->check(file.row(), row, errors)) store(row.values());
/// }
/// \endcode

#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/bulk/row_error.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace scalekit::inline v0::csv {
class record;
}

namespace scalekit::inline v0::bulk {

/// \brief The values of one row, in the order of the schema's columns. Keeps its memory from row to
/// row.
///
/// A value is a view: of the record, of this object, of the schema or of its lookup tables. All of
/// them hold until the next `check` into this row, or until the record ends, whichever is first.
///
/// \par Thread-safety  One thread at a time.
class SCALEKIT_EXPORT typed_row {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  /// \pre `column < size()`
  [[nodiscard]] sql::value_view operator[](std::size_t column) const noexcept {
    return values_[column];
  }
  [[nodiscard]] std::span<const sql::value_view> values() const noexcept { return values_; }

  /// \brief Replaces a value, which is kept.
  /// \pre `column < size()`
  void set(std::size_t column, sql::value v);

 private:
  friend class row_checker;

  /// What the value of a column may point into.
  struct memory {
    std::string transformed;
    std::string typed;
    sql::value given;
  };
  void clear(std::size_t columns);

  std::vector<sql::value_view> values_;
  std::vector<memory> memory_;
  std::vector<unsigned char> bad_;
};

/// \brief A schema bound to one file's header.
///
/// A record whose form is broken (\ref csv::record::issues) is bad. Where the issue is of one field
/// (a NUL, a wrong encoding, too long) the other columns are checked all the same; where fields may
/// have slipped (quotes, too few, too many) they are not, since everything said about them would be
/// noise.
///
/// \par Thread-safety  Immutable: `check` may run on several threads, each with its own
/// `typed_row`. \par Complexity     A good row allocates nothing once the `typed_row` has its
/// memory.
class SCALEKIT_EXPORT row_checker {
 public:
  /// \brief Finds each column in `header`. An empty header means a file without one: its columns
  /// are the schema's, in order.
  /// \par Errors `invalid_argument` with every problem of the schema (see \ref check), or else of
  /// the header: columns that are missing, double or unknown, and what they may have been meant as.
  [[nodiscard]] static result<row_checker> bind(
      std::shared_ptr<const import_schema> schema, std::span<const std::string> header
  );

  /// \brief Whether the row is good. Else appends what is wrong with it, column by column, then
  /// rule by rule; values that are bad are null in `row`.
  [[nodiscard]] bool check(
      const csv::record& record, typed_row& row, std::vector<row_error>& errors
  ) const;

  /// \brief The same for some of the columns, and no rule: what is bad here is bad there, and other
  /// values of `row` are null. For those who only want a key.
  /// \pre each of `columns` is below columns()
  [[nodiscard]] bool check_columns(
      const csv::record& record,
      std::span<const std::size_t> columns,
      typed_row& row,
      std::vector<row_error>& errors
  ) const;

  /// \brief An error of one of the schema's columns, with everything but what is wrong: for checks
  /// that are made elsewhere.
  /// \pre `column < columns()`
  [[nodiscard]] row_error error_at(const csv::record& record, std::size_t column) const;

  /// \brief How many columns the schema has.
  [[nodiscard]] std::size_t columns() const noexcept;
  [[nodiscard]] const import_schema& schema() const noexcept;

 private:
  struct plan;
  [[nodiscard]] bool check_form(
      const csv::record& record, typed_row& row, std::vector<row_error>& errors
  ) const;
  void check_column(
      const csv::record& record, std::size_t c, typed_row& row, std::vector<row_error>& errors
  ) const;
  void check_rules(const csv::record& record, typed_row& row, std::vector<row_error>& errors) const;

  explicit row_checker(std::shared_ptr<const plan> made) noexcept;
  std::shared_ptr<const plan> plan_;
};

}  // namespace scalekit::inline v0::bulk

#endif
