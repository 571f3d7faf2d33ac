// SPDX-License-Identifier: BSL-1.0
#include <scalekit/digest.hpp>

namespace scalekit::inline v0 {

digest::~digest() = default;

}  // namespace scalekit::inline v0
