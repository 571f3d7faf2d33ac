// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_CONFORMANCE_HPP
#define SCALEKIT_TESTING_CONFORMANCE_HPP

/// \file
/// What the conformance suites of all ports share.

#include <cstddef>
#include <string>

namespace scalekit::inline v0::testing {

/// What becomes of the next request on a connection that a fixture breaks.
enum class cut_point {
  request,  ///< it never reaches the server
  reply     ///< the server carries it out, and its answer never arrives
};

enum class verdict { passed, failed, skipped };

struct conformance_outcome {
  scalekit::testing::verdict verdict = verdict::passed;
  std::string message{};  ///< what was expected and where, or why it was skipped
};

struct conformance_summary {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
};

}  // namespace scalekit::inline v0::testing

#endif
