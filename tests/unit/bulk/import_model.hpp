// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_BULK_IMPORT_MODEL_HPP
#define SCALEKIT_TESTS_UNIT_BULK_IMPORT_MODEL_HPP

#include <scalekit/bulk/import_job.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit_tests {

namespace sk = scalekit;

/// What an import has to leave behind.
struct import_end {
  std::vector<std::string> table = {};   ///< its rows as SQL literals, sorted
  std::vector<std::string> errors = {};  ///< record, column and code of each, sorted
  std::string rejects = {};
  std::uint64_t read = 0;
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t folded = 0;
  std::uint64_t rejected = 0;
  friend bool operator==(const import_end&, const import_end&) = default;
};

/// A file, a table and a way to import the one into the other, all at random, and what must come of
/// it. The file is made of values that are known, so nothing here parses: the end follows from the
/// manual's sentences, with a map for the table.
class import_case {
 public:
  explicit import_case(unsigned seed);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& create() const { return create_; }  ///< the table, with rows
  [[nodiscard]] const std::string& select() const { return select_; }  ///< a literal for each row
  [[nodiscard]] const import_end& end() const { return end_; }

  sk::bulk::import_options options;

 private:
  enum class kind { integer, decimal, text, word };
  struct column {
    std::string name;
    kind type = kind::text;
    bool required = false;
    bool unique = false;
    bool key = false;
    bool insert_only = false;
    bool checked = false;  ///< the table refuses 666
  };
  /// A field: how it is written, and what it is: a literal, or the code of what is wrong.
  struct field {
    std::string spelling = {};
    std::string literal = "NULL";
    std::string code = {};
    bool bare = false;    ///< must have no quotes
    bool quoted = false;  ///< must have them
  };
  struct problem {
    std::string column;  ///< empty: the row as a whole
    std::string code;
  };
  struct row {
    std::size_t begin = 0;
    std::size_t bytes = 0;
    std::uint64_t record = 0;
    std::vector<std::string> literals = {};  ///< by column
    std::vector<problem> problems = {};
    bool folded = false;
  };
  using literals = std::vector<std::string>;

  [[nodiscard]] bool chance(unsigned percent) { return random_() % 100 < percent; }
  [[nodiscard]] unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  void choose_columns();
  void choose_options();
  void make_table();
  [[nodiscard]] field good(const column& c);
  [[nodiscard]] field bad(const column& c);
  [[nodiscard]] field random_text();
  [[nodiscard]] field one_of(const column& c);
  void write(const field& f);
  void write_row(bool last);
  void write_malformed(row& r, std::vector<field>& fields);
  void write_file();
  void drop_duplicates();
  void lose(const std::vector<std::size_t>& columns, bool last_wins, std::string_view code);
  void fill_table();
  void upsert(row& r);

  std::mt19937 random_;
  std::vector<column> columns_;
  std::vector<std::size_t> order_;  ///< of the columns in the file; `columns_.size()`: unknown
  bool empty_is_null_ = false;
  std::string line_end_;
  std::string text_;
  std::size_t header_end_ = 0;
  std::uint64_t records_ = 1;
  std::vector<row> rows_;
  std::map<literals, literals> table_;  ///< by key
  std::string create_;
  std::string select_;
  import_end end_;
};

}  // namespace scalekit_tests

#endif
