// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_JSON_TEXT_HPP
#define SCALEKIT_SRC_BULK_JSON_TEXT_HPP

/// \file
/// JSON and UTF-8, written only.

#include <string>
#include <string_view>

namespace scalekit::inline v0::bulk {

/// \brief Appends `text`; each byte that does not belong to a character becomes U+FFFD.
void append_utf8(std::string& out, std::string_view text);

/// \brief Appends a JSON string: the text in quotes, escaped, made valid as by \ref append_utf8.
void append_json(std::string& out, std::string_view text);

}  // namespace scalekit::inline v0::bulk

#endif
