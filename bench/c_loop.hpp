// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_BENCH_C_LOOP_HPP
#define SCALEKIT_BENCH_C_LOOP_HPP

/// \file
/// The limit that the export is measured against: the loop one would write by hand for exactly
/// this table, against SQLite's own interface, with no error reported but by exit.

#include "timed_output.hpp"

#include <cstdint>
#include <string>

namespace bench {

enum class c_loop_kind {
  simd,    ///< fields copied and searched 16 bytes at a time (where the machine has SSE2)
  value,   ///< the same, and columns read as `sqlite3_value`, which is cheaper and seldom done
  scalar,  ///< fields searched byte by byte
  step     ///< every column read, nothing written: the database's own cost
};

/// Writes the table `ledger` as CSV, 5,000 rows a statement; how many rows.
std::uint64_t run_c_loop(const std::string& path, c_loop_kind kind, timed_output& out);

/// Which SQLite the loop runs on: its version, and the exact state of its source.
const char* sqlite_version();
const char* sqlite_source();

}  // namespace bench

#endif
