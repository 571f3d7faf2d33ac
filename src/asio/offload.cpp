// SPDX-License-Identifier: BSL-1.0
#include <scalekit/asio/offload.hpp>

#include <string>

namespace scalekit::inline v0::asio::detail {

error cancelled_before_start() {
  return error(errc::cancelled, "offload: cancelled before the work began");
}

error threw(const std::exception_ptr& what) {
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    return error(errc::internal, std::string("offload: the work threw: ") + e.what());
  } catch (...) {
    return error(errc::internal, "offload: the work threw something unknown");
  }
}

}  // namespace scalekit::inline v0::asio::detail
