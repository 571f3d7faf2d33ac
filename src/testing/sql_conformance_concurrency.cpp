// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <thread>

namespace scalekit::inline v0::testing {

namespace {

conformance_outcome interrupt_running(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  const std::string endless = fixture.endless_query(db->dialect());
  for (int i = 0; i < 3; ++i) {
    {
      const nagging_thread nag(db->interrupt_handle());
      SCALEKIT_EXPECT_ERROR(errc::cancelled, all_rows(*db, endless));
    }
    SCALEKIT_TRY(one, one_int(*db, "SELECT 1"));
    SCALEKIT_EXPECT(one == 1);
  }
  return {};
}

conformance_outcome interrupt_in_transaction(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "interrupted", "id BIGINT PRIMARY KEY"));
  SCALEKIT_EXPECT_OK(db->begin({}));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(1), {1}));
  {
    const nagging_thread nag(db->interrupt_handle());
    SCALEKIT_EXPECT_ERROR(errc::cancelled, db->execute(fixture.endless_query(db->dialect())));
  }
  SCALEKIT_EXPECT_OK(db->rollback());
  SCALEKIT_EXPECT(!db->in_transaction());
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 0);
  return {};
}

conformance_outcome interrupt_idle(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  const auto handle = db->interrupt_handle();
  for (int i = 0; i < 100; ++i) {
    handle->interrupt();
    SCALEKIT_TRY(n, one_int(*db, "SELECT " + std::to_string(i % 3)));
    SCALEKIT_EXPECT(n == i % 3);
  }
  return {};
}

conformance_outcome interrupt_after_close(sql_fixture& fixture) {
  std::shared_ptr<sql::interrupt_handle> handle;
  for (int i = 0; i < 20; ++i) {
    SCALEKIT_TRY(db, fixture.connect());
    const nagging_thread nag(db->interrupt_handle());
    handle = db->interrupt_handle();
    db.reset();
  }
  handle->interrupt();
  return {};
}

// A connection may move between threads, as long as one at a time uses it.
conformance_outcome other_thread(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "threads", "id BIGINT PRIMARY KEY"));
  for (int i = 0; i < 4; ++i) {
    result<sql::execution> done(errc::internal);
    std::thread([&] { done = db->execute(t->insert(1), {i}); }).join();
    SCALEKIT_EXPECT_OK(done);
  }
  SCALEKIT_TRY(rows, t->count(*db));
  SCALEKIT_EXPECT(rows == 4);
  return {};
}

constexpr sql_conformance_case cases[] = {
    {"interrupt/stops a long query", interrupt_running},
    {"interrupt/inside a transaction", interrupt_in_transaction},
    {"interrupt/does nothing to an idle connection", interrupt_idle},
    {"interrupt/outlives its connection", interrupt_after_close},
    {"threads/a connection may move", other_thread},
};

}  // namespace

std::span<const sql_conformance_case> concurrency_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
