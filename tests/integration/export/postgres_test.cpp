// SPDX-License-Identifier: BSL-1.0
#include "servers.hpp"
#include "temp_folder.hpp"

#include <scalekit/adapters/postgres/connection.hpp>
#include <scalekit/bulk/export_stream.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace scalekit;
using namespace scalekit_tests;

namespace {

postgres_server& server() {
  skip_unless(postgres_server::is_installed(), "PostgreSQL");
  static postgres_server one;
  return one;
}

std::unique_ptr<postgres::connection> connect() {
  return postgres::connection::open(server().conninfo()).value();
}

// Passes all on, counts the queries that come as CSV, and refuses them if told to.
class watched final : public sql::connection {
 public:
  explicit watched(sql::connection& inner) : inner_(inner) {}
  bool refuse_csv = false;
  int csv_queries = 0;

  sql::dialect dialect() const noexcept override { return inner_.dialect(); }
  result<std::unique_ptr<sql::rows>> query(std::string_view s, sql::parameters p) override {
    return inner_.query(s, p);
  }
  result<std::unique_ptr<sql::csv_lines>> query_csv(
      std::string_view s, sql::parameters p, const sql::csv_style& style
  ) override {
    if (refuse_csv) return errc::not_supported;
    auto lines = inner_.query_csv(s, p, style);
    if (lines) ++csv_queries;
    return lines;
  }
  result<sql::execution> execute(std::string_view s, sql::parameters p) override {
    return inner_.execute(s, p);
  }
  result<void> execute_script(std::string_view s) override { return inner_.execute_script(s); }
  result<void> begin(const sql::transaction_options& o) override { return inner_.begin(o); }
  result<void> commit() override { return inner_.commit(); }
  result<void> rollback() override { return inner_.rollback(); }
  bool in_transaction() const noexcept override { return inner_.in_transaction(); }
  std::shared_ptr<sql::interrupt_handle> interrupt_handle() override {
    return inner_.interrupt_handle();
  }
  sql::connection_stats stats() const noexcept override { return inner_.stats(); }

