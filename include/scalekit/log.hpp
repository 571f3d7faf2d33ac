// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_LOG_HPP
#define SCALEKIT_LOG_HPP

#include <scalekit/export.hpp>

#include <functional>
#include <string_view>

namespace scalekit::inline v0 {

enum class log_level { debug, info, warning, error };

/// \brief Where an object writes what an operator should read; empty (the default) is silence.
///
/// Called on whatever thread the event happens, possibly on several at once. The view is valid for
/// the call only. It must not throw and must not call back into the object that logs.
using log_fn = std::function<void(log_level, std::string_view)>;

/// \brief The spelling of a level, e.g. `"warning"`.
[[nodiscard]] SCALEKIT_EXPORT std::string_view to_string(log_level level) noexcept;

}  // namespace scalekit::inline v0

#endif
