// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_SUPPORT_CERTIFICATES_HPP
#define SCALEKIT_TESTS_SUPPORT_CERTIFICATES_HPP

#include "temp_folder.hpp"

#include <string>

namespace scalekit_tests {

/// Self-signed certificates in a folder that servers of other users can read.
class certificates {
 public:
  /// Ends the program as skipped where there is no openssl.
  certificates();

  /// Makes `<name>.crt` and `<name>.key` for `names`, e.g. `"DNS:localhost,IP:127.0.0.1"`. The key
  /// belongs to the user that servers run as, and to nobody else.
  void make(const std::string& name, const std::string& names) const;

  [[nodiscard]] std::string cert(const std::string& name) const { return folder_ / name + ".crt"; }
  [[nodiscard]] std::string key(const std::string& name) const { return folder_ / name + ".key"; }

 private:
  temp_folder folder_;
};

}  // namespace scalekit_tests

#endif
