// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_NUMERIC_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_NUMERIC_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace scalekit::inline v0::postgres {

/// Appends the decimal text of a `numeric` in PostgreSQL's binary format, as numeric_out spells it.
/// False if the bytes are none.
[[nodiscard]] bool append_numeric(std::string& out, std::string_view binary);

/// Appends the text of a `date` in PostgreSQL's binary format, as date_out spells it (ISO).
void append_date(std::string& out, std::int32_t days_since_2000);

/// Appends 16 bytes as the 36 characters of a UUID.
void append_uuid(std::string& out, std::string_view binary);

}  // namespace scalekit::inline v0::postgres

#endif
