// SPDX-License-Identifier: BSL-1.0
#include "testing/sql_conformance_support.hpp"

#include <scalekit/sql/transaction.hpp>

#include <string>
#include <string_view>

namespace scalekit::inline v0::testing {

namespace {

// More rows than a driver is likely to send at once.
constexpr std::int64_t many = 1100;

std::vector<sql::value_view> pairs(std::int64_t count) {
  std::vector<sql::value_view> values;
  for (std::int64_t i = 0; i < count; ++i) values.insert(values.end(), {i, i * 2});
  return values;
}

conformance_outcome many_rows(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "many", "id BIGINT PRIMARY KEY, v BIGINT"));
  SCALEKIT_TRY(tx, sql::transaction::begin(*db));
  SCALEKIT_TRY(done, db->execute_many(t->insert(2), pairs(many), 2));
  SCALEKIT_EXPECT(done.affected_rows == many);
  SCALEKIT_EXPECT_OK(tx.commit());
  SCALEKIT_TRY(none, db->execute_many(t->insert(2), {}, 2));
  SCALEKIT_EXPECT(none.affected_rows == 0);
  SCALEKIT_TRY(right, one_int(*db, t->sql("SELECT COUNT(*) FROM", "WHERE v = id * 2")));
  SCALEKIT_EXPECT(right == many);
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute_many(t->insert(2), {1, 2, 3}, 2));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->execute_many(t->insert(2), {1}, 0));
  SCALEKIT_TRY(count, t->count(*db));
  SCALEKIT_EXPECT(count == many);
  return {};
}

conformance_outcome failed_row(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "failed_row", "id BIGINT PRIMARY KEY, v BIGINT"));
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{1000}}) {
    auto values = pairs(many);
    // The key of another row.
    SCALEKIT_EXPECT_OK(db->execute(t->insert(2), {-1, 0}));
    values[2 * at] = -1;
    SCALEKIT_TRY(tx, sql::transaction::begin(*db));
    std::size_t failed = SIZE_MAX;
    SCALEKIT_EXPECT_ERROR(errc::conflict, db->execute_many(t->insert(2), values, 2, &failed));
    SCALEKIT_EXPECT(failed == at);
    SCALEKIT_EXPECT_OK(tx.rollback());
    SCALEKIT_TRY(count, t->count(*db));
    SCALEKIT_EXPECT(count == 1);
    SCALEKIT_EXPECT_OK(db->execute(t->sql("DELETE FROM")));
  }
  return {};
}

conformance_outcome new_ids(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "ids", "id INTEGER PRIMARY KEY, v BIGINT"));
  SCALEKIT_TRY(told, db->execute_many(t->insert(2), {}, 2));
  if (!told.new_ids) return skipped("the connection does not tell");
  SCALEKIT_TRY(inserted, db->execute_many(t->insert(2), {1, 1, 2, 2}, 2));
  SCALEKIT_EXPECT(inserted.new_ids == 2);
  const std::string update = t->sql("UPDATE", "SET v = ? WHERE id = ?");
  SCALEKIT_TRY(updated, db->execute_many(update, {7, 1, 8, 2, 9, 99}, 2));
  SCALEKIT_EXPECT(updated.new_ids == 0);
  SCALEKIT_EXPECT(updated.affected_rows == 2);
  return {};
}

conformance_outcome bulk_rows(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  const auto names = fixture.type_names(db->dialect());
  SCALEKIT_TRY(
      t,
      scratch_table::make(
          *db, "bulk", "id BIGINT PRIMARY KEY, v " + names.text + ", b " + names.blob
      )
  );
  const auto probe = db->insert_rows(t->name(), "id,v,b", {}, 3);
  if (!probe && probe.error().code() == errc::not_supported) return skipped("no bulk rows");
  SCALEKIT_EXPECT_OK(probe);
  const bytes binary = {std::byte{0}, std::byte{10}, std::byte{92}, std::byte{255}};
  const std::string_view odd = "\t\\N\n\r\\.,\"'";
  std::vector<sql::value_view> values = {1, "", binary, 2, nullptr, nullptr, 3, odd, bytes()};
  for (std::int64_t i = 4; i <= many; ++i) values.insert(values.end(), {i, "text", nullptr});
  SCALEKIT_TRY(added, db->insert_rows(t->name(), "id,v,b", values, 3));
  SCALEKIT_EXPECT(added == many);
  SCALEKIT_TRY(rows, all_rows(*db, t->sql("SELECT v, b FROM", "WHERE id < 4 ORDER BY id")));
  SCALEKIT_EXPECT(rows.size() == 3);
  SCALEKIT_EXPECT(rows[0][0] == sql::value("") && rows[0][1] == sql::value(binary));
  SCALEKIT_EXPECT(rows[1][0].is_null() && rows[1][1].is_null());
  SCALEKIT_EXPECT(rows[2][0] == sql::value(odd) && rows[2][1] == sql::value(bytes()));
  // All or nothing, whatever is wrong.
  SCALEKIT_EXPECT_ERROR(
      errc::conflict, db->insert_rows(t->name(), "id,v,b", {-1, "", nullptr, 1, "", nullptr}, 3)
  );
  SCALEKIT_EXPECT_ERROR(
      errc::invalid_argument, db->insert_rows(t->name(), "id,v", {-1, "", "no number", ""}, 2)
  );
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->insert_rows(t->name(), "id", {1, 2, 3}, 2));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, db->insert_rows(t->name(), "no_such", {1}, 1));
  SCALEKIT_TRY(count, t->count(*db));
  SCALEKIT_EXPECT(count == many);
  return {};
}

// What upserts are counted by.
conformance_outcome unchanged_rows(sql_fixture& fixture) {
  SCALEKIT_TRY(db, fixture.connect());
  SCALEKIT_TRY(t, scratch_table::make(*db, "unchanged", "id BIGINT PRIMARY KEY, v BIGINT"));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(2), {1, 1}));
  SCALEKIT_EXPECT_OK(db->execute(t->insert(2), {2, 2}));
  SCALEKIT_TRY(matched, db->execute(t->sql("UPDATE", "SET v = v WHERE id > ?"), {0}));
  SCALEKIT_EXPECT(matched.affected_rows == 2);
  const bool names_key =
      db->dialect() == sql::dialect::sqlite || db->dialect() == sql::dialect::postgres;
  const std::string insert = t->insert(2);
  if (names_key) {
    SCALEKIT_TRY(kept, db->execute(insert + " ON CONFLICT (id) DO NOTHING", {1, 5}));
    SCALEKIT_EXPECT(kept.affected_rows == 0);
  } else {
    const std::string upsert = insert + " ON DUPLICATE KEY UPDATE v = VALUES(v)";
    SCALEKIT_TRY(same, db->execute(upsert, {1, 1}));
    SCALEKIT_EXPECT(same.affected_rows == 1);
    SCALEKIT_TRY(changed, db->execute(upsert, {1, 5}));
    SCALEKIT_EXPECT(changed.affected_rows == 2);
  }
  return {};
}

constexpr sql_conformance_case cases[] = {
    {"batches/one statement for many rows", many_rows},
    {"batches/the row that failed", failed_row},
    {"batches/new ids", new_ids},
    {"batches/rows in bulk", bulk_rows},
    {"batches/rows that stay as they are", unchanged_rows},
};

}  // namespace

std::span<const sql_conformance_case> batch_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
