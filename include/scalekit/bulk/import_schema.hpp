// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BULK_IMPORT_SCHEMA_HPP
#define SCALEKIT_BULK_IMPORT_SCHEMA_HPP

/// \file
/// What a row of an import must be: columns with types and rules, and rules over the whole row.
///
/// \code
/// bulk::import_schema payments{
///     .columns = {
///         {.name = "id", .aliases = {"payment id"}, .type = bulk::field_type::integer,
///          .required = true, .integer = {.minimum = 1}},
///         {.name = "amount", .type = bulk::field_type::decimal, .required = true,
///          .decimal = {.precision = 12, .scale = 2, .minimum = "0"}},
///         {.name = "status", .type = bulk::field_type::enumeration,
///          .enumeration = {.words = {{"paid"}, {"open"}}}}},
///     .rules = {{.name = "paid_is_not_zero", .columns = {"amount", "status"}, .check = paid}},
///     .version = "3"};
/// \endcode

#include <scalekit/bulk/field_type.hpp>
#include <scalekit/bulk/lookup_table.hpp>
#include <scalekit/export.hpp>
#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::bulk {

class typed_row;

/// \brief Rewrites a field before it is typed. The result is a view of the field, or of `scratch`,
/// which keeps its memory from row to row.
///
/// \par Thread-safety  Rows may be checked on several threads: it must allow concurrent calls.
struct field_transform {
  std::string name = {};  ///< stands for the callable in the fingerprint
  std::function<std::string_view(std::string_view field, std::string& scratch)> run = {};
};

enum class text_case : std::uint8_t { keep, lower, upper };

/// What to do with a column that the file does not have.
enum class absent_column : std::uint8_t {
  refuse,      ///< the file, for every row's NULL would overwrite what is stored
  use_default  ///< every row gets `default_value`, or NULL
};

/// How a field's value and a lookup table go together.
enum class lookup_use : std::uint8_t {
  must_exist,  ///< the table must hold the value
  replace      ///< by what the table holds for it
};

/// \brief One column of the table, and the column of the file it is read from. Only the limits of
/// its own `type` are looked at.
struct import_column {
  std::string name = {};                  ///< of the table
  std::string header = {};                ///< in the file; empty: `name`
  std::vector<std::string> aliases = {};  ///< other names it may have in the file
  field_type type = field_type::text;

  bool required = false;  ///< neither NULL nor empty, unless there is a default
  /// No other row of the file has the same value. A checker sees one row at a time: the importer
  /// looks after this.
  bool unique = false;
  /// Blanks and tabs at both ends go. Those around any type but text always do.
  bool trim = false;
  text_case letters = text_case::keep;  ///< ASCII letters, before typing
  field_transform transform = {};       ///< after trimming, before `letters`; never sees NULL
  /// Of the type that the column has. Stands in for NULL and for empty text, and is not checked.
  sql::value default_value = {};
  absent_column absent = absent_column::refuse;

  text_limits text = {};
  integer_limits integer = {};
  decimal_limits decimal = {};
  float64_limits float64 = {};
  boolean_words boolean = {};
  date_limits date = {};
  timestamp_limits timestamp = {};
  enumeration_words enumeration = {};
  blob_limits blob = {};

  /// Holds int64 or text: the typed value is looked up, so `type` is one that gives these.
  std::shared_ptr<const lookup_table> lookup = {};
  bulk::lookup_use lookup_use = lookup_use::must_exist;
  std::string example = {};  ///< a good value, shown where another does not fit
};

/// \brief Why a row breaks a rule.
struct rule_failure {
  std::string message = {};
  std::string suggestion = {};
  /// The column to point at, by `import_column::name`. Empty: the rule's only column, or the row as
  /// a whole if it has several.
  std::string column = {};
};

/// \brief A rule over a whole row: between columns, or of the business. Its errors have the code
/// `rule.<name>`.
///
/// Runs once all columns are checked, and only if those it names are good. It may set values, which
/// later rules and the table see.
///
/// \par Thread-safety  Rows may be checked on several threads: it must allow concurrent calls.
struct row_rule {
  std::string name = {};  ///< of letters, digits, `_`; stands for the callable in the fingerprint
  std::vector<std::string> columns = {};  ///< by `import_column::name`; at least one
  std::function<std::optional<rule_failure>(typed_row& row)> check = {};
};

/// What to do with a column of the file that the schema does not know.
enum class unknown_columns : std::uint8_t { refuse, ignore };

/// How names of the header are compared with those of the schema.
enum class header_match : std::uint8_t {
  exact,
  fold,  ///< ASCII letters in any case, blanks around them ignored
  loose  ///< the same, and a run of blanks, `_` and `-` is one blank: `Created-At` is `created_at`
};

/// \brief The columns of a row, in the order in which they are given on, and its rules.
///
/// \par Thread-safety  Immutable once it is shared.
struct import_schema {
  std::vector<import_column> columns = {};
  std::vector<row_rule> rules = {};  ///< run in this order
  bulk::unknown_columns unknown_columns = bulk::unknown_columns::refuse;
  bulk::header_match header_match = bulk::header_match::loose;
  /// Changes when a callable changes what it does: the fingerprint cannot see that by itself.
  std::string version = {};
};

/// \brief The position of the column `name`, if there is one.
[[nodiscard]] SCALEKIT_EXPORT std::optional<std::size_t> find_column(
    const import_schema& schema, std::string_view name
) noexcept;

/// \brief Whether the schema agrees with itself.
/// \par Errors `invalid_argument` with every problem: names that are missing, double or unknown,
/// patterns and limits that cannot be met, callables that are empty.
[[nodiscard]] SCALEKIT_EXPORT result<void> check(const import_schema& schema);

/// \brief Of everything that decides which rows are good and what becomes of them: columns and
/// their limits, the content of lookup tables, names of callables, `version`. Not a cryptographic
/// hash.
[[nodiscard]] SCALEKIT_EXPORT std::uint64_t fingerprint(const import_schema& schema);

}  // namespace scalekit::inline v0::bulk

#endif
