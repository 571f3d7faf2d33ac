// SPDX-License-Identifier: BSL-1.0
#include "bulk/import_duplicates.hpp"
#include "bulk/import_hash.hpp"
#include "bulk/import_plan.hpp"
#include "csv/content_hash.hpp"

#include <scalekit/csv/reader.hpp>
#include <scalekit/csv/splitter.hpp>
#include <scalekit/encoding.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

/// Refuses a file of whose first rows more are bad than the limits allow, or all.
result<void> check_sample(const import_plan& plan) {
  const import_limits& limits = plan.options.limits;
  const import_record& r = plan.record;
  auto source = plan.file.open(r.begin.offset);
  if (!source) return source.error();
  auto reader = csv::reader::open_at(**source, r.begin, r.header_columns, plan.inside);
  if (!reader) return reader.error();
  typed_row row;
  std::vector<row_error> errors;
  std::vector<row_error> first;
  std::size_t bad = 0;
  std::size_t rows = 0;
  for (; rows < limits.sample_rows; ++rows) {
    auto more = (*reader)->next();
    if (!more) return more.error();
    if (!*more) break;
    errors.clear();
    if (plan.checker.check((*reader)->row(), row, errors)) continue;
    ++bad;
    if (first.size() < 3) first.insert(first.end(), errors.begin(), errors.end());
  }
  const bool too_many =
      bad > limits.max_rejected ||
      static_cast<double>(bad) > limits.max_rejected_share * static_cast<double>(rows);
  if (bad == 0 || (bad < rows && !too_many)) return {};
  std::string message(plan.file.name());
  message += ": " + std::to_string(bad) + " of the first " + std::to_string(rows) +
             " rows are bad, so nothing was imported";
  for (std::size_t i = 0; i < std::min<std::size_t>(first.size(), 3); ++i) {
    const row_error& e = first[i];
    message += (i == 0 ? ": line " : "; line ") + std::to_string(e.line);
    if (!e.column.empty()) message += ", column '" + e.column + "'";
    message += ": " + e.message;
  }
  return error(errc::invalid_argument, std::move(message));
}

/// Cuts the file, one chunk if it can only be read from its beginning.
result<std::vector<import_chunk>> cut(import_plan& plan) {
  const import_options& o = plan.options;
  const std::unique_ptr<digest> hash = o.digest ? o.digest() : nullptr;
  csv::split_options how{.executor = o.executor, .digest = hash.get()};
  if (plan.file.seekable()) {
    how.every_records = o.chunk_records;
    how.every_bytes = o.chunk_records == 0 ? o.chunk_bytes : 0;
  }
  auto pieces = csv::split(plan.file, o.format, how);
  if (!pieces) return std::move(pieces).error().with_context(std::string(plan.file.name()));
  if (hash != nullptr) plan.record.digest = to_hex(hash->value());
  plan.record.end = pieces->end;
  std::vector<import_chunk> chunks;
  for (const csv::position& at : pieces->points) {
    if (!chunks.empty()) chunks.back().end = at.offset;
    chunks.push_back({.begin = at, .end = pieces->end.offset, .at = at});
  }
  auto hashes = hash_file(plan, chunks);
  if (!hashes) return hashes.error();
  // What was cut, what was hashed, and what the header was read from must be one file.
  const bool same = hashes->whole == pieces->content_hash && hashes->header == plan.header_hash;
  if (!same) return unsettled_file(plan);
  plan.record.head_hash = hashes->head;
  return chunks;
}

/// What stands before the first chunk was read by nobody but the header.
result<void> verify_head(const import_plan& plan, const std::vector<import_chunk>& chunks) {
  auto head = hash_range(plan.file, 0, head_end(plan.record, chunks));
  if (!head) return head.error();
  if (*head == plan.record.head_hash) return {};
  return error(
      errc::conflict,
      std::string(plan.file.name()) + ": the header has changed since import " + plan.record.id +
          " began; import the new file as a job of its own"
  );
}

/// A chunk's hash stops at its end; whether the file goes on behind the last one is another matter.
result<void> verify_length(const import_plan& plan) {
  auto rest = plan.file.open(plan.record.end.offset);
  if (!rest) return rest.error();
  char one = 0;
  auto more = (*rest)->read(std::span(&one, 1));
  if (!more) return more.error();
  if (*more == 0) return {};
  return error(
      errc::conflict,
      std::string(plan.file.name()) + ": the file has grown since import " + plan.record.id +
          " began; import the new rows as a job of their own"
  );
}

}  // namespace

std::uint64_t head_end(const import_record& record, const std::vector<import_chunk>& chunks) {
  return chunks.empty() ? record.end.offset : chunks.front().begin.offset;
}

