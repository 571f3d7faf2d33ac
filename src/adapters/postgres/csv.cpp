// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/literals.hpp"
#include "adapters/postgres/parameters.hpp"
#include "adapters/postgres/session.hpp"

#include <scalekit/adapters/postgres/connection.hpp>

#include <libpq-fe.h>
#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

class copied_lines final : public sql::csv_lines {
 public:
  explicit copied_lines(std::unique_ptr<copy_reader> reader) noexcept
      : reader_(std::move(reader)) {}
  result<std::string_view> next() override { return reader_->next(); }

 private:
  std::unique_ptr<copy_reader> reader_;
};

// Whether values come out, and literals are read, as \ref connection::query_csv promises.
bool spells_as_expected(const PGconn* handle) {
  const auto is = [handle](const char* setting, std::initializer_list<std::string_view> any_of) {
    const char* value = PQparameterStatus(handle, setting);
    for (const std::string_view v : any_of) {
      if (value != nullptr && v == value) return true;
    }
    return false;
  };
  return is("TimeZone", {"UTC", "Etc/UTC", "GMT"}) &&
         is("DateStyle", {"ISO, MDY", "ISO, DMY", "ISO, YMD"}) && is("client_encoding", {"UTF8"}) &&
         is("standard_conforming_strings", {"on"});
}

// `sql` without parameters, each spelled in the type that the server has chosen for it.
result<std::string> without_parameters(
    const prepared_statement& s, std::string_view sql, sql::parameters params
) {
  parameter_block block;
  if (auto filled = block.fill(s.types, params); !filled) return std::move(filled).error();
  std::vector<std::string> literals;
  for (std::size_t i = 0; i < params.size(); ++i) {
    auto spelled =
        to_literal(s.types[i], block.values()[i], block.lengths()[i], block.formats()[i]);
    if (!spelled) return std::move(spelled).error();
    literals.push_back(*std::move(spelled));
  }
  return bind_literals(sql, literals);
}

std::string one_character(char c) {
  return c == '\'' ? std::string(4, c) : std::string{'\'', c, '\''};
}

}  // namespace

result<std::unique_ptr<sql::csv_lines>> connection::query_csv(
    std::string_view sql, sql::parameters params, const sql::csv_style& style
) {
  if (!spells_as_expected(native_handle())) {
    return error(
        errc::not_supported,
        "postgres: rows come as CSV only with TimeZone UTC, DateStyle ISO, client_encoding UTF8 "
        "and standard_conforming_strings on"
    );
  }
  auto prepared = session_->prepare(sql, params);
  if (!prepared) return std::move(prepared).error();
  if ((*prepared)->types.size() != params.size()) {
    return error(errc::not_supported, "postgres: query_csv: not as many parameters as $n");
  }
  auto bound = without_parameters(**prepared, sql, params);
  if (!bound) return std::move(bound).error().with_context("postgres: query_csv");
  const std::string quote = one_character(style.quote);
  auto reader = copy_out(
      "COPY (" + *bound + ") TO STDOUT (FORMAT csv, DELIMITER " + one_character(style.delimiter) +
      ", QUOTE " + quote + ", ESCAPE " + quote + ", NULL '')"
  );
  if (!reader) return std::move(reader).error();
  return std::unique_ptr<sql::csv_lines>(std::make_unique<copied_lines>(*std::move(reader)));
}

}  // namespace scalekit::inline v0::postgres
