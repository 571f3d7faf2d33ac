// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/session.hpp"
#include "ports/row_major.hpp"

#include <scalekit/adapters/postgres/connection.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

using executions = std::vector<result<sql::execution>>;

struct planned {
  statement_ptr what;  // null: sent as it is
  std::string_view text;
  std::vector<sql::value_view> params;
};

// Makes `count` statements ready to be sent; `one` gives each.
template <class One>
result<std::vector<planned>> plan(session& s, std::size_t count, const One& one) {
  std::vector<planned> all;
  s.hold_deallocations = true;
  std::optional<error> failed;
  while (all.size() < count) {
    planned p = one(all.size());
    auto what = s.prepare_to_execute(p.text, p.params);
    if (!what) failed = what.error();
    if (!failed) p.what = *std::move(what);
    if (!failed && p.what) {
      if (auto filled = s.fill(*p.what, p.params); !filled) failed = filled.error();
    }
    if (failed) break;
    all.push_back(std::move(p));
  }
  s.hold_deallocations = false;
  if (!failed) return all;
  return (*std::move(failed)).with_context("statement " + std::to_string(all.size() + 1));
}

error copy_in_pipeline(session& s) {
  return s.give_up(
      "a COPY to or from the client in a pipeline, which libpq cannot read on from; close the "
      "connection, and use copy_in or copy_out"
  );
}

// The answer to one statement of a pipeline, and the null that ends it. `failed` is set where no
// more can be read.
result<sql::execution> read_one(session& s, std::string_view text, std::optional<error>& failed) {
  result<sql::execution> done(errc::internal);
  while (const auto r = s.next_answer()) {
    switch (PQresultStatus(r.get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        done = s.outcome(r.get(), text);
        break;
      case PGRES_PIPELINE_ABORTED:
        done = error(errc::cancelled, "not run, for a statement before it failed");
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        failed = copy_in_pipeline(s);
        return *failed;
      default:
        done = s.failure(r.get());
        break;
    }
    if (PQstatus(s.handle()) == CONNECTION_BAD) break;
  }
  return done;
}

// Up to the end of the pipeline, where a deferred constraint may still object.
std::optional<error> read_end(session& s) {
  std::optional<error> failed;
  while (PQstatus(s.handle()) != CONNECTION_BAD) {
    const auto r = s.next_answer();
    if (r == nullptr) continue;
    switch (PQresultStatus(r.get())) {
      case PGRES_PIPELINE_SYNC:
        return failed;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        return copy_in_pipeline(s);
      default:
        if (!failed) failed = s.failure(r.get());
        break;
    }
  }
  return failed ? failed : s.failure(nullptr);
}

std::optional<error> send_all(session& s, const std::vector<planned>& all) {
  if (PQenterPipelineMode(s.handle()) != 1) return s.failure(nullptr);
  for (const planned& p : all) {
    if (auto sent = s.send(p.what.get(), p.text, p.params); !sent) return sent.error();
  }
  if (PQpipelineSync(s.handle()) != 1) return s.failure(nullptr);
  s.repeat_interrupt();
  return std::nullopt;
}

result<executions> run(session& s, const std::vector<planned>& all) {
  const bool commits =
      std::ranges::any_of(all, [](const planned& p) { return may_commit(p.text); });
  s.begin(commits ? stake::commit : stake::statement);
  if (auto interrupted = s.interrupted_early()) return *std::move(interrupted);
  std::optional<error> failed = send_all(s, all);
  std::optional<error> first;
  executions done;
  for (const planned& p : all) {
    if (failed || PQstatus(s.handle()) == CONNECTION_BAD) break;
    done.push_back(read_one(s, p.text, failed));
    if (!done.back() && !first) first = done.back().error();
  }
  if (failed && !done.empty()) {
    failed = (*std::move(failed)).with_context("statement " + std::to_string(done.size()));
  }
  if (!failed) failed = read_end(s);
  PQexitPipelineMode(s.handle());
  s.end(failed ? failed : first);
  if (failed) return *std::move(failed);
  return done;
}

// Whether the server no longer had a statement as it was prepared, and all may be run again.
// Where one was gone, others may be. What may only be outdated is prepared anew the next time.
bool may_run_again(
    session& s, const std::vector<planned>& all, executions& done, bool began_inside
) {
  const auto failed = std::ranges::find_if(done, [](const auto& d) { return !d; });
  if (failed == done.end() || !s.may_be_outdated(failed->error())) return false;
  const auto before = std::span(all).first(static_cast<std::size_t>(failed - done.begin()));
  const statement_ptr& culprit = all[before.size()].what;
  if (culprit == nullptr) return false;
  if (!s.is_gone(failed->error())) {
    s.forget(*culprit);
    return false;
  }
  for (const planned& p : all) {
    if (p.what) s.forget(*p.what);
  }
  if (std::ranges::any_of(before, [](const planned& p) { return may_commit(p.text); })) {
    return false;
  }
  if (!s.in_transaction()) return !began_inside;
  *failed = gone_inside(failed->error());
  return false;
}

template <class One>
result<executions> pipe(session& s, std::size_t count, const One& one) {
  const call whole(s);
  const bool inside = s.in_transaction();
  auto all = plan(s, count, one);
  if (!all) return all.error();
  if (all->empty()) return executions();
  auto done = run(s, *all);
  if (!done || !may_run_again(s, *all, *done, inside)) return done;
  all = plan(s, count, one);
  if (!all) return all.error();
  return run(s, *all);
}

}  // namespace

result<executions> connection::pipeline(std::span<const statement> statements) {
  return pipe(*session_, statements.size(), [&](std::size_t i) {
    const statement& one = statements[i];
    return planned{nullptr, one.sql, {one.params.begin(), one.params.end()}};
  });
}

result<sql::executions> connection::execute_many(
    std::string_view sql, sql::parameters values, std::size_t width, std::size_t* failed_row
) {
  constexpr std::size_t most_rows = 500;
  if (auto whole = sql::check_rows(values.size(), width); !whole) return whole.error();
  sql::executions all;
  for (std::size_t first = 0; first * width < values.size(); first += most_rows) {
    const std::size_t count = std::min(most_rows, values.size() / width - first);
    auto done = pipe(*session_, count, [&](std::size_t i) {
      const auto row = values.subspan((first + i) * width, width);
      return planned{nullptr, sql, {row.begin(), row.end()}};
    });
    if (failed_row != nullptr) *failed_row = first;
    if (!done) return done.error();
    for (const auto& one : *done) {
      if (!one) return one.error();
      all.affected_rows += one->affected_rows;
      if (failed_row != nullptr) ++*failed_row;
    }
  }
  return all;
}

}  // namespace scalekit::inline v0::postgres
