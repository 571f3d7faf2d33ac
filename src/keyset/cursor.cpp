// SPDX-License-Identifier: BSL-1.0
#include <scalekit/keyset/cursor.hpp>

namespace scalekit::inline v0::keyset {

cursor_codec::~cursor_codec() = default;

}  // namespace scalekit::inline v0::keyset
