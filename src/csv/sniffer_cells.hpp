// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_SNIFFER_CELLS_HPP
#define SCALEKIT_SRC_CSV_SNIFFER_CELLS_HPP

/// \file
/// What a sample looks like under one spelling: its cells, and what each seems to be.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::csv::sniffing {

enum class kind : std::uint8_t { empty, number, time, text, unknown };

struct cell {
  std::string_view text;  ///< as it stands there, without the quotes around it
  bool quoted = false;
  bool malformed = false;  ///< text between a closing quote and the delimiter
};

struct spelling {
  char delimiter = ',';
  std::optional<char> quote = '"';
  std::optional<char> escape = {};
  std::optional<char> comment = {};
  char line_end = '\n';  ///< a CR before it is not part of the line
};

using row = std::vector<cell>;

/// \brief The records, blank lines and comments left out; one cut off in quotes too.
[[nodiscard]] std::vector<row> split(std::string_view sample, const spelling& how);

[[nodiscard]] kind kind_of(const cell& c);

}  // namespace scalekit::inline v0::csv::sniffing

#endif
