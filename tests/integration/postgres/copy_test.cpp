// SPDX-License-Identifier: BSL-1.0
#include "support.hpp"

using namespace postgres_test;

namespace {

std::string drain(postgres::copy_reader& in) {
  std::string out;
  for (;;) {
    const std::string_view piece = in.next().value();
    if (piece.empty()) return out;
    out += piece;
  }
}

}  // namespace

TEST_CASE("COPY takes rows in and gives them out again") {
  auto db = open();
  temp_table(*db, "id int8, name text");
  auto in = db->copy_in("COPY t FROM STDIN (FORMAT csv)").value();
  in->write("1,\"a,b\"\n2,").value();
  in->write("c\n").value();
  in->write("").value();
  CHECK(in->finish().value() == 2);
  CHECK(in->finish().error().code() == errc::invalid_argument);
  CHECK(in->write("3,d\n").error().code() == errc::invalid_argument);
  auto out = db->copy_out("COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv)").value();
  CHECK(out->next().value() == "1,\"a,b\"\n");
  CHECK(out->next().value() == "2,c\n");
  CHECK(out->next().value().empty());
  CHECK(out->next().value().empty());
  CHECK(number(*db, "SELECT count(*) FROM t") == 2);
}

TEST_CASE("many rows, in large pieces") {
  auto db = open();
  temp_table(*db, "id int8, name text");
  std::string data;
  for (int i = 0; i < 200'000; ++i) data += std::to_string(i) + ",name " + std::to_string(i) + "\n";
  auto in = db->copy_in("COPY t FROM STDIN (FORMAT csv)").value();
  in->write(data).value();
  CHECK(in->finish().value() == 200'000);
  in.reset();
  auto out = db->copy_out("COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv)").value();
  CHECK(drain(*out) == data);
}

TEST_CASE("a COPY that is not finished writes nothing") {
  auto db = open();
  temp_table(*db, "id int8 CHECK (id < 100)");
  db->copy_in("COPY t FROM STDIN").value()->write("1\n2\n").value();
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  db->begin({}).value();
  db->copy_in("COPY t FROM STDIN").value()->write("1\n").value();
  CHECK(db->in_transaction());
  CHECK_FALSE(db->commit());
  CHECK_FALSE(db->in_transaction());
  CHECK(number(*db, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("what the server will not take is told at the end") {
  auto db = open();
  temp_table(*db, "id int8 CHECK (id < 100)");
  for (const auto& [data, code] :
       {std::pair("1\nx\n", errc::invalid_argument), std::pair("1\n100\n", errc::conflict)}) {
    auto in = db->copy_in("COPY t FROM STDIN").value();
    in->write(data).value();
    const auto done = in->finish();
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == code);
    in.reset();
    CHECK(number(*db, "SELECT count(*) FROM t") == 0);
  }
}

TEST_CASE("a reader given up early ends the COPY") {
  auto db = open();
  for (int i = 0; i < 3; ++i) {
    auto out = db->copy_out("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT").value();
    CHECK(out->next().value() == "1\n");
    CHECK(db->query("SELECT 1").error().code() == errc::invalid_argument);
    out.reset();
    CHECK(number(*db, "SELECT 1") == 1);
  }
  db->begin({}).value();
  auto out = db->copy_out("COPY (SELECT generate_series(1, 100000)) TO STDOUT").value();
  CHECK(out->next().value() == "1\n");
  out.reset();
  CHECK(number(*db, "SELECT 1") == 1);
  db->commit().value();
}

TEST_CASE("an interrupt ends a COPY") {
  auto db = open();
  auto out = db->copy_out("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT").value();
  CHECK(out->next().value() == "1\n");
  db->interrupt_handle()->interrupt();
  auto piece = out->next();
  while (piece && !piece->empty()) piece = out->next();
  REQUIRE_FALSE(piece);
  CHECK(piece.error().code() == errc::cancelled);
}

TEST_CASE("what is no COPY of that kind is refused, and the connection goes on") {
  auto db = open();
  temp_table(*db, "id int8");
  for (const std::string_view text :
       {"SELECT 1", "COPY t FROM STDIN", "", "SELEC", "BEGIN; BEGIN"}) {
    CAPTURE(text);
    CHECK(db->copy_out(text).error().code() == errc::invalid_argument);
    CHECK(db->rollback());
    CHECK(number(*db, "SELECT 1") == 1);
  }
  CHECK(db->copy_in("COPY t TO STDOUT").error().code() == errc::invalid_argument);
  CHECK(db->query("COPY t TO STDOUT").error().code() == errc::invalid_argument);
  CHECK(db->query("COPY t FROM STDIN").error().code() == errc::invalid_argument);
  CHECK(db->execute("COPY t TO STDOUT").error().code() == errc::invalid_argument);
  CHECK(db->execute("COPY t FROM STDIN").error().code() == errc::invalid_argument);
  CHECK(db->execute_script("COPY t FROM STDIN").error().code() == errc::invalid_argument);
  CHECK(db->execute_script("COPY t TO STDOUT").error().code() == errc::invalid_argument);
  CHECK(number(*db, "SELECT 1") == 1);
}

TEST_CASE("a COPY both ways, which nobody can end, is an error and the end of the connection") {
  auto db = open({.extra = {{"replication", "database"}}});
  const auto started = db->execute_script("START_REPLICATION PHYSICAL 0/0");
  REQUIRE_FALSE(started);
  CHECK(started.error().code() == errc::invalid_argument);
  CHECK(db->is_broken());
  CHECK(db->execute("SELECT 1").error().code() == errc::unavailable);
}
