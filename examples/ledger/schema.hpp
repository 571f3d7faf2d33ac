// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_SCHEMA_HPP
#define LEDGER_SCHEMA_HPP

/// The tables of the ledger, shared by the program that fills them and the one that serves them.
namespace ledger {

inline constexpr const char* tables = R"(
CREATE TABLE tenant (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;
CREATE TABLE account (
  id        INTEGER PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenant (id),
  name      TEXT NOT NULL,
  currency  TEXT NOT NULL
) STRICT;
CREATE TABLE ledger_entry (
  id          INTEGER PRIMARY KEY,
  tenant_id   INTEGER NOT NULL REFERENCES tenant (id),
  account_id  INTEGER NOT NULL REFERENCES account (id),
  amount      TEXT NOT NULL,     -- an exact decimal, e.g. -12.50
  currency    TEXT NOT NULL,     -- ISO 4217
  status      TEXT NOT NULL,     -- settled, pending, failed or reversed
  description TEXT,
  created_at  INTEGER NOT NULL   -- UTC microseconds since 1970
) STRICT;
)";

/// Made after the rows are in, which is several times faster. The entry's index serves pages and
/// exports of one tenant, newest first.
inline constexpr const char* indexes = R"(
CREATE INDEX account_of_tenant ON account (tenant_id);
CREATE INDEX entry_newest ON ledger_entry (tenant_id, created_at DESC, id DESC);
)";

}  // namespace ledger

#endif
