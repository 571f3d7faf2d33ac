// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_BULK_IMPORT_DUPLICATES_HPP
#define SCALEKIT_SRC_BULK_IMPORT_DUPLICATES_HPP

#include "bulk/import_plan.hpp"

#include <scalekit/result.hpp>

#include <cstdint>
#include <vector>

namespace scalekit::inline v0::bulk {

/// Finds, among the rows that break no rule, those that lose to another with the same key or the
/// same value of a unique column; in order of their offsets. `records`: how many the file has.
///
/// Keys that only rise or only fall are told apart by the one before. Others are by 128 bits of a
/// hash with a random seed: first by 64 bits of all of them, then, in a second reading, by all bits
/// of those that come again. If the file has more keys than `duplicate_memory` holds, this is done
/// several times, each time for a share of the hashes.
[[nodiscard]] result<std::vector<import_duplicate>> find_duplicates(
    const import_plan& plan, std::uint64_t records
);

}  // namespace scalekit::inline v0::bulk

#endif
