// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_POSTGRES_PARAMETERS_HPP
#define SCALEKIT_SRC_ADAPTERS_POSTGRES_PARAMETERS_HPP

#include <scalekit/ports/sql.hpp>
#include <scalekit/result.hpp>

#include <libpq-fe.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::postgres {

/// The type a value brings along where the statement gives its parameter none; 0 for text and null,
/// which fit anywhere.
[[nodiscard]] Oid natural_type(sql::value_kind kind) noexcept;

/// Whether `v`, given for a parameter that the server took for a `type`, asks for its natural type
/// instead: text is what the server assumes where it cannot tell, and a number may be too large
/// for a column it is only compared with.
[[nodiscard]] bool wants_natural_type(Oid type, sql::value_view v) noexcept;

/// The parameters of one call as libpq takes them. Kept for its memory from call to call.
class parameter_block {
 public:
  /// Refers to the bytes of `params` and to its own; both must live until the statement is sent.
  /// \par Errors `invalid_argument` for what its type cannot hold exactly.
  [[nodiscard]] result<void> fill(std::span<const Oid> types, sql::parameters params);

  [[nodiscard]] int size() const noexcept { return static_cast<int>(values_.size()); }
  [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }
  [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }
  [[nodiscard]] const int* formats() const noexcept { return formats_.data(); }

 private:
  [[nodiscard]] result<void> add(Oid type, sql::value_view v);
  [[nodiscard]] result<void> add_integer(Oid type, sql::value_view v);
  [[nodiscard]] result<void> add_double(Oid type, double d);
  [[nodiscard]] result<void> add_decimal(Oid type, std::string_view text);
  [[nodiscard]] result<void> add_timestamp(Oid type, system_time t);
  void add_text(std::string_view text);
  void add_binary(std::string_view data);
  void add_big_endian(std::uint64_t n);

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::string scratch_;  // never grows while it is filled, for values_ points into it
};

}  // namespace scalekit::inline v0::postgres

#endif
