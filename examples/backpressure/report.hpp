// SPDX-License-Identifier: BSL-1.0
#ifndef BACKPRESSURE_REPORT_HPP
#define BACKPRESSURE_REPORT_HPP

#include "experiment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace backpressure {

[[nodiscard]] std::string_view to_string(scenario s);
[[nodiscard]] std::string_view to_string(arm a);

/// \brief A table for people: a column for each run.
[[nodiscard]] std::string as_table(const std::vector<run_result>& runs);

/// \brief The same in JSON: an array of objects, one for each run.
[[nodiscard]] std::string as_json(const std::vector<run_result>& runs);

/// \brief `printf` into a string, appended.
[[gnu::format(printf, 2, 3)]] void append(std::string& out, const char* format, ...);

}  // namespace backpressure

#endif
