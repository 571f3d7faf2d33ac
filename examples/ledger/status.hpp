// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_STATUS_HPP
#define LEDGER_STATUS_HPP

#include "measures.hpp"

#include <scalekit/adapters/sqlite/pool.hpp>
#include <scalekit/clock.hpp>
#include <scalekit/http/export_endpoint.hpp>
#include <scalekit/http/message.hpp>
#include <scalekit/http/server.hpp>

namespace ledger {

/// What the operator page is made from. All of it must outlive the page.
struct observed {
  const scalekit::http::server& web;
  const scalekit::http::export_endpoint& exports;
  const scalekit::sqlite::pool& database;
  const measures& timings;
  scalekit::steady_time started;
};

/// `GET /api/status`: running exports, latencies, memory, connections.
scalekit::http::response status_json(const observed& o);

/// `GET /`: the page that shows it; one file without outside resources.
scalekit::http::response operator_page();

}  // namespace ledger

#endif
