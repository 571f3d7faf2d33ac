// SPDX-License-Identifier: BSL-1.0
#include "ledger.hpp"

#include <scalekit/bulk/export_stream.hpp>
#include <scalekit/encoding.hpp>

#include <algorithm>
#include <string>

using namespace scalekit;
using scalekit_tests::all_entries;
using scalekit_tests::drain;
using scalekit_tests::ledger;

namespace {

std::string export_all(sql::connection& db, bulk::export_options o) {
  return drain(*bulk::export_stream::open(db, std::move(o)).value());
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("every row comes once, in order, spelled as CSV") {
  ledger data(7);
  auto db = data.reader();
  CHECK(
      export_all(*db, all_entries()) ==
      "id,account,amount,note,at_us\n"
      "1,1,1.50,note 1,2023-11-14T22:13:20.001Z\n"
      "2,2,2.50,note 2,2023-11-14T22:13:20.002Z\n"
      "3,3,3.50,note 3,2023-11-14T22:13:20.003Z\n"
      "4,4,4.50,note 4,2023-11-14T22:13:20.004Z\n"
      "5,5,5.50,,2023-11-14T22:13:20.005Z\n"
      "6,6,6.50,note 6,2023-11-14T22:13:20.006Z\n"
      "7,7,7.50,\"a, \"\"b\"\"\nc\",2023-11-14T22:13:20.007Z\n"
  );
}

TEST_CASE("chunk and page sizes do not change the bytes") {
  ledger data(500);
  auto db = data.reader();
  const std::string expected = export_all(*db, all_entries());
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{100}, std::size_t{1} << 20}) {
    for (const std::int64_t page : {1, 7, 500, 100'000}) {
      bulk::export_options o = all_entries();
      o.chunk_bytes = chunk;
      o.page_rows = page;
      CHECK(export_all(*db, o) == expected);
    }
  }
}

TEST_CASE("the first chunk is small, the others are as large as was asked") {
  ledger data(500);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.first_chunk_bytes = 100;
  o.chunk_bytes = 5000;
  auto stream = bulk::export_stream::open(*db, o).value();
  csv::buffer chunk;
  REQUIRE(stream->next(chunk).value());
  CHECK(chunk.size() >= 100);
  CHECK(chunk.size() < 300);
  REQUIRE(stream->next(chunk).value());
  CHECK(chunk.size() >= 5000);
  CHECK(chunk.size() < 5200);
}

TEST_CASE("an empty table is a header, or nothing") {
  ledger data(0);
  auto db = data.reader();
  CHECK(export_all(*db, all_entries()) == "id,account,amount,note,at_us\n");
  bulk::export_options o = all_entries();
  o.header = bulk::export_options::header_row::absent;
  CHECK(export_all(*db, o).empty());
}

TEST_CASE("projection, expressions, headers and filters") {
  ledger data(20);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.columns.resize(2);
  o.columns[0] = {.name = "twice", .expression = "id * 2", .header = "id x 2"};
  o.columns[1] = {.name = "note"};
  o.source.where = {sql::fragment("account = ").param(3), sql::fragment("id > ").param(5)};
  CHECK(export_all(*db, o) == "id x 2,note\n26,note 13\n");
}

TEST_CASE("rows added after the start do not leak in") {
  ledger data(100);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.bound_column = "id";
  const std::string expected = export_all(*db, o);
  auto stream = bulk::export_stream::open(*db, o).value();
  csv::buffer chunk;
  REQUIRE(stream->next(chunk).value());
  std::string all(chunk.view());
  data.insert(101, 200);
  all += drain(*stream);
  CHECK(all == expected);
  CHECK(stream->upper_bound() == sql::value(100));
}

TEST_CASE("a bounded export of an empty table stays empty when rows arrive") {
  ledger data(0);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.bound_column = "id";
  auto stream = bulk::export_stream::open(*db, o).value();
  data.insert(1, 5);
  CHECK(lines(drain(*stream)) == 1);
}

TEST_CASE("a run view does not see changes behind the scan; a page view does") {
  ledger data(200);
  const auto count_changed = [&](bulk::read_view view) {
    auto db = data.reader();
    bulk::export_options o = all_entries();
    o.read_view = view;
    auto stream = bulk::export_stream::open(*db, o).value();
    csv::buffer chunk;
    REQUIRE(stream->next(chunk).value());
    data.writer()->execute_script("UPDATE entry SET note = 'CHANGED'").value();
    const std::string rest = drain(*stream);
    data.writer()->execute_script("UPDATE entry SET note = 'as before'").value();
    return rest.find("CHANGED") != std::string::npos;
  };
  CHECK_FALSE(count_changed(bulk::read_view::run));
  CHECK(count_changed(bulk::read_view::page));
}

TEST_CASE("lookups replace keys, and a miss does what it was told") {
  ledger data(10);
  auto db = data.reader();
  auto names = std::make_shared<bulk::lookup_table>();
  names->insert(1, sql::value("Ann, \"A\"")).value();
  bulk::export_options o = all_entries();
  o.columns = {{.name = "id"}, {.name = "account", .lookup = names}};
  o.source.where = {sql::fragment("id < 3")};
  CHECK(export_all(*db, o) == "id,account\n1,\"Ann, \"\"A\"\"\"\n2,2\n");
  o.columns[1].on_miss = bulk::lookup_miss::null;
  CHECK(export_all(*db, o) == "id,account\n1,\"Ann, \"\"A\"\"\"\n2,\n");
  o.columns[1].on_miss = bulk::lookup_miss::fail;
  auto stream = bulk::export_stream::open(*db, o).value();
  csv::buffer chunk;
  auto failed = stream->next(chunk);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == errc::not_found);
  CHECK(failed.error().message().find("account") != std::string::npos);
}

