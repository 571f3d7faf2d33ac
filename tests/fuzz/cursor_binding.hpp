// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_FUZZ_CURSOR_BINDING_HPP
#define SCALEKIT_TESTS_FUZZ_CURSOR_BINDING_HPP

#include <scalekit/keyset/cursor.hpp>

#include <cstddef>

namespace fuzz {

/// What every seed and every target's codec is bound to.
inline scalekit::keyset::cursor_binding binding() {
  return {
      .endpoint = "GET /t", .tenant = "acme", .order = "id", .filters = "", .schema_version = 1};
}

/// After the payload of a plain token: four hashes and the schema version, then the checksum.
inline constexpr std::size_t plain_binding_size = 4 * 8 + 4;
inline constexpr std::size_t plain_tail_size = plain_binding_size + 8;

}  // namespace fuzz

#endif
