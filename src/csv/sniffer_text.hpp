// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_SNIFFER_TEXT_HPP
#define SCALEKIT_SRC_CSV_SNIFFER_TEXT_HPP

#include <scalekit/csv/sniffer.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::csv::sniffing {

/// Proposes an encoding, and gives the sample's text in something that ASCII can be read from.
[[nodiscard]] std::string decode(std::string_view sample, proposal& p);

/// Whether so many control characters are in it that it cannot be text.
[[nodiscard]] bool is_junk(std::string_view text);

void find_line_ends(std::string_view text, proposal& p);

}  // namespace scalekit::inline v0::csv::sniffing

#endif
