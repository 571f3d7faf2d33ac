// SPDX-License-Identifier: BSL-1.0
#include "bulk/fnv.hpp"

#include <scalekit/bulk/import_schema.hpp>
#include <scalekit/bytes.hpp>
#include <scalekit/sql/canonical.hpp>

#include <bit>
#include <concepts>
#include <type_traits>

namespace scalekit::inline v0::bulk {

std::optional<std::size_t> find_column(
    const import_schema& schema, std::string_view name
) noexcept {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (schema.columns[i].name == name) return i;
  }
  return std::nullopt;
}

namespace {

/// The canonical text of a schema: every part in a fixed order, unambiguously.
class canonical_text {
 public:
  template <class... Parts>
  void put(const Parts&... parts) {
    (put_one(parts), ...);
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  template <class T>
    requires(std::integral<T> || std::is_enum_v<T>)
  void put_one(T v) {
    append_u64(text_, static_cast<std::uint64_t>(v));
  }
  void put_one(double v) { append_u64(text_, std::bit_cast<std::uint64_t>(v)); }
  void put_one(const std::string& v) { append_framed(text_, v); }
  void put_one(const sql::value& v) { sql::append_canonical(text_, v); }
  void put_one(std::chrono::minutes v) { put_one(v.count()); }
  void put_one(system_time v) { put_one(v.time_since_epoch().count()); }
  void put_one(const enum_word& v) { put(v.word, v.stored); }
  template <class T>
  void put_one(const std::optional<T>& v) {
    put_one(v.has_value());
    if (v) put_one(*v);
  }
  template <class T>
  void put_one(const std::vector<T>& v) {
    put_one(v.size());
    for (const T& one : v) put_one(one);
  }

  std::string text_;
};

void put_limits(canonical_text& out, const import_column& c) {
  switch (c.type) {
    case field_type::text:
      return out.put(c.text.min_length, c.text.max_length, c.text.pattern);
    case field_type::integer:
      return out.put(
          c.integer.minimum,
          c.integer.maximum,
          c.integer.plus_sign,
          c.integer.leading_zeros,
          c.integer.thousands
      );
    case field_type::decimal:
      return out.put(
          c.decimal.precision,
          c.decimal.scale,
          c.decimal.minimum,
          c.decimal.maximum,
          c.decimal.separator,
          c.decimal.thousands
      );
    case field_type::float64:
      return out.put(
          c.float64.minimum, c.float64.maximum, c.float64.non_finite, c.float64.separator
      );
    case field_type::boolean:
      return out.put(c.boolean.yes, c.boolean.no);
    case field_type::date:
      return out.put(c.date.patterns, c.date.minimum, c.date.maximum);
    case field_type::timestamp:
      return out.put(
          c.timestamp.patterns,
          c.timestamp.zone,
          c.timestamp.minimum,
          c.timestamp.maximum,
          c.timestamp.fraction,
          c.timestamp.leap_second
      );
    case field_type::uuid:
      return;
    case field_type::enumeration:
      return out.put(c.enumeration.words, c.enumeration.letters);
    case field_type::blob:
      return out.put(c.blob.text, c.blob.max_bytes);
  }
}

void put_column(canonical_text& out, const import_column& c) {
  out.put(c.name, c.header, c.aliases, c.type, c.required, c.unique, c.trim, c.letters);
  out.put(c.transform.name, c.transform.run != nullptr, c.default_value, c.absent);
  put_limits(out, c);
  out.put(c.lookup != nullptr, c.lookup ? c.lookup->fingerprint() : 0, c.lookup_use);
}

}  // namespace

std::uint64_t fingerprint(const import_schema& schema) {
  canonical_text out;
  out.put(std::string("import_schema 1"), schema.version);
  out.put(schema.unknown_columns, schema.header_match, schema.columns.size());
  for (const import_column& c : schema.columns) put_column(out, c);
  out.put(schema.rules.size());
  for (const row_rule& r : schema.rules) out.put(r.name, r.columns);
  return fnv1a(out.text());
}

}  // namespace scalekit::inline v0::bulk
