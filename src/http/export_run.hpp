// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_EXPORT_RUN_HPP
#define SCALEKIT_SRC_HTTP_EXPORT_RUN_HPP

#include "http/export_state.hpp"
#include "http/wire.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace scalekit::inline v0::http {

/// What every response says about itself and its connection.
void add_common_fields(fields& out, const clock& time, const request& what, bool keep_alive);

/// Answers one request for an export over `w`, on the executor of its stream. When it returns,
/// nothing is under way on the wire any more.
asio::awaitable<served> serve_export(
    std::shared_ptr<export_endpoint::impl> endpoint,
    wire& w,
    request what,
    worker_fn worker,
    bool keep_alive
);

}  // namespace scalekit::inline v0::http

#endif
