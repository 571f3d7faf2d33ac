// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_KEYSET_SERVER_HPP
#define SCALEKIT_TESTS_KEYSET_SERVER_HPP

/// \file
/// The server a program of these tests runs on; each has one, started at first use.

#include "../../unit/keyset/model.hpp"

#include <scalekit/keyset/pager.hpp>
#include <scalekit/ports/sql.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keyset_server {

namespace keyset = scalekit::keyset;
namespace sql = scalekit::sql;

[[nodiscard]] std::unique_ptr<sql::connection> connect();

/// How this server spells what the two spell differently.
struct spellings {
  bool is_postgres;
  const char* timestamp;  ///< a type with microseconds
  const char* uuid;
  const char* unsigned_int;  ///< a type that holds the largest unsigned 64-bit number
  const char* blob;
  const char* real;
  const char* folded_text;  ///< text in whose order 'a' and 'A' lie side by side
  const char* numbers;      ///< a table `n(i)` of 1 to 200,000
};
[[nodiscard]] const spellings& spelling();

/// `?` as this server numbers it.
[[nodiscard]] inline std::string placeholders(std::string_view text) {
  std::string out;
  int n = 0;
  for (const char c : text) {
    if (c != '?') {
      out += c;
    } else if (spelling().is_postgres) {
      out += "$" + std::to_string(++n);
    } else {
      out += c;
    }
  }
  return out;
}

inline void run(sql::connection& db, std::string_view script) {
  const auto done = db.execute_script(script);
  REQUIRE_MESSAGE(done, (done ? std::string() : done.error().describe()));
}

inline void run(sql::connection& db, std::string_view text, sql::parameters params) {
  const auto done = db.execute(placeholders(text), params);
  REQUIRE_MESSAGE(done, (done ? std::string() : done.error().describe()));
}

/// The first column of all rows.
inline std::vector<std::int64_t> numbers(sql::connection& db, const std::string& text) {
  auto rows = db.query(text);
  REQUIRE_MESSAGE(rows, (rows ? std::string() : rows.error().describe()));
  std::vector<std::int64_t> out;
  for (;;) {
    auto more = (*rows)->next();
    REQUIRE_MESSAGE(more, (more ? std::string() : more.error().describe()));
    if (!*more) return out;
    out.push_back((*rows)->row()[0].as_int64());
  }
}

template <class T>
T must(scalekit::result<T> r) {
  REQUIRE_MESSAGE(r, (r ? std::string() : r.error().describe()));
  return *std::move(r);
}

/// All identifiers by pages, walked from one end to the other; the first column is the identifier.
inline std::vector<std::int64_t> walk(
    sql::connection& db,
    const keyset::source& what,
    const keyset::order& by,
    std::int64_t size,
    bool forward
) {
  std::vector<std::int64_t> out;
  keyset::page_request request{
      .limit = size, .from = forward ? keyset::place::first : keyset::place::last};
  for (;;) {
    const keyset::page page = must(keyset::fetch(db, what, by, request));
    std::vector<std::int64_t> ids;
    for (const auto& row : page.rows) ids.push_back(row.values[0].view().as_int64());
    REQUIRE((forward ? page.has_previous : page.has_next) == !out.empty());
    out.insert(forward ? out.end() : out.begin(), ids.begin(), ids.end());
    if (!(forward ? page.has_next : page.has_previous)) return out;
    REQUIRE(out.size() < 1000);  // pages that go round for ever
    REQUIRE(static_cast<std::int64_t>(ids.size()) == size);
    request.from = forward ? keyset::place::after : keyset::place::before;
    request.key = (forward ? page.rows.back() : page.rows.front()).key;
  }
}

}  // namespace keyset_server

#endif
