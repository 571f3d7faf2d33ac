// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_DECODER_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_DECODER_HPP

#include <scalekit/ports/sql_value.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <libpq-fe.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::postgres {

/// How a column's bytes become a value.
enum class codec : std::uint8_t {
  int16,
  int32,
  int64,
  object_id,
  float32,
  float64,
  boolean,
  text,
  jsonb,
  bytea,
  numeric,
  timestamp,
  date,
  uuid,
  other  ///< only as text
};

[[nodiscard]] codec codec_of(Oid type) noexcept;

/// PostgreSQL's name of a type this adapter knows, else empty.
[[nodiscard]] std::string_view type_name(Oid type) noexcept;

/// One value from PostgreSQL's binary or text format. The view points into `data` or `scratch`.
/// \par Errors `limit_exceeded` for a timestamp without a value here, `data_corrupted` for bytes
/// that are no such value.
[[nodiscard]] result<sql::value_view> decode_binary(
    codec c, std::string_view data, std::string& scratch
);
[[nodiscard]] result<sql::value_view> decode_text(
    codec c, std::string_view data, std::string& scratch
);

/// Decodes the rows of one query; allocates nothing per row once its scratch has grown.
class row_decoder {
 public:
  /// Looks at the columns of `r`; every result given to \ref decode has the same.
  explicit row_decoder(const PGresult* r);

  [[nodiscard]] result<void> decode(const PGresult* r, int row);
  [[nodiscard]] std::span<const sql::value_view> values() const noexcept { return values_; }

 private:
  struct column {
    codec how;
    bool binary;
    std::string scratch;
  };
  std::vector<column> columns_;
  std::vector<sql::value_view> values_;
};

}  // namespace scalekit::inline v0::postgres

#endif
