// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_LIMITER_MARIADB_BACKEND_HPP
#define SCALEKIT_TESTS_INTEGRATION_LIMITER_MARIADB_BACKEND_HPP

#include <scalekit/ports/sql.hpp>

#include <memory>

namespace limiter_test {

[[nodiscard]] int server_port();
/// As the one without a port, by way of a proxy.
[[nodiscard]] std::unique_ptr<scalekit::sql::pool> open_pool(int port);

}  // namespace limiter_test

#endif
