// SPDX-License-Identifier: BSL-1.0
#include "testing/conformance_support.hpp"

namespace scalekit::inline v0::testing {

conformance_outcome failed_at(std::string_view file, int line, std::string_view what) {
  const auto slash = file.find_last_of('/');
  if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
  std::string message(file);
  message += ":" + std::to_string(line) + ": ";
  return {verdict::failed, message.append(what)};
}

}  // namespace scalekit::inline v0::testing
