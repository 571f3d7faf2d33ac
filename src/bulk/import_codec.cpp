// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_codec.hpp"

#include <scalekit/bytes.hpp>

namespace scalekit::inline v0::bulk {

namespace {

constexpr std::uint32_t version = 1;

::scalekit::error damaged(std::string_view what) {
  return {
      errc::data_corrupted,
      "import: the stored " + std::string(what) +
          " is damaged, or was written by a newer version of scalekit"};
}

void append(std::string& out, const csv::position& p) {
  append_u64(out, p.offset);
  append_u64(out, p.line);
  append_u64(out, p.record);
}

csv::position read_position(byte_reader& in) {
  csv::position p;
  p.offset = in.u64();
  p.line = in.u64();
  p.record = in.u64();
  return p;
}

void append(std::string& out, const row_error& e) {
  for (const std::string* text : {&e.code, &e.message, &e.suggestion, &e.column, &e.value}) {
    append_framed(out, *text);
  }
  append_u64(out, e.column_index);
  append_u64(out, e.record);
  append_u64(out, e.line);
  append_u64(out, e.offset);
}

row_error read_error(byte_reader& in) {
  row_error e;
  for (std::string* text : {&e.code, &e.message, &e.suggestion, &e.column, &e.value}) {
    *text = in.framed();
  }
  e.column_index = in.u64();
  e.record = in.u64();
  e.line = in.u64();
  e.offset = in.u64();
  return e;
}

}  // namespace

std::size_t size_of(const import_reject& r) noexcept {
  std::size_t size = 40;
  for (const row_error& e : r.errors) {
    size += 52 + e.code.size() + e.message.size() + e.suggestion.size() + e.column.size() +
            e.value.size();
  }
  return size;
}

std::string encode(const import_record& r) {
  std::string out;
  append_u32(out, version);
  for (const std::string* text : {&r.id, &r.name, &r.file_name, &r.digest}) {
    append_framed(out, *text);
  }
  const import_fingerprint& f = r.fingerprint;
  for (const std::uint64_t part : {f.schema, f.target, f.format, f.rules}) append_u64(out, part);
  append(out, r.begin);
  append(out, r.end);
  append_u64(out, r.head_hash);
  append_u64(out, r.header_columns);
  append_u64(out, static_cast<std::uint64_t>(r.created_at.time_since_epoch().count()));
  return out;
}

result<import_record> decode_record(std::string_view text) {
  byte_reader in(text);
  import_record r;
  const bool known = in.u32() == version;
  for (std::string* part : {&r.id, &r.name, &r.file_name, &r.digest}) *part = in.framed();
  import_fingerprint& f = r.fingerprint;
  for (std::uint64_t* part : {&f.schema, &f.target, &f.format, &f.rules}) *part = in.u64();
  r.begin = read_position(in);
  r.end = read_position(in);
  r.head_hash = in.u64();
  r.header_columns = in.u64();
  r.created_at = system_time(system_time::duration(static_cast<system_time::rep>(in.u64())));
  if (!known || !in.finished()) return damaged("record");
  return r;
}

std::string encode(const import_chunk& c) {
  std::string out;
  append_u32(out, version);
  append(out, c.begin);
  append_u64(out, c.end);
  append_u64(out, c.hash);
  append(out, c.at);
  const import_counts& n = c.counts;
  for (const std::uint64_t part :
       {n.records, n.inserted, n.updated, n.unchanged, n.folded, n.rejected}) {
    append_u64(out, part);
  }
  append_u64(out, n.codes.size());
  for (const auto& [code, count] : n.codes) {
    append_framed(out, code);
    append_u64(out, count);
  }
  return out;
}

result<import_chunk> decode_chunk(std::string_view text) {
  byte_reader in(text);
  import_chunk c;
  const bool known = in.u32() == version;
  c.begin = read_position(in);
  c.end = in.u64();
  c.hash = in.u64();
  c.at = read_position(in);
  import_counts& n = c.counts;
  for (std::uint64_t* part :
       {&n.records, &n.inserted, &n.updated, &n.unchanged, &n.folded, &n.rejected}) {
    *part = in.u64();
  }
  for (std::uint64_t left = in.u64(); left > 0 && in.ok(); --left) {
    const std::string code(in.framed());
    n.codes[code] = in.u64();
  }
  if (!known || !in.finished()) return damaged("checkpoint");
  return c;
}

std::string encode(std::span<const import_reject> rejects) {
  std::string out;
  append_u32(out, version);
  for (const import_reject& r : rejects) {
    append(out, r.begin);
    append_u64(out, r.bytes);
    append_u64(out, r.errors.size());
    for (const row_error& e : r.errors) append(out, e);
  }
  return out;
}

result<std::vector<import_reject>> decode_rejects(std::string_view text) {
  byte_reader in(text);
  std::vector<import_reject> rejects;
  if (in.u32() != version) return damaged("rejects");
  while (in.ok() && !in.finished()) {
    import_reject& r = rejects.emplace_back();
    r.begin = read_position(in);
    r.bytes = in.u64();
    for (std::uint64_t left = in.u64(); left > 0 && in.ok(); --left) {
      r.errors.push_back(read_error(in));
    }
  }
  if (!in.ok()) return damaged("rejects");
  return rejects;
}

std::string encode(std::span<const import_duplicate> duplicates) {
  std::string out;
  append_u32(out, version);
  for (const import_duplicate& d : duplicates) {
    append_u64(out, d.offset);
    append_u64(out, d.winner_line);
    append_u32(out, d.key);
  }
  return out;
}

result<void> decode_duplicates(std::string_view text, std::vector<import_duplicate>& out) {
  byte_reader in(text);
  if (in.u32() != version) return damaged("duplicates");
  while (in.ok() && !in.finished()) {
    import_duplicate& d = out.emplace_back();
    d.offset = in.u64();
    d.winner_line = in.u64();
    d.key = in.u32();
  }
  if (!in.ok()) return damaged("duplicates");
  return {};
}

}  // namespace scalekit::inline v0::bulk