 private:
  sql::connection& inner_;
};

// 3,000 rows of everything that is awkward, the same on every run.
constexpr const char* awkward = R"(
  DROP TABLE IF EXISTS awkward;
  CREATE TABLE awkward (
    id bigint PRIMARY KEY, small smallint, word text, code varchar(40), fixed char(4),
    amount numeric(38,10), exact numeric, yes boolean, raw bytea, u uuid, day date, doc json,
    at timestamptz NOT NULL, local timestamp, span interval, words text[]);
  INSERT INTO awkward SELECT
    i, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 100 - 50 END,
    (ARRAY[NULL, '', 'plain', 'with,comma', 'with "quotes"', E'line\nbreak', E'cr\rhere', '\.',
           ' blanks ', '''', 'Grüße 😀', ';', '"', E'\t'])[i % 14 + 1],
    repeat('x', i % 40), 'ab', (i * 1234567.0000001)::numeric(38,10) * (CASE WHEN i % 2 = 0 THEN -1 ELSE 1 END),
    CASE WHEN i % 50 = 0 THEN 'NaN'::numeric ELSE i / 8.0 END,
    CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END,
    decode(lpad(to_hex(i), 8, '0'), 'hex'), md5(i::text)::uuid, date '2024-01-01' + i,
    CASE WHEN i % 11 = 0 THEN '{"a": "b,c"}'::json END,
    timestamptz '2024-05-06 07:08:09+00' + (i / 10) * interval '1 second' + (i % 4) * interval '0.01 second',
    timestamp '1999-12-31 23:59:59.999999' + i * interval '1 day', i * interval '1 minute',
    ARRAY['a', 'b"c', i::text]
  FROM generate_series(1, 3000) i;
  CREATE INDEX ON awkward (at, id);
)";

// All that can be passed through; newest first, the key in the middle of the row.
bulk::export_options everything() {
  auto order = keyset::order::make(
      {{.name = "at",
        .direction = keyset::direction::descending,
        .nullability = keyset::nullability::not_null}},
      {.columns = {"id"}}
  );
  bulk::export_options o{.source = {.table = "awkward"}, .order = order.value()};
  for (const char* name :
       {"small",
        "word",
        "id",
        "code",
        "fixed",
        "amount",
        "exact",
        "yes",
        "raw",
        "u",
        "day",
        "doc",
        "local",
        "span",
        "words"}) {
    o.columns.push_back({.name = name});
  }
  o.dialect.timestamp_style = csv::timestamp_style::space_separated;
  o.dialect.timestamp_fraction = second_fraction::shortest;
  o.page_rows = 700;
  o.chunk_bytes = 9000;
  return o;
}

struct made {
  std::string file;
  std::vector<bulk::checkpoint> checkpoints;
  int csv_queries = 0;
};

made run(bool decoded, const bulk::export_options& o, const bulk::checkpoint* from = nullptr) {
  auto real = connect();
  watched db(*real);
  db.refuse_csv = decoded;
  auto begun = bulk::export_stream::open(db, o).value();
  auto stream = from == nullptr
                    ? std::move(begun)
                    : bulk::export_stream::resume(db, o, *from, {}, begun->fingerprint()).value();
  made out;
  csv::buffer chunk;
  while (stream->next(chunk).value()) {
    out.file += chunk.view();
    out.checkpoints.push_back(stream->position());
  }
  out.csv_queries = db.csv_queries;
  return out;
}

std::string psql_copy(const std::string& query) {
  const temp_folder folder;
  scalekit_tests::run(
      {postgres_server::program("psql"),
       "--no-psqlrc",
       "--quiet",
       server().conninfo(),
       "--command=SET TimeZone = 'UTC'",
       "--command=COPY (" + query + ") TO STDOUT (FORMAT csv, HEADER)"},
      {.log = folder / "out", .user = {}, .environment = {}}
  );
  std::ostringstream text;
  text << std::ifstream(folder / "out", std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("rows passed through are byte for byte the rows decoded and encoded") {
  connect()->execute_script(awkward).value();
  const made lines = run(false, everything());
  const made rows = run(true, everything());
  CHECK(lines.csv_queries > 1);
  CHECK(rows.csv_queries == 0);
  REQUIRE(lines.file == rows.file);
  CHECK(lines.checkpoints == rows.checkpoints);
  CHECK(lines.checkpoints.size() > 40);
  CHECK(lines.checkpoints.back().rows == 3000);

  SUBCASE("and what psql's COPY prints, where booleans and blobs are spelled alike") {
    CHECK(
        lines.file ==
        psql_copy("SELECT small, word, id, code, fixed, amount, exact, yes::int AS yes, "
                  "encode(raw, 'hex') AS raw, u, day, doc, local, span, words "
                  "FROM awkward ORDER BY at DESC, id DESC")
    );
  }
  SUBCASE("and either goes on where the other was cut") {
    for (std::size_t i = 0; i + 1 < lines.checkpoints.size(); i += 7) {
      const bulk::checkpoint& cut = lines.checkpoints[i];
      const std::string rest = lines.file.substr(cut.bytes);
      CHECK(run(false, everything(), &cut).file == rest);
      CHECK(run(true, everything(), &cut).file == rest);
    }
  }
}

TEST_CASE("other separators, other orders, filters with parameters") {
  connect()->execute_script(awkward).value();
  bulk::export_options o = everything();
  o.dialect.delimiter = ';';
  o.dialect.quote = '\'';
  o.source.where = {
      sql::fragment("word <> ").param("it's; \"$1\"").sql(" AND small > ").param(-40),
      sql::fragment("at > ").param(system_time(std::chrono::seconds(1714979300)))};
  const keyset::order orders[] = {
      keyset::order::make({}, {.columns = {"id"}}).value(),
      // NULLs, a decimal, a text with quotes, and a key that is not shown.
      keyset::order::make({{.name = "small"}, {.name = "word"}}, {.columns = {"id"}}).value(),
      keyset::order::make(
          {{.name = "exact", .direction = keyset::direction::descending}}, {.columns = {"u"}}
      ).value(),
      keyset::order::make({{.name = "local"}}, {.columns = {"id"}}).value(),
      keyset::order::make({{.name = "day"}}, {.columns = {"id"}}).value(),
  };
  for (const keyset::order& order : orders) {
    o.order = order;
    const made lines = run(false, o);
    CHECK(lines.csv_queries > 0);
    CHECK(lines.file == run(true, o).file);
    CHECK(lines.checkpoints.back().rows > 1000);
  }
}

TEST_CASE("what COPY would spell otherwise is decoded") {
  connect()->execute_script(awkward).value();
  const auto decoded = [](const auto& change) {
    bulk::export_options o = everything();
    change(o);
    const made out = run(false, o);
    CHECK(out.checkpoints.back().rows == 3000);
    return out.csv_queries == 0;
  };
  CHECK(decoded([](auto& o) { o.dialect.timestamp_style = csv::timestamp_style::rfc3339; }));
  CHECK(decoded([](auto& o) { o.dialect.timestamp_fraction = second_fraction::automatic; }));
  CHECK(decoded([](auto& o) { o.dialect.quoting = csv::quoting::all; }));
  CHECK(decoded([](auto& o) { o.dialect.null_text = "\\N"; }));
  CHECK(decoded([](auto& o) { o.dialect.line_ending = csv::line_ending::crlf; }));
  CHECK(decoded([](auto& o) { o.dialect.formula_guard = csv::formula_guard::on; }));
  CHECK(decoded([](auto& o) { o.dialect.blob_encoding = csv::blob_encoding::base64; }));
  CHECK(decoded([](auto& o) {
    o.columns.push_back({.name = "f", .expression = "id / 3.0::float8"});
  }));
  CHECK(decoded([](auto& o) { o.columns.resize(1); }));
  CHECK(decoded([](auto& o) {
    o.transform = [](bulk::row_editor&) {
      return result<bulk::row_action>(bulk::row_action::write);
    };
  }));
  CHECK_FALSE(decoded([](auto& o) { o.columns.push_back({.name = "n", .expression = "id + 1"}); }));
  CHECK_FALSE(decoded([](auto& o) { o.columns.push_back({.name = "at"}); }));
}

TEST_CASE("a parameter means the same in a COPY as in a query") {
  connect()
      ->execute_script(
          "DROP TABLE IF EXISTS typed; CREATE TABLE typed (id int PRIMARY KEY, r real, n numeric, "
          "yes boolean, us bigint, day date, at timestamp, word text, small smallint);"
          "INSERT INTO typed SELECT i, i / 10.0::real, i / 10.0, i % 2 = 0, 1714979289000000 + i, "
          "date '2024-05-06' + i, timestamp '2024-05-06 07:08:09' + i * interval '1 s', i::text, i "
          "FROM generate_series(1, 40) i"
      )
      .value();
  bulk::export_options o{
      .source = {.table = "typed"},
      .order = keyset::order::make({}, {.columns = {"id"}}).value(),
      .columns = {{.name = "id"}, {.name = "word"}}};
  // Whether it was passed through; the rows are the same either way.
  const auto filtered = [&](sql::fragment where) {
    o.source.where = {std::move(where)};
    const made lines = run(false, o);
    const made rows = run(true, o);
    CHECK(lines.file == rows.file);
    CHECK(rows.checkpoints.back().rows > 0);
    return lines.csv_queries > 0;
  };
  const system_time at(std::chrono::microseconds(1714979299000000));
  CHECK(filtered(sql::fragment("r <= ").param(0.1)));
  CHECK(filtered(sql::fragment("abs(r - ").param(0.1).sql(") < 1e-3")));
  CHECK(filtered(sql::fragment("n = ").param(0.1)));
  CHECK(filtered(sql::fragment("n = ").param(sql::value_view::decimal("0.10"))));
  CHECK(filtered(sql::fragment("yes = ").param(true)));
  CHECK(filtered(sql::fragment("yes = ").param(0)));
  CHECK(filtered(sql::fragment("us <= ").param(at)));
  CHECK(filtered(sql::fragment("at <= ").param(at)));
  CHECK(filtered(sql::fragment("day = ").param("2024-05-08")));
  CHECK(filtered(sql::fragment("id <= ").param(sql::value_view::decimal("20.00"))));
  CHECK(filtered(sql::fragment("small < ").param(70000)));
  CHECK(filtered(sql::fragment("word = ").param("7").sql(" OR word = ").param("it's \\ ' OR 1=1")));
  CHECK_FALSE(filtered(sql::fragment("at > ").param(system_time(std::chrono::seconds(-62200000000)))
  ));
  CHECK_FALSE(filtered(sql::fragment("word <> E'\\'' AND id = ").param(3)));
  o.source.where = {};
  o.source.fixed = {{"yes", sql::value(true)}};
  CHECK(run(false, o).file == run(true, o).file);
}

TEST_CASE("a fragment that PostgreSQL reads otherwise than it looks lets nothing through") {
  connect()->execute_script(awkward).value();
  bulk::export_options o = everything();
  o.source.where = {sql::fragment("word <> E'x'\n'\\' costs $1 \\' ' AND word <> ")
                        .param(" OR true) TO STDOUT; UPDATE awkward SET small = 666; --")};
  auto db = connect();
  auto stream = bulk::export_stream::open(*db, o);
  if (stream) {
    csv::buffer chunk;
    static_cast<void>((*stream)->next(chunk));
  }
  stream = errc::cancelled;
  auto rows = db->query("SELECT count(*) FROM awkward WHERE small = 666").value();
  REQUIRE(rows->next().value());
  CHECK(rows->row()[0].as_int64() == 0);
}

TEST_CASE("after a failure nothing is at an end, and the position is that of the last chunk") {
  connect()->execute_script(awkward).value();
  for (const bool decoded : {false, true}) {
    bulk::export_options o = everything();
    // The 1,500th row divides by zero.
    o.columns.push_back({.name = "bad", .expression = "1 / (id - 1500)"});
    auto real = connect();
    watched db(*real);
    db.refuse_csv = decoded;
    auto stream = bulk::export_stream::open(db, o).value();
    csv::buffer chunk;
    bulk::checkpoint last;
    result<bool> more = true;
    while ((more = stream->next(chunk)) && *more) last = stream->position();
    REQUIRE_FALSE(more);
    CHECK(more.error().code() == errc::invalid_argument);
    CHECK(stream->position() == last);
    CHECK(stream->next(chunk).error().code() == errc::invalid_argument);
    CHECK_FALSE(stream->position().at_end);
  }
}

TEST_CASE("a session with another time zone decodes, and gives the same bytes") {
  connect()->execute_script(awkward).value();
  bulk::export_options o = everything();
  o.columns.push_back({.name = "at"});
  auto db = connect();
  const auto file = [&] {
    std::string all;
    auto stream = bulk::export_stream::open(*db, o).value();
    for (csv::buffer chunk; stream->next(chunk).value();) all += chunk.view();
    return all;
  };
  const std::string expected = file();
  db->execute_script("SET TimeZone = 'Asia/Kathmandu'").value();
  CHECK(file() == expected);
}

TEST_CASE("an export that is dropped half-way leaves the connection in order") {
  connect()->execute_script(awkward).value();
  auto db = connect();
  for (const auto view : {bulk::read_view::page, bulk::read_view::run}) {
    bulk::export_options o = everything();
    o.read_view = view;
    {
      auto stream = bulk::export_stream::open(*db, o).value();
      csv::buffer chunk;
      REQUIRE(stream->next(chunk).value());
      REQUIRE(stream->next(chunk).value());
    }
    CHECK_FALSE(db->in_transaction());
    CHECK_FALSE(db->is_broken());
    CHECK(db->execute("SELECT 1").has_value());
  }
  auto stream = bulk::export_stream::open(*db, everything()).value();
  csv::buffer chunk;
  REQUIRE(stream->next(chunk).value());
  stream->cancel_handle()->cancel();
  CHECK(stream->next(chunk).error().code() == errc::cancelled);
}

TEST_CASE("a chunk costs no statement of its own") {
  connect()->execute_script(awkward).value();
  auto db = connect();
  bulk::export_options o = everything();
  o.chunk_bytes = 500;
  auto stream = bulk::export_stream::open(*db, o).value();
  const auto before = db->round_trips();
  csv::buffer chunk;
  int chunks = 0;
  while (stream->next(chunk).value()) ++chunks;
  CHECK(chunks > 600);
  // 3,000 rows in pages of 700: each one COPY, and the types of two texts are asked for.
  CHECK(db->round_trips() - before <= 8);
}
