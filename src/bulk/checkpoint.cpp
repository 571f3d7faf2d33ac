// SPDX-License-Identifier: BSL-1.0
#include "bulk/fnv.hpp"

#include <scalekit/bulk/checkpoint.hpp>
#include <scalekit/bytes.hpp>
#include <scalekit/sql/canonical.hpp>

namespace scalekit::inline v0::bulk {

namespace {

constexpr char format_version = 1;

error damaged(std::string_view what) {
  return {errc::data_corrupted, "checkpoint: " + std::string(what)};
}

}  // namespace

std::string export_fingerprint::difference(const export_fingerprint& other) const {
  std::string parts;
  const auto note = [&parts](bool same, std::string_view name) {
    if (same) return;
    if (!parts.empty()) parts += ", ";
    parts += name;
  };
  note(schema == other.schema, "schema");
  note(columns == other.columns, "columns");
  note(filters == other.filters, "filters");
  note(order == other.order, "order");
  note(format == other.format, "format");
  return parts;
}

std::string to_bytes(const checkpoint& c) {
  std::string out(1, format_version);
  append_u64(out, c.rows);
  append_u64(out, c.bytes);
  out.push_back(c.at_end ? '\1' : '\0');
  append_framed(out, c.digest);
  append_u32(out, static_cast<std::uint32_t>(c.key.size()));
  for (const sql::value& v : c.key) sql::append_canonical(out, v);
  append_u64(out, fnv1a(out));
  return out;
}

result<checkpoint> checkpoint_from_bytes(std::string_view text) {
  constexpr std::size_t checksum_size = 8;
  if (text.size() < checksum_size) return damaged("the text is cut short");
  if (text[0] != format_version) return damaged("written in a format this version does not know");
  byte_reader tail(text.substr(text.size() - checksum_size));
  text.remove_suffix(checksum_size);
  if (tail.u64() != fnv1a(text)) return damaged("the checksum does not match");
  byte_reader in(text.substr(1));
  checkpoint c;
  c.rows = in.u64();
  c.bytes = in.u64();
  c.at_end = in.u8() != 0;
  c.digest = in.framed();
  const std::uint32_t arity = in.u32();
  for (std::uint32_t i = 0; i < arity && in.ok(); ++i) {
    auto v = sql::read_canonical(in);
    if (!v) return std::move(v).error().with_context("checkpoint");
    c.key.push_back(*std::move(v));
  }
  if (!in.finished()) return damaged("its parts do not fit together");
  return c;
}

}  // namespace scalekit::inline v0::bulk
