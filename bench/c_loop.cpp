// SPDX-License-Identifier: BSL-1.0
#include "c_loop.hpp"

#include <sqlite3.h>

#include <charconv>
#include <cstring>
#include <memory>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bench {

namespace {

constexpr int columns = 7;
constexpr int page_rows = 5000;
constexpr const char* header = "id,account,amount,currency,status,description,created_at\n";
constexpr const char* page_sql =
    "SELECT id, account, amount, currency, status, description, created_at FROM ledger "
    "WHERE id > ?1 ORDER BY id LIMIT 5000";

struct close_database {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct finalize_statement {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using database = std::unique_ptr<sqlite3, close_database>;
using prepared = std::unique_ptr<sqlite3_stmt, finalize_statement>;

// The flags that the product's connection has, and the cache that everybody has here: SQLite's own.
database open(const std::string& path) {
  sqlite3* raw = nullptr;
  constexpr int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int rc = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  database db(raw);
  if (rc != SQLITE_OK) fail(path + ": " + sqlite3_errmsg(raw));
  return db;
}

prepared prepare(sqlite3* db) {
  sqlite3_stmt* s = nullptr;
  if (sqlite3_prepare_v3(db, page_sql, -1, SQLITE_PREPARE_PERSISTENT, &s, nullptr) != SQLITE_OK) {
    fail(sqlite3_errmsg(db));
  }
  return prepared(s);
}

struct scalar_search {
  static bool copy_and_find(char* out, const char* s, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      if (s[i] == ',' || s[i] == '"' || s[i] == '\n' || s[i] == '\r') return true;
    }
    std::memcpy(out, s, n);
    return false;
  }
};

#if defined(__SSE2__)
struct simd_search {
  static bool copy_and_find(char* out, const char* s, std::size_t n) {
    int found = 0;
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) found |= copy_block(out + i, load(s + i));
    if (i < n) found |= copy_block(out + i, load_tail(s + i, n - i)) & ((1 << (n - i)) - 1);
    return found != 0;
  }

 private:
  static __m128i load(const char* s) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(s));
  }

  // Reads past the end, as a product could not, wherever that cannot leave the memory page.
  static __m128i load_tail(const char* s, std::size_t n) {
    if ((reinterpret_cast<std::uintptr_t>(s) & 4095U) <= 4096 - 16) return load(s);
    char copy[16] = {};
    std::memcpy(copy, s, n);
    return load(copy);
  }

  static int copy_block(char* out, __m128i x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), x);
    const __m128i found = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(',')), _mm_cmpeq_epi8(x, _mm_set1_epi8('"'))),
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\r')))
    );
    return _mm_movemask_epi8(found);
  }
};
#else
using simd_search = scalar_search;
#endif

struct field {
  const char* data;
  std::size_t size;
};

struct by_column {
  static field text(sqlite3_stmt* row, int column) {
    const auto* s = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    return {s, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
  }
};

struct by_value {
  static field text(sqlite3_stmt* row, int column) {
    sqlite3_value* v = sqlite3_column_value(row, column);
    const auto* s = reinterpret_cast<const char*>(sqlite3_value_text(v));
    return {s, static_cast<std::size_t>(sqlite3_value_bytes(v))};
  }
};

template <class Search, class Fetch>
class csv_out {
 public:
  explicit csv_out(timed_output& out) : out_(out) {}

  void integer(sqlite3_stmt* row, int column) {
    reserve(24);
    at_ = std::to_chars(at_, at_ + 24, std::int64_t{sqlite3_column_int64(row, column)}).ptr;
  }

  void text(sqlite3_stmt* row, int column) {
    const auto [s, n] = Fetch::text(row, column);
    reserve(2 * n + 32);
    *at_++ = ',';
    if (Search::copy_and_find(at_, s, n)) {
      quoted(s, n);
    } else {
      at_ += n;
    }
  }

  void end_row() {
    *at_++ = '\n';
    if (size() >= timed_output::chunk_size) flush();
  }

  void raw(std::string_view s) {
    std::memcpy(at_, s.data(), s.size());
    at_ += s.size();
  }

  void flush() {
    if (size() == 0) return;
    out_.write({buffer_.get(), size()});
    at_ = buffer_.get();
  }

 private:
  static constexpr std::size_t capacity = timed_output::chunk_size + 64 * 1024;

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - buffer_.get()); }

  void reserve(std::size_t n) {
    if (capacity - size() >= n) [[likely]]
      return;
    flush();
    if (n > capacity) fail("c-loop: a field is larger than the buffer");
  }

  void quoted(const char* s, std::size_t n) {
    *at_++ = '"';
    for (std::size_t i = 0; i < n; ++i) {
      if (s[i] == '"') *at_++ = '"';
      *at_++ = s[i];
    }
    *at_++ = '"';
  }

  timed_output& out_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(capacity);
  char* at_ = buffer_.get();
};

// Calls `row(statement)` for every row, page by page.
template <class Row>
std::uint64_t for_each_row(const std::string& path, Row row) {
  const database db = open(path);
  const prepared s = prepare(db.get());
  std::uint64_t rows = 0;
  std::int64_t last = 0;
  for (int got = page_rows; got == page_rows;) {
    sqlite3_bind_int64(s.get(), 1, last);
    got = 0;
    int rc = SQLITE_ROW;
    while ((rc = sqlite3_step(s.get())) == SQLITE_ROW) {
      row(s.get());
      if (++got == page_rows) last = sqlite3_column_int64(s.get(), 0);
    }
    if (rc != SQLITE_DONE) fail(sqlite3_errmsg(db.get()));
    sqlite3_reset(s.get());
    rows += static_cast<std::uint64_t>(got);
  }
  return rows;
}

template <class Search, class Fetch>
std::uint64_t write_csv(const std::string& path, timed_output& out) {
  csv_out<Search, Fetch> csv(out);
  csv.raw(header);
  const std::uint64_t rows = for_each_row(path, [&](sqlite3_stmt* row) {
    csv.integer(row, 0);
    for (int i = 1; i < columns; ++i) csv.text(row, i);
    csv.end_row();
  });
  csv.flush();
  return rows;
}

std::uint64_t only_step(const std::string& path) {
  std::uint64_t sum = 0;
  const std::uint64_t rows = for_each_row(path, [&](sqlite3_stmt* row) {
    sum += static_cast<std::uint64_t>(sqlite3_column_int64(row, 0));
    for (int i = 1; i < columns; ++i) {
      const unsigned char* s = sqlite3_column_text(row, i);
      sum += static_cast<std::uint64_t>(sqlite3_column_bytes(row, i)) + s[0];
    }
  });
  // Somebody must want the sum, or the reads could be left out.
  if (sum == 0 && rows != 0) fail("step: the table holds nothing");
  return rows;
}

}  // namespace

std::uint64_t run_c_loop(const std::string& path, c_loop_kind kind, timed_output& out) {
  switch (kind) {
    case c_loop_kind::simd:
      return write_csv<simd_search, by_column>(path, out);
    case c_loop_kind::value:
      return write_csv<simd_search, by_value>(path, out);
    case c_loop_kind::scalar:
      return write_csv<scalar_search, by_column>(path, out);
    case c_loop_kind::step:
      break;
  }
  return only_step(path);
}

const char* sqlite_version() { return sqlite3_libversion(); }
const char* sqlite_source() { return sqlite3_sourceid(); }

}  // namespace bench
