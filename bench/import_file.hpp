// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_IMPORT_FILE_HPP
#define SCALEKIT_BENCH_IMPORT_FILE_HPP

/// \file
/// The file that the import benchmarks read: payments of seven columns, about 105 bytes a row, of
/// which 12 % hold a quoted field. The same on every machine.

#include <scalekit/bulk/import_schema.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class import_key {
  integer,     ///< 1, 2, 3, ...
  random_text  ///< `TX` and 16 hexadecimal digits in no order, none of them twice
};

/// Integer or text, by its name; ends the program for another.
[[nodiscard]] import_key import_key_named(std::string_view name);

/// Writes `rows` rows and a header. The file appears under its name only once it is whole.
void write_import_file(const std::string& path, std::uint64_t rows, import_key key);

/// Every column has a type and a limit: none of the work of checking is left out.
[[nodiscard]] std::shared_ptr<const scalekit::bulk::import_schema> import_schema_of(import_key key);

/// The rows of such a file as text, field after field.
struct parsed_import_file {
  static constexpr std::size_t width = 7;
  [[nodiscard]] std::size_t rows() const noexcept { return fields.size() / width; }

  std::string text;
  std::vector<std::string_view> fields;
};
[[nodiscard]] parsed_import_file parse_import_file(const std::string& path);

}  // namespace bench

#endif
