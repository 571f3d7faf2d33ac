// SPDX-License-Identifier: BSL-1.0
#include "certificates.hpp"

#include "child_process.hpp"
#include "servers.hpp"

#include <filesystem>
#include <stdexcept>
#include <unistd.h>

namespace scalekit_tests {

certificates::certificates() {
  skip_unless(!find_program("openssl").empty(), "openssl");
  std::filesystem::permissions(folder_ / "", std::filesystem::perms{0755});
}

void certificates::make(const std::string& name, const std::string& names) const {
  run(
      {"openssl",
       "req",
       "-x509",
       "-newkey",
       "ec",
       "-pkeyopt",
       "ec_paramgen_curve:prime256v1",
       "-nodes",
       "-days",
       "1",
       "-keyout",
       key(name),
       "-out",
       cert(name),
       "-subj",
       "/CN=" + name,
       "-addext",
       "subjectAltName=" + names}
  );
  std::filesystem::permissions(key(name), std::filesystem::perms{0600});
  const auto owner = unprivileged_user();
  if (owner && ::chown(key(name).c_str(), *owner, static_cast<gid_t>(-1)) != 0) {
    throw std::runtime_error("cannot give a key to the servers' user");
  }
}

}  // namespace scalekit_tests
