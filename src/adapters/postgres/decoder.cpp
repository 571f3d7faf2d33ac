// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/decoder.hpp"

#include "adapters/postgres/numeric.hpp"
#include "adapters/postgres/text_format.hpp"
#include "adapters/postgres/wire.hpp"

#include <bit>

namespace scalekit::inline v0::postgres {

namespace {

struct known_type {
  Oid type;
  codec how;
  std::string_view name;
};

constexpr known_type known_types[] = {
    {oid::int8, codec::int64, "bigint"},
    {oid::text, codec::text, "text"},
    {oid::timestamptz, codec::timestamp, "timestamp with time zone"},
    {oid::numeric, codec::numeric, "numeric"},
    {oid::int4, codec::int32, "integer"},
    {oid::varchar, codec::text, "character varying"},
    {oid::boolean, codec::boolean, "boolean"},
    {oid::float8, codec::float64, "double precision"},
    {oid::bytea, codec::bytea, "bytea"},
    {oid::uuid, codec::uuid, "uuid"},
    {oid::jsonb, codec::jsonb, "jsonb"},
    {oid::json, codec::text, "json"},
    {oid::date, codec::date, "date"},
    {oid::timestamp, codec::timestamp, "timestamp without time zone"},
    {oid::int2, codec::int16, "smallint"},
    {oid::float4, codec::float32, "real"},
    {oid::bpchar, codec::text, "character"},
    {oid::object_id, codec::object_id, "oid"},
    {oid::name, codec::text, "name"},
    {oid::unknown, codec::text, "unknown"},
};

const known_type* find_type(Oid type) noexcept {
  for (const known_type& t : known_types) {
    if (t.type == type) return &t;
  }
  return nullptr;
}

// Bytes of a fixed width; 0 where it varies.
std::size_t width(codec c) noexcept {
  switch (c) {
    case codec::boolean:
      return 1;
    case codec::int16:
      return 2;
    case codec::int32:
    case codec::object_id:
    case codec::float32:
    case codec::date:
      return 4;
    case codec::int64:
    case codec::float64:
    case codec::timestamp:
      return 8;
    case codec::uuid:
      return 16;
    default:
      return 0;
  }
}

error damaged() { return {errc::data_corrupted, "the server sent bytes that are no such value"}; }

result<sql::value_view> decode_timestamp(std::int64_t since_2000) {
  // The end of 289999 in PostgreSQL's count; both infinities lie outside.
  constexpr std::int64_t last = 9'088'402'175'999'999'999;
  if (since_2000 > last || since_2000 < -last) return no_such_timestamp();
  return sql::value_view(system_time(std::chrono::microseconds(since_2000 + epoch_us)));
}

}  // namespace

codec codec_of(Oid type) noexcept {
  const known_type* t = find_type(type);
  return t == nullptr ? codec::other : t->how;
}

std::string_view type_name(Oid type) noexcept {
  const known_type* t = find_type(type);
  return t == nullptr ? std::string_view() : t->name;
}

result<sql::value_view> decode_binary(codec c, std::string_view data, std::string& scratch) {
  if (const std::size_t size = width(c); size != 0 && data.size() != size) return damaged();
  const char* p = data.data();
  switch (c) {
    case codec::int16:
      return sql::value_view(load_i16(p));
    case codec::int32:
      return sql::value_view(load_i32(p));
    case codec::int64:
      return sql::value_view(load_i64(p));
    case codec::object_id:
      return sql::value_view(load_u32(p));
    case codec::float32:
      return sql::value_view(std::bit_cast<float>(load_u32(p)));
    case codec::float64:
      return sql::value_view(std::bit_cast<double>(load_i64(p)));
    case codec::boolean:
      return sql::value_view(*p != 0);
    case codec::bytea:
      return sql::value_view(as_bytes(data));
    case codec::timestamp:
      return decode_timestamp(load_i64(p));
    case codec::jsonb:
      if (data.empty() || data.front() != 1) return damaged();
      return sql::value_view(data.substr(1));
    case codec::numeric:
      scratch.clear();
      if (!append_numeric(scratch, data)) return damaged();
      return sql::value_view::decimal(scratch);
    case codec::date:
      scratch.clear();
      append_date(scratch, load_i32(p));
      return sql::value_view(scratch);
    case codec::uuid:
      scratch.clear();
      append_uuid(scratch, data);
      return sql::value_view(scratch);
    case codec::text:
    case codec::other:
      break;
  }
  return sql::value_view(data);
}

row_decoder::row_decoder(const PGresult* r) {
  const int count = PQnfields(r);
  for (int i = 0; i < count; ++i) {
    columns_.push_back({codec_of(PQftype(r, i)), PQfformat(r, i) == 1, {}});
  }
  values_.resize(columns_.size());
}

result<void> row_decoder::decode(const PGresult* r, int row) {
  int i = 0;
  for (column& c : columns_) {
    sql::value_view& out = values_[static_cast<std::size_t>(i)];
    const auto size = static_cast<std::size_t>(PQgetlength(r, row, i));
    const std::string_view data(PQgetvalue(r, row, i), size);
    if (size == 0 && PQgetisnull(r, row, i) != 0) {
      out = sql::value_view();
    } else {
      auto v =
          c.binary ? decode_binary(c.how, data, c.scratch) : decode_text(c.how, data, c.scratch);
      if (!v) {
        return std::move(v).error().with_context("column \"" + std::string(PQfname(r, i)) + "\"");
      }
      out = *v;
    }
    ++i;
  }
  return {};
}

}  // namespace scalekit::inline v0::postgres
