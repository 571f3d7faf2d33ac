// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_INTEGRATION_LIMITER_REDIS_BACKEND_HPP
#define SCALEKIT_TESTS_INTEGRATION_LIMITER_REDIS_BACKEND_HPP

#include "servers.hpp"

namespace limiter_test {

/// The program's server, without persistence.
[[nodiscard]] scalekit_tests::redis_server& redis();

}  // namespace limiter_test

#endif
