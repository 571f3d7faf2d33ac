// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_TORTURE_HPP
#define SCALEKIT_TESTS_SUPPORT_TORTURE_HPP

#include <cstdlib>

namespace scalekit_tests {

/// How many rounds a test makes: `usual`, times what SCALEKIT_TORTURE says. The tests labelled
/// `torture` are the same programs with more of them.
inline int rounds(int usual) {
  const char* text = std::getenv("SCALEKIT_TORTURE");
  const int times = text != nullptr ? std::atoi(text) : 1;
  return usual * (times > 0 ? times : 1);
}

/// Whether this is such a run.
inline bool is_torture() { return std::getenv("SCALEKIT_TORTURE") != nullptr; }

}  // namespace scalekit_tests

#endif
