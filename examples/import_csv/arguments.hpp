// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_ARGUMENTS_HPP
#define IMPORT_CSV_ARGUMENTS_HPP

#include <scalekit/csv/reader_options.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace import_csv {

namespace sk = scalekit;

enum class task { import_rows, to_json, sniff, help };

/// How the command line says the file is spelled; stands above what the schema says.
struct format_flags {
  std::optional<char> delimiter;
  std::optional<std::optional<char>> quote;  ///< given, and perhaps as none
  std::optional<char> escape;
  std::optional<char> comment;
  std::optional<sk::csv::text_encoding> encoding;
  bool no_header = false;
  std::vector<std::string> null_texts;

  void apply(sk::csv::reader_options& o) const;
};

struct arguments {
  import_csv::task task = import_csv::task::import_rows;
  std::string file;
  std::string schema;
  std::string database;
  std::string table;
  std::vector<std::string> key;
  format_flags format;

  bool dry_run = false;
  std::size_t batch_rows = 5000;
  std::size_t writers = 1;
  std::uint64_t max_rejected = UINT64_MAX;
  std::string id;
  std::string resume;
  bool forget = false;

  std::string rejects;
  std::string errors;
  std::string summary;
  std::string unprocessed;
};

extern const char* const usage;

/// \par Errors `invalid_argument`, naming the option.
[[nodiscard]] sk::result<arguments> parse(int argc, char** argv);

}  // namespace import_csv

#endif
