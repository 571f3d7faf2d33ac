// SPDX-License-Identifier: BSL-1.0
#include <scalekit/timestamp.hpp>

int main() {
  const auto parsed = scalekit::parse_rfc3339("2024-05-06T09:08:09+02:00");
  return parsed && scalekit::to_rfc3339(*parsed) == "2024-05-06T07:08:09Z" ? 0 : 1;
}