TEST_CASE("a transform changes and drops rows, and its errors end the export") {
  ledger data(6);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.columns.resize(3);
  o.transform = [](bulk::row_editor& row) -> result<bulk::row_action> {
    if (row[0].as_int64() % 2 == 0) return bulk::row_action::skip;
    row.set(2, sql::value(std::string("made ") + std::string(row[2].as_text())));
    return bulk::row_action::write;
  };
  CHECK(export_all(*db, o) == "id,account,amount\n1,1,made 1.50\n3,3,made 3.50\n5,5,made 5.50\n");
  o.transform = [](bulk::row_editor&) -> result<bulk::row_action> {
    return error(errc::limit_exceeded, "enough");
  };
  auto stream = bulk::export_stream::open(*db, o).value();
  csv::buffer chunk;
  CHECK(stream->next(chunk).error().code() == errc::limit_exceeded);
}

TEST_CASE("a transform that drops every row still ends") {
  ledger data(100);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.transform = [](bulk::row_editor&) -> result<bulk::row_action> {
    return bulk::row_action::skip;
  };
  CHECK(lines(export_all(*db, o)) == 1);
}

TEST_CASE("from every checkpoint an export goes on with the same bytes and the same digest") {
  ledger data(200);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.bound_column = "id";
  o.chunk_bytes = 300;
  auto whole = bulk::export_stream::open(*db, o).value();
  std::vector<bulk::checkpoint> checkpoints{bulk::checkpoint()};
  std::string all;
  csv::buffer chunk;
  while (whole->next(chunk).value()) {
    all += chunk.view();
    checkpoints.push_back(whole->position());
  }
  REQUIRE(checkpoints.size() > 20);
  const std::string digest = to_hex(whole->digest_value());
  data.insert(201, 300);
  for (const bulk::checkpoint& from : checkpoints) {
    auto rest =
        bulk::export_stream::resume(*db, o, from, whole->upper_bound(), whole->fingerprint())
            .value();
    CHECK(drain(*rest) == all.substr(from.bytes));
    CHECK(to_hex(rest->digest_value()) == digest);
    CHECK(rest->position().rows == 200);
  }
}

TEST_CASE("a changed definition refuses to resume and says what changed") {
  ledger data(50);
  auto db = data.reader();
  const bulk::export_options o = all_entries();
  auto first = bulk::export_stream::open(*db, o).value();
  csv::buffer chunk;
  REQUIRE(first->next(chunk).value());
  const bulk::checkpoint from = first->position();
  const bulk::export_fingerprint begun_with = first->fingerprint();
  first.reset();
  const auto refusal = [&](const bulk::export_options& changed) {
    auto r = bulk::export_stream::resume(*db, changed, from, sql::value(), begun_with);
    if (r) return std::string("resumed");
    CHECK(r.error().code() == errc::conflict);
    return r.error().message();
  };
  CHECK(refusal(o) == "resumed");
  bulk::export_options filtered = o;
  filtered.source.where = {sql::fragment("account = ").param(1)};
  CHECK(refusal(filtered).find(": filters;") != std::string::npos);
  bulk::export_options spelled = o;
  spelled.dialect.delimiter = ';';
  CHECK(refusal(spelled).find(": format;") != std::string::npos);
  bulk::export_options fewer = o;
  fewer.columns.pop_back();
  CHECK(refusal(fewer).find("columns") != std::string::npos);
  data.writer()
      ->execute_script(
          "ALTER TABLE entry RENAME TO old;"
          "CREATE TABLE entry (id INTEGER PRIMARY KEY, account TEXT,"
          " amount TEXT, note TEXT, at_us INTEGER)"
      )
      .value();
  CHECK(refusal(o).find(": schema;") != std::string::npos);
}

