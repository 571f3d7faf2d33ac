// SPDX-License-Identifier: BSL-1.0
#include "database.hpp"
#include "temp_folder.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <mysql.h>

using namespace mariadb_test;

namespace {

constexpr std::string_view load =
    "LOAD DATA LOCAL INFILE 'anything' INTO TABLE t FIELDS TERMINATED BY ',' (id, v)";

mariadb::connection_options willing() {
  auto o = options();
  o.allow_local_infile = true;
  return o;
}

std::unique_ptr<mariadb::connection> table(const mariadb::connection_options& o = willing()) {
  return with_table("id INT PRIMARY KEY, v VARCHAR(20)", o);
}

// Gives `text` in pieces of `step` bytes, then fails if told to.
auto source_of(std::string text, std::size_t step, std::optional<error> end = {}) {
  return [text = std::move(text), step, end = std::move(end), at = std::size_t{0}](
             std::span<std::byte> room
         ) mutable -> result<std::size_t> {
    const std::size_t n = std::min({room.size(), step, text.size() - at});
    if (n == 0 && end) return *end;
    std::memcpy(room.data(), text.data() + at, n);
    at += n;
    return n;
  };
}

}  // namespace

TEST_CASE("bytes of the host become rows") {
  auto db = table();
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += std::to_string(i) + ",row " + std::to_string(i) + "\n";
  const auto done = db->load_data(load, source_of(lines, 1000)).value();
  CHECK(done.affected_rows == 10'000);
  CHECK_FALSE(db->in_transaction());
  CHECK(one(*db, "SELECT v FROM t WHERE id = 9999") == sql::value("row 9999"));
  CHECK(db->load_data(load, source_of("", 1)).value().affected_rows == 0);
}

TEST_CASE("without opting in nothing is sent") {
  auto db = table(options());
  CHECK(db->load_data(load, source_of("1,a\n", 9)).error().code() == errc::not_supported);
  CHECK_FALSE(db->in_transaction());
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
}

TEST_CASE("no file is ever read, whatever the SQL names") {
  const scalekit_tests::temp_folder folder;
  const std::string file = folder / "secret.csv";
  std::ofstream(file) << "1,secret\n";
  auto db = table();
  const std::string sql =
      "LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE t FIELDS TERMINATED BY ','";
  const auto refused = db->execute(sql);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == errc::not_supported);
  CHECK(refused.error().message().find("load_data") != std::string::npos);
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
  CHECK(db->load_data(sql, source_of("2,given\n", 100)).value().affected_rows == 1);
  CHECK(one(*db, "SELECT v FROM t") == sql::value("given"));
}

TEST_CASE("nor by a script, which ends there") {
  const scalekit_tests::temp_folder folder;
  const std::string file = folder / "secret.csv";
  std::ofstream(file) << "1,secret\n";
  for (const std::string before : {"", "DO 1; "}) {
    for (const std::string after : {"", "; DO 2; SELECT 3"}) {
      auto db = table();
      const auto refused = db->execute_script(
          before + "LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE t FIELDS TERMINATED BY ','" +
          after
      );
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code() == errc::not_supported);
      CHECK(refused.error().message().find("of the script") != std::string::npos);
      // No answer to what follows is taken for that to a later statement.
      CHECK(db->is_broken());
      CHECK(number(*connect(), "SELECT COUNT(*) FROM t") == 0);
    }
  }
}

TEST_CASE("a source that fails leaves nothing behind") {
  auto db = table();
  const auto failed =
      db->load_data(load, source_of("1,a\n2,b\n", 4, error(errc::cancelled, "enough")));
  CHECK(failed.error().code() == errc::cancelled);
  CHECK(failed.error().message() == "enough");
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 0);
  const auto liar = [](std::span<std::byte> room) -> result<std::size_t> {
    return room.size() + 1;
  };
  CHECK(db->load_data(load, liar).error().code() == errc::invalid_argument);
  CHECK(db->load_data(load, source_of("1,a\n", 4)).has_value());
}

TEST_CASE("what the server would skip or cut is an error, and nothing is kept") {
  auto db = table();
  db->execute("INSERT INTO t VALUES (1, 'first')").value();
  CHECK(db->load_data(load, source_of("2,b\n1,again\n", 99)).error().code() == errc::conflict);
  CHECK(
      db->load_data(load, source_of("3,longer than twenty characters\n", 99)).error().code() ==
      errc::invalid_argument
  );
  CHECK(db->load_data(load, source_of("x,b\n", 99)).error().code() == errc::invalid_argument);
  CHECK(number(*db, "SELECT COUNT(*) FROM t") == 1);
}

TEST_CASE("inside a transaction only the load is undone") {
  auto db = table();
  db->begin({}).value();
  db->execute("INSERT INTO t VALUES (1, 'kept')").value();
  CHECK(
      db->load_data(load, source_of("2,b\n", 4, error(errc::cancelled, "x"))).error().code() ==
      errc::cancelled
  );
  CHECK(db->in_transaction());
  CHECK(db->load_data(load, source_of("3,c\n", 4)).has_value());
  db->commit().value();
  CHECK(number(*db, "SELECT SUM(id) = 4 AND COUNT(*) = 2 FROM t") == 1);
}

TEST_CASE("an interrupt does not hide what the server skipped") {
  scalekit_tests::tcp_proxy proxy(server().port());
  auto o = willing();
  o.port = proxy.port();
  auto db = table(o);
  db->execute("INSERT INTO t VALUES (1, 'first')").value();
  for (const bool arrives : {true, false}) {
    CAPTURE(arrives);
    if (!arrives) proxy.refuse();
    auto rest = source_of("2,b\n1,again\n", 99);
    const auto source = [&](std::span<std::byte> room) {
      auto got = rest(room);
      if (*got == 0) db->interrupt_handle()->interrupt();
      return got;
    };
    const auto failed = db->load_data(load, source);
    REQUIRE_FALSE(failed);
    if (!arrives) CHECK(failed.error().code() == errc::conflict);
    CHECK(number(*db, "SELECT COUNT(*) FROM t") == 1);
  }
}

TEST_CASE("nor is a file read through an adopted handle, which then answers as before") {
  const scalekit_tests::temp_folder folder;
  const std::string file = folder / "secret.csv";
  std::ofstream(file) << "1,secret\n";
  const std::string sql =
      "LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE t FIELDS TERMINATED BY ','";
  table();
  const auto o = options();
  MYSQL* raw = mysql_init(nullptr);
  const unsigned willing_too = 1;
  mysql_optionsv(raw, MYSQL_OPT_LOCAL_INFILE, &willing_too);
  REQUIRE(mysql_real_connect(
      raw,
      o.host.c_str(),
      o.user.c_str(),
      o.password.c_str(),
      o.database.c_str(),
      static_cast<unsigned>(o.port),
      nullptr,
      0
  ));
  auto db = mariadb::connection::adopt(raw).value();
  const auto refused = db->execute(sql);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == errc::not_supported);
  CHECK(db->load_data(sql, source_of("2,given\n", 100)).value().affected_rows == 1);
  CHECK(one(*db, "SELECT GROUP_CONCAT(v) FROM t") == sql::value("given"));
  db.reset();
  CHECK(mysql_query(raw, sql.c_str()) == 0);
  CHECK(mysql_affected_rows(raw) == 1);
  mysql_close(raw);
}
