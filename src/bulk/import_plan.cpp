// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_plan.hpp"

#include "bulk/fnv.hpp"
#include "bulk/import_hash.hpp"

#include <scalekit/bytes.hpp>
#include <scalekit/csv/reader.hpp>
#include <scalekit/sql/identifier.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

::scalekit::error refused(std::string_view what) {
  return {errc::invalid_argument, "import_options: " + std::string(what)};
}

result<void> check_running(const import_options& o) {
  if (o.batch_rows == 0 || o.batch_rows > 100'000) {
    return refused("batch_rows must be 1 to 100,000");
  }
  if (o.batch_bytes == 0) return refused("batch_bytes must be positive");
  if (o.chunk_records == 0 && o.chunk_bytes < 4096) {
    return refused("chunk_bytes must be at least 4096, or give chunk_records");
  }
  if (o.duplicate_memory < std::size_t{1024} * 1024) {
    return refused("duplicate_memory must be at least 1 MiB");
  }
  const double share = o.limits.max_rejected_share;
  if (!(share >= 0.0 && share <= 1.0)) return refused("max_rejected_share must be 0 to 1");
  if (o.id.size() > 64) return refused("id must have at most 64 bytes");
  if (o.writers == 0) return refused("writers must be at least 1");
  if (o.writers > 1 && !o.executor) return refused("several writers need an executor");
  return {};
}

result<void> check_columns(
    const import_schema& schema, const std::vector<std::string>& names, std::string_view what
) {
  for (const std::string& name : names) {
    if (find_column(schema, name)) continue;
    return refused("target." + std::string(what) + ": the schema has no column '" + name + "'");
  }
  return {};
}

result<sql::upsert> make_upsert(sql::dialect d, const import_options& o) {
  sql::upsert_options u{
      .table = o.target.table, .on_conflict = o.target.on_conflict, .duplicates = o.duplicates};
  const auto among = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (const import_column& c : o.schema->columns) {
    sql::upsert_role role = sql::upsert_role::update;
    if (among(o.target.insert_only, c.name)) role = sql::upsert_role::insert_only;
    if (among(o.target.key, c.name)) role = sql::upsert_role::key;
    u.columns.push_back({c.name, role});
  }
  return sql::upsert::make(d, std::move(u));
}

/// Asks for no rows of the table, so that a wrong name shows before anything is written.
result<void> probe_table(sql::connection& db, const import_options& o) {
  auto table = sql::quote_qualified(db.dialect(), o.target.table);
  if (!table) return table.error();
  std::string select = "SELECT ";
  for (const import_column& c : o.schema->columns) {
    auto name = sql::quote_identifier(db.dialect(), c.name);
    if (!name) return name.error();
    if (&c != &o.schema->columns.front()) select += ", ";
    select += *name;
  }
  auto none = db.query(select + " FROM " + *table + " WHERE 1 = 0");
  if (!none) return std::move(none).error().with_context("import: target table");
  auto end = (*none)->next();
  if (!end) return std::move(end).error().with_context("import: target table");
  return {};
}

std::uint64_t fingerprint_of(const import_target& t) {
  std::string text;
  append_framed(text, t.table);
  for (const auto* names : {&t.key, &t.insert_only}) {
    append_u64(text, names->size());
    for (const std::string& name : *names) append_framed(text, name);
  }
  append_u32(text, static_cast<std::uint32_t>(t.on_conflict));
  return fnv1a(text);
}

std::uint64_t fingerprint_of(const csv::reader_options& o) {
  std::string text;
  text += o.delimiter;
  for (const std::optional<char>& c : {o.quote, o.escape, o.comment}) {
    text += c ? '1' : '0';
    text += c.value_or('\0');
  }
  for (const auto option :
       {static_cast<std::uint64_t>(o.header),
        o.skip_lines,
        static_cast<std::uint64_t>(o.trim),
        static_cast<std::uint64_t>(o.line_ends),
        static_cast<std::uint64_t>(o.empty_lines),
        static_cast<std::uint64_t>(o.malformed_quotes),
        static_cast<std::uint64_t>(o.ragged_rows),
        static_cast<std::uint64_t>(o.nul),
        static_cast<std::uint64_t>(o.encoding),
        static_cast<std::uint64_t>(o.utf8),
        std::uint64_t{o.max_field_bytes},
        std::uint64_t{o.max_record_bytes},
        std::uint64_t{o.max_columns}}) {
    append_u64(text, option);
  }
  for (const std::string& null_text : o.null_texts) append_framed(text, null_text);
  return fnv1a(text);
}

