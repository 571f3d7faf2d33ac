// SPDX-License-Identifier: BSL-1.0
#include "backend.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>

breaker_test::backend& breaker_test::the_backend() {
  static const scalekit_tests::temp_folder folder;
  static backend b{.open = [] {
    return over_pool(scalekit::sqlite::pool::open(folder / "votes.db").value());
  }};
  return b;
}
