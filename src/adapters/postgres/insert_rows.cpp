// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/copy_text.hpp"
#include "adapters/postgres/session.hpp"
#include "ports/row_major.hpp"

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/sql/identifier.hpp>

#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

// Not to be run: it makes the server say of which types the columns are.
std::string insert_of(std::string_view table, std::string_view columns, std::size_t width) {
  std::string text = "INSERT INTO ";
  text.append(table).append(" (").append(columns).append(") VALUES (");
  for (std::size_t i = 1; i <= width; ++i) {
    if (i > 1) text += ',';
    sql::append_placeholder(text, sql::dialect::postgres, i);
  }
  return text += ')';
}

}  // namespace

result<std::int64_t> connection::insert_rows(
    std::string_view table, std::string_view columns, sql::parameters values, std::size_t width
) {
  constexpr std::size_t piece = std::size_t{256} << 10U;
  if (auto whole = sql::check_rows(values.size(), width); !whole) return whole.error();
  if (values.empty()) return 0;
  auto shape = session_->prepare(insert_of(table, columns, width), {});
  if (!shape) return std::move(shape).error();
  const auto& types = (*shape)->types;
  auto copy =
      copy_in(std::string("COPY ").append(table).append(" (").append(columns).append(") FROM STDIN")
      );
  if (!copy) return std::move(copy).error();
  copy_text text;
  for (std::size_t at = 0; at < values.size(); at += width) {
    if (auto added = text.add_row(types, values.subspan(at, width)); !added) {
      // The columns may have been altered since; the next call asks again.
      session_->forget(**shape);
      return std::move(added).error().with_context("row " + std::to_string(at / width));
    }
    if (text.size() < piece) continue;
    if (auto sent = (*copy)->write(text.view()); !sent) return sent.error();
    text.clear();
  }
  if (auto sent = (*copy)->write(text.view()); !sent) return sent.error();
  return (*copy)->finish();
}

}  // namespace scalekit::inline v0::postgres