import_fingerprint fingerprint_of(const import_options& o) {
  std::string rules;
  append_u32(rules, static_cast<std::uint32_t>(o.mode));
  append_u32(rules, static_cast<std::uint32_t>(o.duplicates));
  return {
      .schema = fingerprint(*o.schema),
      .target = fingerprint_of(o.target),
      .format = fingerprint_of(o.format),
      .rules = fnv1a(rules)};
}

/// Keeps what is read of another.
class remembering_source final : public csv::byte_source {
 public:
  explicit remembering_source(csv::byte_source& inner) noexcept : inner_(inner) {}
  result<std::size_t> read(std::span<char> into) override {
    auto n = inner_.read(into);
    if (n) text_.append(into.data(), *n);
    return n;
  }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  csv::byte_source& inner_;
  std::string text_;
};

/// Reads the header, and notes where the rows begin.
result<row_checker> bind_header(
    csv::input_file& file,
    const import_options& o,
    import_record& record,
    csv::text_encoding& encoding,
    std::uint64_t& hash
) {
  auto source = file.open(0);
  if (!source) return source.error();
  remembering_source front(**source);
  auto reader = csv::reader::open(front, o.format);
  if (!reader) return std::move(reader).error().with_context(std::string(file.name()));
  record.begin = (*reader)->position();
  range_hasher header(0, record.begin.offset);
  header.add(0, front.text());
  hash = header.value();
  encoding = (*reader)->encoding();
  record.header_columns = o.format.header == csv::header::present ? (*reader)->header().size()
                                                                  : o.schema->columns.size();
  if (o.format.header == csv::header::present && record.header_columns == 0) {
    return error(
        errc::invalid_argument,
        std::string(file.name()) + ": the file has no header, for it is empty"
    );
  }
  auto checker = row_checker::bind(o.schema, (*reader)->header());
  if (!checker) return std::move(checker).error().with_context(std::string(file.name()));
  return checker;
}

}  // namespace

std::string import_fingerprint::difference(const import_fingerprint& other) const {
  std::string names;
  const auto compare = [&names](bool same, std::string_view name) {
    if (same) return;
    if (!names.empty()) names += ", ";
    names += name;
  };
  compare(schema == other.schema, "schema");
  compare(target == other.target, "target");
  compare(format == other.format, "format");
  compare(rules == other.rules, "mode or duplicates");
  return names;
}

result<std::unique_ptr<import_plan>> make_plan(
    sql::pool& connections, csv::input_file& file, import_options options
) {
  if (options.schema == nullptr) return refused("schema is missing");
  if (options.target.key.empty()) return refused("target.key names no column");
  if (auto good = check_running(options); !good) return good.error();
  if (auto good = check_columns(*options.schema, options.target.key, "key"); !good) {
    return good.error();
  }
  for (const std::string& name : options.target.key) {
    const import_column& c = options.schema->columns[*find_column(*options.schema, name)];
    if (c.required || !c.default_value.view().is_null()) continue;
    return refused(
        "target.key: column '" + name + "' must be required, for a key with a NULL is never found"
    );
  }
  auto known = check_columns(*options.schema, options.target.insert_only, "insert_only");
  if (!known) return known.error();
  auto store = import_store::make(options.table_prefix);
  if (!store) return store.error();

  import_record record{
      .name = options.name,
      .file_name = std::string(file.name()),
      .fingerprint = fingerprint_of(options)};
  const std::uint64_t stamp = file.stamp();
  std::uint64_t header_hash = 0;
  csv::reader_options inside = options.format;
  auto checker = bind_header(file, options, record, inside.encoding, header_hash);
  if (!checker) return checker.error();
  auto db = connections.acquire(sql::access::write);
  if (!db) return db.error();
  auto upsert = make_upsert((*db)->dialect(), options);
  if (!upsert) return upsert.error();
  if (auto there = probe_table(**db, options); !there) return there.error();
  if (auto made = store->create_tables(**db); !made) return made.error();
  db->release();
  return std::unique_ptr<import_plan>(new import_plan{
      .pool = connections,
      .file = file,
      .options = std::move(options),
      .store = *std::move(store),
      .upsert = *std::move(upsert),
      .checker = *std::move(checker),
      .inside = std::move(inside),
      .record = std::move(record),
      .stamp = stamp,
      .header_hash = header_hash});
}

}  // namespace scalekit::inline v0::bulk
