// SPDX-License-Identifier: BSL-1.0
#include "keyset/read.hpp"

#include <scalekit/keyset/compiler.hpp>
#include <scalekit/keyset/pager.hpp>
#include <scalekit/sql/transaction.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::keyset {

namespace {

error refuse(std::string what) { return {errc::invalid_argument, "page: " + std::move(what)}; }

bool takes_key(place p) noexcept { return p != place::first && p != place::last; }
bool runs_forward(place p) noexcept { return p != place::before && p != place::last; }

result<void> check(const page_request& request, const order& by, const page_limits& limits) {
  if (request.limit < 1 || request.limit > limits.max_page_size) {
    return refuse(
        "the limit is " + std::to_string(request.limit) + "; it must be from 1 to " +
        std::to_string(limits.max_page_size)
    );
  }
  if (takes_key(request.from)) return by.check_key(request.key);
  if (!request.key.empty()) return refuse("the first and the last page take no key");
  return {};
}

key_range range_of(const page_request& request) {
  key_range out{.after = request.key};
  if (request.from == place::at_or_after) out.from = key_range::start::inclusive;
  return out;
}

/// Whether a row lies in front of the page, seen in the direction it was read.
result<bool> any_in_front(
    sql::connection& db,
    const compiler& opposite,
    const page_request& request,
    const std::vector<page_row>& rows
) {
  if (!takes_key(request.from)) return false;
  key_range part;
  if (!rows.empty()) {
    part.after = rows.front().key;
  } else {
    part.after = request.key;
    part.from = key_range::start::inclusive;
  }
  auto found = detail::read_rows(db, opposite, part, 1);
  if (!found) return found.error();
  return !found->empty();
}

/// Statement by statement; the snapshot is the caller's business.
result<detail::rows_beside> read_in_steps(
    sql::connection& db,
    const compiler& along,
    const compiler& opposite,
    const page_request& request,
    std::int64_t wanted
) {
  auto rows = detail::read_rows(db, along, range_of(request), wanted);
  if (!rows) return rows.error();
  auto in_front = any_in_front(db, opposite, request, *rows);
  if (!in_front) return in_front.error();
  return detail::rows_beside{std::move(*rows), *in_front};
}

result<detail::rows_beside> read_embedded(
    sql::connection& db,
    const compiler& along,
    const compiler& opposite,
    const page_request& request,
    std::int64_t wanted
) {
  if (db.in_transaction()) return read_in_steps(db, along, opposite, request, wanted);
  auto snapshot = sql::transaction::begin(
      db,
      {.mode = sql::transaction_mode::deferred,
       .level = sql::isolation::repeatable_read,
       .access = sql::transaction_options::access::read_only}
  );
  if (!snapshot) return snapshot.error();
  auto out = read_in_steps(db, along, opposite, request, wanted);
  if (!out) return out;
  if (auto ok = snapshot->commit(); !ok) return ok.error();
  return out;
}

result<detail::rows_beside> read_at_once(
    sql::connection& db, const compiler& along, const page_request& request, std::int64_t wanted
) {
  if (takes_key(request.from)) {
    return detail::read_rows_beside(db, along, range_of(request), wanted);
  }
  auto rows = detail::read_rows(db, along, {}, wanted);
  if (!rows) return rows.error();
  return detail::rows_beside{std::move(*rows), false};
}

page make_page(detail::rows_beside found, const source& what, const page_request& request) {
  page out;
  out.has_next = found.rows.size() > static_cast<std::size_t>(request.limit);
  if (out.has_next) found.rows.pop_back();
  out.has_previous = found.in_front;
  out.rows = std::move(found.rows);
  if (!runs_forward(request.from)) {
    std::reverse(out.rows.begin(), out.rows.end());
    std::swap(out.has_next, out.has_previous);
  }
  for (const select_column& c : what.columns) out.columns.push_back(c.name);
  return out;
}

}  // namespace

result<page> fetch(
    sql::connection& db,
    const source& what,
    const order& by,
    const page_request& request,
    const page_limits& limits
) {
  if (auto ok = check(request, by, limits); !ok) return ok.error();
  auto forward = compiler::make(db.dialect(), what, by);
  if (!forward) return forward.error();
  auto backward = compiler::make(db.dialect(), what, by.reversed());
  if (!backward) return backward.error();
  if (!runs_forward(request.from)) std::swap(*forward, *backward);

  // One row more than asked for shows whether there is another page.
  const std::int64_t wanted = request.limit + 1;
  auto found = db.dialect() == sql::dialect::sqlite
                   ? read_embedded(db, *forward, *backward, request, wanted)
                   : read_at_once(db, *forward, request, wanted);
  if (!found) return found.error();
  return make_page(std::move(*found), what, request);
}

}  // namespace scalekit::inline v0::keyset
