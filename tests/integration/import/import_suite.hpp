// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_IMPORT_IMPORT_SUITE_HPP
#define SCALEKIT_TESTS_INTEGRATION_IMPORT_IMPORT_SUITE_HPP

#include "servers.hpp"

#include <scalekit/ports/sql.hpp>

#include <memory>

namespace scalekit_tests {

/// What the suite needs of a server; each program defines them for its own.
server& the_server();
std::unique_ptr<scalekit::sql::pool> open_pool(int port);

}  // namespace scalekit_tests

#endif
