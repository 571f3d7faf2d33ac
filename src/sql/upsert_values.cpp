// SPDX-License-Identifier: BSL-1.0
#include "sql/upsert_values.hpp"

#include <algorithm>
#include <bit>

namespace scalekit::inline v0::sql {

namespace {

constexpr std::size_t most_parameters = 65'535;
constexpr std::size_t most_rows = 1024;
constexpr std::size_t most_bytes = std::size_t{512} << 10U;

std::size_t size_on_wire(std::span<const value_view> row) noexcept {
  constexpr std::size_t overhead = 16;
  std::size_t size = 0;
  for (const value_view& v : row) size += overhead + v.as_text().size();
  return size;
}

// A row that is too large by itself goes alone: the server has the last word.
std::size_t next_piece(const upsert_batch& batch, std::size_t first, std::size_t limit) {
  std::size_t bytes = 0;
  std::size_t rows = 0;
  while (rows < limit && first + rows < batch.size()) {
    bytes += size_on_wire(batch.row(first + rows));
    if (rows > 0 && bytes > most_bytes) break;
    ++rows;
  }
  return std::bit_floor(rows);
}

}  // namespace

result<void> write_in_pieces(
    const upsert::plan& p,
    const upsert_batch& batch,
    const std::function<std::string(std::size_t)>& text_of,
    const std::function<result<void>(const std::string&, parameters)>& write
) {
  const std::size_t limit = std::min(most_rows, most_parameters / p.width());
  std::vector<value_view> room;
  std::string text;
  std::size_t text_rows = 0;
  for (std::size_t first = 0; first < batch.size();) {
    const std::size_t rows = next_piece(batch, first, limit);
    if (rows != text_rows) text = text_of(rows);
    text_rows = rows;
    if (auto done = write(text, batch.rows(first, rows, room)); !done) {
      if (rows > 1) return done;
      return std::move(done).error().with_context("row " + std::to_string(batch.origin(first)));
    }
    first += rows;
  }
  return {};
}

result<void> read_integers(
    connection& db, std::string_view sql, parameters params, std::span<std::int64_t> out
) {
  auto rows = db.query(sql, params);
  if (!rows) return rows.error();
  auto more = (*rows)->next();
  if (!more) return more.error();
  if (!*more || (*rows)->row().size() != out.size()) {
    return error(errc::internal, "not the row that was asked for: " + std::string(sql));
  }
  std::ranges::transform((*rows)->row(), out.begin(), [](const value_view& v) {
    return v.as_int64();
  });
  more = (*rows)->next();
  if (!more) return more.error();
  return {};
}

}  // namespace scalekit::inline v0::sql
