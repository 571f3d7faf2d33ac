// SPDX-License-Identifier: BSL-1.0
#ifndef BACKPRESSURE_CHART_HPP
#define BACKPRESSURE_CHART_HPP

#include "experiment.hpp"

#include <string>
#include <vector>

namespace backpressure {

/// \brief The curves of all runs as one SVG: a row for each two runs of a scenario, side by side
/// and to the same scale.
[[nodiscard]] std::string as_svg(const std::vector<run_result>& runs);

}  // namespace backpressure

#endif
