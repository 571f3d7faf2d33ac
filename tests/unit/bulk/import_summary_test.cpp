// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bulk/import_summary.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace bulk = scalekit::bulk;

TEST_CASE("a summary as JSON") {
  bulk::import_summary s;
  CHECK(
      s.to_json() ==
      R"({"file":"","file_sha256":null,"dry_run":false,"outcome":"unfinished","read":0,"good":0,)"
      R"("inserted":0,"updated":0,"unchanged":0,"folded":0,"rejected":0,"unprocessed":0,)"
      R"("rejected_by_code":{},"bytes":0,"elapsed_seconds":0,"rows_per_second":0})"
  );
  s.file = "a \"b\"\xFF.csv";
  s.file_sha256 = "00ff";
  s.dry_run = true;
  s.outcome = bulk::import_outcome::too_many_rejected;
  s.read = 1000;
  s.good = 990;
  s.inserted = 900;
  s.updated = 50;
  s.unchanged = 30;
  s.folded = 10;
  s.rejected = 10;
  s.unprocessed = 18446744073709551615U;
  s.rejected_by_code = {{"type.integer", 7}, {"rule.required", 4}};
  s.bytes = 123456;
  s.elapsed = std::chrono::milliseconds(2500);
  s.read_by_run = 1000;
  CHECK(s.rows_per_second() == doctest::Approx(400));
  CHECK(
      s.to_json() ==
      "{\"file\":\"a \\\"b\\\"\xEF\xBF\xBD.csv\","
      R"("file_sha256":"00ff","dry_run":true,"outcome":"too_many_rejected","read":1000,)"
      R"("good":990,"inserted":900,"updated":50,"unchanged":30,"folded":10,"rejected":10,)"
      R"("unprocessed":18446744073709551615,"rejected_by_code":{"rule.required":4,)"
      R"("type.integer":7},"bytes":123456,"elapsed_seconds":2.5,"rows_per_second":400})"
  );
}

TEST_CASE("outcomes have names") {
  CHECK(bulk::to_string(bulk::import_outcome::unfinished) == "unfinished");
  CHECK(bulk::to_string(bulk::import_outcome::completed) == "completed");
  CHECK(bulk::to_string(bulk::import_outcome::paused) == "paused");
  CHECK(bulk::to_string(bulk::import_outcome::cancelled) == "cancelled");
}
