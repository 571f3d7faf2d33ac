// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/decoder.hpp"
#include "adapters/postgres/session.hpp"
#include "adapters/postgres/wire.hpp"

#include <scalekit/adapters/postgres/error.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace scalekit::inline v0::postgres {

namespace {

constexpr std::size_t most_parameters = 65535;
// Of more, libpq takes the server's description (four bytes each) for nonsense and hangs up: it
// believes 30,000 bytes of such a message (fe-protocol3.c; 15.18 among others).
constexpr std::size_t most_described = 7000;

// Unique in the process, so that two objects may share a host's handle.
std::string fresh_name() {
  static std::atomic<std::uint64_t> last{0};
  return "scalekit_" + std::to_string(last.fetch_add(1) + 1);
}

// Errors of a statement that is right once its parameters have the types of their values.
bool types_may_help(std::string_view state) noexcept {
  return state == "42725" || state == "42P18" || state == "42P08" || state == "42883" ||
         state == "42804" || state == "42846";
}

std::vector<Oid> natural_types(sql::parameters params) {
  std::vector<Oid> types;
  for (const sql::value_view& v : params) types.push_back(natural_type(v.kind()));
  return types;
}

bool any(std::span<const Oid> types) noexcept {
  return std::ranges::any_of(types, [](Oid t) { return t != 0; });
}

}  // namespace

result<statement_ptr> session::prepare(std::string_view sql, sql::parameters params) {
  if (auto ok = ready(); !ok) return ok.error();
  if (statement_ptr s = statements_.find(sql)) {
    if (s->suits(params)) {
      ++stats.cache_hits;
      return s;
    }
    forget(*s);
  }
  return prepare_anew(sql, params);
}

result<statement_ptr> session::prepare_to_execute(std::string_view sql, sql::parameters params) {
  // Schema changes, savepoints and the like run once; preparing them would be a round trip more.
  if (!params.empty() || statements_.find(sql) != nullptr) return prepare(sql, params);
  if (auto ok = check_text(sql); !ok) return ok.error();
  if (auto ok = ready(); !ok) return ok.error();
  ++stats.prepared;
  return statement_ptr();
}

// The server chooses the types first, as it does for literals, for that makes most statements work
// as they are written. Where it cannot choose, or took what is no text for text, the values' own
// types are tried.
result<statement_ptr> session::prepare_anew(std::string_view sql, sql::parameters params) {
  if (auto ok = check_text(sql); !ok) return ok.error();
  if (params.size() > most_parameters) {
    return error(
        errc::limit_exceeded,
        std::to_string(params.size()) + " parameters; PostgreSQL takes 65535 at most"
    );
  }
  std::vector<Oid> natural = natural_types(params);
  if (params.size() > most_described) {
    auto s = std::make_shared<prepared_statement>();
    s->sql = sql;
    s->types = std::move(natural);
    s->columns = std::make_shared<std::vector<sql::column_info>>();
    return s;
  }
  const bool guarded = any(natural) && PQtransactionStatus(conn_) == PQTRANS_INTRANS;
  auto chosen = describe(sql, {}, guarded);
  std::vector<Oid> ask;
  if (chosen) {
    if ((*chosen)->suits(params)) {
      keep(*chosen);
      return chosen;
    }
    ask.resize(natural.size());
    for (std::size_t i = 0; i < ask.size(); ++i) {
      if (wants_natural_type((*chosen)->types[i], params[i])) ask[i] = natural[i];
    }
  } else if (any(natural) && types_may_help(sqlstate_of(chosen.error()))) {
    ask = natural;
  } else {
    return chosen;
  }
  auto asked = describe(sql, std::move(ask), guarded);
  if (asked) {
    if (chosen) forget(**chosen);
    keep(*asked);
    return asked;
  }
  if (is_broken()) return asked;
  if (chosen) {
    (*chosen)->natural_refused = true;
    keep(*chosen);
  }
  return chosen;
}

void session::keep(const statement_ptr& s) {
  for (std::string& name : statements_.add(s)) {
    if (!name.empty()) to_deallocate_.push_back(std::move(name));
  }
}

void session::forget(const prepared_statement& s) {
  if (!s.name.empty() && std::ranges::find(to_deallocate_, s.name) == to_deallocate_.end()) {
    to_deallocate_.push_back(s.name);
  }
  statements_.remove(s);
}

