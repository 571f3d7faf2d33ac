// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>

breaker_test::backend& breaker_test::the_backend() {
  static const scalekit_tests::temp_folder folder;
  static const auto open_pool = [] {
    return scalekit::sqlite::pool::open(folder / "votes.db").value();
  };
  static backend b{.open = [] { return over_pool(open_pool()); }, .pool = open_pool};
  return b;
}
