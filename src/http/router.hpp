// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_ROUTER_HPP
#define SCALEKIT_SRC_HTTP_ROUTER_HPP

#include <scalekit/http/server.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::http {

/// What answers a request: exactly one of the two is there.
struct route_target {
  handler_fn handler;
  export_endpoint* download = nullptr;
};

/// Finds who answers what. Filled before it is used, then shared without a lock.
class router {
 public:
  [[nodiscard]] result<void> add(
      std::string_view method, std::string_view pattern, route_target target
  );

  struct match {
    const route_target* target = nullptr;
    std::string allow;  // if only the method does not match: those that would
  };
  /// Fills `r.route` if there is a match. A GET route answers HEAD too.
  [[nodiscard]] match find(request& r) const;

 private:
  struct segment {
    std::string text;
    bool is_parameter = false;
  };
  struct entry {
    std::string method;
    std::vector<segment> pattern;
    route_target target;
  };
  static bool matches(
      const std::vector<segment>& pattern,
      const std::vector<std::string>& path,
      std::vector<parameter>& found
  );
  std::vector<entry> entries_;
};

}  // namespace scalekit::inline v0::http

#endif