// Each on its own, for the failure of one does not matter.
bool session::queue_deallocations(int& syncs) {
  for (const std::string& name : std::exchange(to_deallocate_, {})) {
    const std::string text = "DEALLOCATE " + name;
    if (PQsendQueryParams(conn_, text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1 ||
        PQpipelineSync(conn_) != 1) {
      return false;
    }
    ++syncs;
  }
  return true;
}

// A round trip of their own: outside a transaction they go along with what is prepared.
void session::deallocate() {
  begin(stake::nothing);
  int syncs = 0;
  if (PQenterPipelineMode(conn_) == 1 && queue_deallocations(syncs)) {
    static_cast<void>(read_description(nullptr, syncs, -1));
    return;
  }
  PQexitPipelineMode(conn_);
  end(std::nullopt);
}

// One round trip: what is to be deallocated (whose failure does not matter, so it is on its own),
// then Parse and Describe. A failure inside a transaction would fail that too, so where it may be
// followed by a second try a savepoint guards it.
result<statement_ptr> session::describe(
    std::string_view sql, std::vector<Oid> asked, bool guarded
) {
  auto s = std::make_shared<prepared_statement>();
  s->sql = sql;
  s->asked = std::move(asked);
  if (mode_ == prepared::named && statements_.capacity() > 0) s->name = fresh_name();
  begin(stake::nothing);
  bool queued = PQenterPipelineMode(conn_) == 1;
  int syncs = 1;
  if (PQtransactionStatus(conn_) == PQTRANS_IDLE && !hold_deallocations) {
    queued = queued && queue_deallocations(syncs);
  }
  queued = queued && queue_describe(*s, guarded);
  if (!queued) {
    error e = failure(nullptr);
    PQexitPipelineMode(conn_);
    end(e);
    return e;
  }
  ++stats.prepared;
  auto described = read_description(std::move(s), syncs, guarded ? 2 : 1);
  if (!described && guarded && PQtransactionStatus(conn_) == PQTRANS_INERROR) {
    auto undone =
        run("ROLLBACK TO SAVEPOINT scalekit_prepare; RELEASE SAVEPOINT scalekit_prepare",
            stake::nothing);
    if (!undone) return undone.error();
  }
  return described;
}

bool session::queue_describe(const prepared_statement& s, bool guarded) {
  const auto plain = [&](const char* text) {
    return PQsendQueryParams(conn_, text, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  };
  return (!guarded || plain("SAVEPOINT scalekit_prepare")) &&
         PQsendPrepare(
             conn_, s.name.c_str(), s.sql.c_str(), static_cast<int>(s.asked.size()), s.asked.data()
         ) == 1 &&
         PQsendDescribePrepared(conn_, s.name.c_str()) == 1 &&
         (!guarded || plain("RELEASE SAVEPOINT scalekit_prepare")) && PQpipelineSync(conn_) == 1;
}

// `place` counts the good answers before the description, which ends the last of `syncs` groups;
// -1: there is none.
result<statement_ptr> session::read_description(statement_ptr s, int syncs, int place) {
  std::optional<error> failed;
  int answers = 0;
  while (syncs > 0) {
    const auto r = next_answer();
    if (r == nullptr) {
      if (PQstatus(conn_) == CONNECTION_BAD) break;
      continue;
    }
    switch (PQresultStatus(r.get())) {
      case PGRES_PIPELINE_SYNC:
        --syncs;
        break;
      case PGRES_COMMAND_OK:
        if (syncs != 1 || answers++ != place) break;
        for (int i = 0; i < PQnparams(r.get()); ++i) s->types.push_back(PQparamtype(r.get(), i));
        s->columns = read_columns(r.get());
        // Sent by its text, it might by then have columns of other types.
        s->binary_rows = !s->name.empty();
        for (int i = 0; i < PQnfields(r.get()); ++i) {
          s->column_types.push_back(PQftype(r.get(), i));
          s->binary_rows = s->binary_rows && codec_of(s->column_types.back()) != codec::other;
        }
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      default:
        if (!failed && (syncs == 1 || PQstatus(conn_) == CONNECTION_BAD)) failed = failure(r.get());
        break;
    }
  }
  if (!failed && PQstatus(conn_) == CONNECTION_BAD) failed = failure(nullptr);
  PQexitPipelineMode(conn_);
  end(failed);
  if (failed) return *std::move(failed);
  return s;
}

bool session::is_gone(const error& why) const {
  const std::string state = sqlstate_of(why);
  return state == "26000" || (state == "0A000" && invalidated_);
}

bool session::may_be_outdated(const error& why) const {
  const std::string state = sqlstate_of(why);
  return is_gone(why) || state.starts_with("42") || state.starts_with("22");
}

error gone_inside(const error& why) {
  return {
      errc::busy,
      "a prepared statement became invalid inside a transaction, which must be rolled back "
      "and may be tried again: " +
          why.message(),
      why.cause()};
}

statement_ptr session::replacement(const statement_ptr& s, sql::parameters params, error& why) {
  if (s == nullptr || !may_be_outdated(why) || is_broken()) return nullptr;
  const bool gone = is_gone(why);
  forget(*s);
  if (in_transaction()) {
    if (gone) why = gone_inside(why);
    return nullptr;
  }
  auto anew = prepare_anew(s->sql, params);
  if (!anew) {
    why = std::move(anew).error();
    return nullptr;
  }
  const bool same = (*anew)->types == s->types && (*anew)->column_types == s->column_types;
  return same && !gone ? nullptr : *anew;
}

}  // namespace scalekit::inline v0::postgres