TEST_CASE("another bound column, lookup content or horizon refuses to resume") {
  ledger data(50);
  auto db = data.reader();
  const auto resumes = [&](const bulk::export_options& begun, const bulk::export_options& now) {
    auto first = bulk::export_stream::open(*db, begun).value();
    csv::buffer chunk;
    REQUIRE(first->next(chunk).value());
    const bulk::checkpoint from = first->position();
    return bulk::export_stream::resume(*db, now, from, first->upper_bound(), first->fingerprint())
        .has_value();
  };
  const auto bound_to = [](const char* column) {
    bulk::export_options o = all_entries();
    o.bound_column = column;
    return o;
  };
  CHECK(resumes(bound_to("id"), bound_to("id")));
  CHECK_FALSE(resumes(bound_to("id"), bound_to("at_us")));
  CHECK_FALSE(resumes(bound_to(""), bound_to("id")));
  CHECK_FALSE(resumes(bound_to("id"), bound_to("")));

  const auto named = [](std::initializer_list<const char*> names) {
    auto table = std::make_shared<bulk::lookup_table>();
    std::int64_t key = 0;
    for (const char* name : names) table->insert(key++, sql::value(name)).value();
    bulk::export_options o = all_entries();
    o.columns[1].lookup = table;
    return o;
  };
  CHECK(resumes(named({"a", "b"}), named({"a", "b"})));
  CHECK_FALSE(resumes(named({"a", "b"}), named({"a", "c"})));

  const auto until = [](std::int64_t before) {
    bulk::export_options o = all_entries();
    o.source.until = keyset::horizon{.column = "at_us", .before = sql::value(before)};
    return o;
  };
  CHECK_FALSE(resumes(until(1'800'000'000'000'000), until(1'900'000'000'000'000)));
}

TEST_CASE("a bound column with NULLs is refused, for those rows would be missing") {
  ledger data(10);
  auto db = data.reader();
  bulk::export_options o = all_entries();
  o.bound_column = "note";
  auto opened = bulk::export_stream::open(*db, o);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message().find("note") != std::string::npos);
}

TEST_CASE("between chunks no snapshot is held, unless one was asked for") {
  const auto log_can_be_reset = [&](bulk::read_view view) {
    ledger data(500);
    auto db = data.reader();
    bulk::export_options o = all_entries();
    o.read_view = view;
    auto stream = bulk::export_stream::open(*db, o).value();
    csv::buffer chunk;
    REQUIRE(stream->next(chunk).value());
    auto writer = data.writer();
    writer->execute_script("UPDATE entry SET note = 'x' WHERE id = 500").value();
    auto checkpointed = writer->query("PRAGMA wal_checkpoint(PASSIVE)").value();
    REQUIRE(checkpointed->next().value());
    const auto row = checkpointed->row();
    const bool ran = row[0].as_int64() == 0 && row[1].as_int64() > 0;
    return ran && row[1].as_int64() == row[2].as_int64();
  };
  CHECK(log_can_be_reset(bulk::read_view::page));
  CHECK_FALSE(log_can_be_reset(bulk::read_view::run));
}

TEST_CASE("bad options are refused by name") {
  ledger data(1);
  auto db = data.reader();
  const auto refusal = [&](auto change) {
    bulk::export_options o = all_entries();
    change(o);
    auto opened = bulk::export_stream::open(*db, o);
    if (opened) return std::string("opened");
    CHECK(opened.error().code() == errc::invalid_argument);
    return opened.error().message();
  };
  using options = bulk::export_options;
  const auto names = [](const std::string& message, const char* what) {
    return message.find(what) != std::string::npos;
  };
  CHECK(names(refusal([](options& o) { o.columns.clear(); }), "columns"));
  CHECK(names(refusal([](options& o) { o.chunk_bytes = 0; }), "chunk_bytes"));
  CHECK(names(refusal([](options& o) { o.first_chunk_bytes = 0; }), "first_chunk_bytes"));
  CHECK(names(refusal([](options& o) { o.page_rows = 0; }), "page_rows"));
  CHECK(names(refusal([](options& o) { o.source.columns = {"id"}; }), "source.columns"));
  CHECK(names(refusal([](options& o) { o.dialect.quote = ','; }), "quote"));
  CHECK(names(refusal([](options& o) { o.bound_column = "nonsense"; }), "nonsense"));
  CHECK(names(refusal([](options& o) { o.source.table = "nonsense"; }), "nonsense"));
  CHECK(names(refusal([](options& o) { o.transform_version = "2"; }), "transform_version"));
}