result<std::uint64_t> hash_range(csv::input_file& file, std::uint64_t begin, std::uint64_t end) {
  auto source = file.open(begin);
  if (!source) return source.error();
  std::vector<char> block(csv::hashed_block_bytes);
  csv::content_hasher whole;
  for (bool more = true; more && begin < end;) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), end - begin));
    std::size_t have = 0;
    while (have < room) {
      auto n = (*source)->read(std::span(block).subspan(have, room - have));
      if (!n) return n.error();
      if (*n == 0) break;
      have += *n;
    }
    more = have == room;
    begin += have;
    whole.add(csv::hash_block({block.data(), have}), have);
  }
  return whole.value();
}

result<void> verify_chunk(const import_plan& plan, const import_chunk& chunk) {
  auto content = hash_range(plan.file, chunk.begin.offset, chunk.end);
  if (!content) return content.error();
  if (*content == chunk.hash) return {};
  return changed_file(plan, chunk.begin);
}

result<void> verify_file(const import_plan& plan, const std::vector<import_chunk>& chunks) {
  if (auto same = verify_head(plan, chunks); !same) return same;
  if (auto same = verify_length(plan); !same) return same;
  for (const import_chunk& c : chunks) {
    if (auto same = verify_chunk(plan, c); !same) return same;
  }
  return {};
}

::scalekit::error unsettled_file(const import_plan& plan) {
  return {
      errc::conflict,
      std::string(plan.file.name()) +
          ": somebody wrote to the file while it was being read; wait until it is complete"};
}

::scalekit::error changed_file(const import_plan& plan, const csv::position& at) {
  return {
      errc::conflict,
      std::string(plan.file.name()) + ": the rows from line " + std::to_string(at.line) +
          " on have changed since import " + plan.record.id +
          " began; import the new file as a job of its own"};
}

result<std::vector<import_chunk>> start_job(import_plan& plan) {
  const import_options& o = plan.options;
  const clock& time = o.time != nullptr ? *o.time : clock::system();
  random_source& random = o.random != nullptr ? *o.random : random_source::system();
  if (auto good = check_sample(plan); !good) return good.error();
  auto chunks = cut(plan);
  if (!chunks) return chunks.error();
  plan.record.id = o.id.empty() ? random.hex_id() : o.id;
  plan.record.created_at = time.system_now();
  std::vector<import_duplicate> duplicates;
  if (!chunks->empty()) {
    auto found = find_duplicates(plan, plan.record.end.record - plan.record.begin.record);
    if (!found) return found.error();
    duplicates = *std::move(found);
  }
  if (plan.file.stamp() != plan.stamp) return unsettled_file(plan);
  auto db = plan.pool.acquire(sql::access::write);
  if (!db) return db.error();
  auto stored = sql::run_transaction(
      **db,
      [&](sql::connection& tx) -> result<void> {
        if (auto done = plan.store.insert(tx, plan.record, *chunks); !done) return done;
        std::span<const import_duplicate> rest(duplicates);
        for (const import_chunk& c : *chunks) {
          const auto behind = std::ranges::lower_bound(rest, c.end, {}, &import_duplicate::offset);
          const auto n = static_cast<std::size_t>(behind - rest.begin());
          if (auto done = plan.store.add_duplicates(tx, plan.record.id, rest.first(n)); !done) {
            return done;
          }
          rest = rest.subspan(n);
        }
        return {};
      },
      {},
      o.retry
  );
  if (!stored && stored.error().code() == errc::conflict) {
    return error(
        errc::conflict,
        "import: there is a job with the id '" + plan.record.id + "' already; resume that"
    );
  }
  if (!stored) return std::move(stored).error().with_context("import: storing the job");
  return chunks;
}

result<std::vector<import_chunk>> take_up_job(
    import_plan& plan, std::string_view id, import_job::verify how
) {
  const import_record now = plan.record;
  std::vector<import_chunk> chunks;
  {
    auto db = plan.pool.acquire(sql::access::read);
    if (!db) return db.error();
    auto stored = plan.store.find(**db, id);
    if (!stored) return stored.error();
    if (!*stored) {
      return error(
          errc::not_found, "import: there is no job with the id '" + std::string(id) + "'"
      );
    }
    plan.record = **std::move(stored);
    auto found = plan.store.chunks(**db, id);
    if (!found) return found.error();
    chunks = *std::move(found);
  }
  const auto refuse = [&](std::string_view why) {
    return error(errc::conflict, "import " + plan.record.id + ": " + std::string(why));
  };
  if (plan.record.state == import_state::cancelled) return refuse("it was cancelled");
  const std::string changed = now.fingerprint.difference(plan.record.fingerprint);
  if (!changed.empty()) return refuse("it began with another " + changed);
  if (how == import_job::verify::file) {
    if (auto same = verify_file(plan, chunks); !same) return same.error();
  } else if (auto same = verify_head(plan, chunks); !same) {
    return same.error();
  }
  if (plan.file.stamp() != plan.stamp) return unsettled_file(plan);
  return chunks;
}

}  // namespace scalekit::inline v0::bulk
