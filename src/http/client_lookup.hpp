// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_LOOKUP_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_LOOKUP_HPP

#include "http/client_call.hpp"

#include <memory>
#include <string>
#include <vector>

namespace scalekit::inline v0::http {

/// \brief Looks names up, each on a thread of its own, for a resolver cannot be interrupted. Calls
/// that ask for one name at one time share a thread; one whose time is over leaves it behind.
///
/// Safe for concurrent calls; threads that are left behind do not need it any more.
class lookups {
 public:
  explicit lookups(resolver_fn resolver);

  /// The addresses of a host, those of the two families in turn, never none.
  /// \par Errors `unavailable`, `timed_out`, `cancelled`; of a resolver of the host's own, its.
  [[nodiscard]] result<std::vector<ip_address>> find(const std::string& host, const call& c);

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace scalekit::inline v0::http

#endif
