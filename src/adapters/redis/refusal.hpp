// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_REDIS_REFUSAL_HPP
#define SCALEKIT_SRC_ADAPTERS_REDIS_REFUSAL_HPP

#include <scalekit/ports/redis.hpp>

#include <span>

namespace scalekit::inline v0::redis {

/// \brief Refuses what would change a shared connection for whoever uses it next, or could not be
/// answered at all.
/// \par Errors `invalid_argument`, `limit_exceeded`, as \ref client says.
[[nodiscard]] result<void> check_command(arguments words);

/// \brief The same for a pipeline, where MULTI is allowed if its EXEC or DISCARD follows.
[[nodiscard]] result<void> check_pipeline(std::span<const arguments> commands);

/// \brief Whether a pipeline that passed left its connection in a transaction all the same: its
/// EXEC or DISCARD was not carried out.
[[nodiscard]] bool left_open(std::span<const arguments> commands, std::span<const reply> replies);

}  // namespace scalekit::inline v0::redis

#endif
