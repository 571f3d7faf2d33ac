// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_MARIADB_CONNECT_HPP
#define SCALEKIT_SRC_ADAPTERS_MARIADB_CONNECT_HPP

#include <scalekit/adapters/mariadb/connection.hpp>

#include <memory>
#include <mysql.h>
#include <signal.h>
#include <string>
#include <string_view>

namespace scalekit::inline v0::mariadb {

/// Keeps a SIGPIPE of this thread from reaching the host. libmariadb asks the kernel for none,
/// but OpenSSL, which writes for it, does not.
class sigpipe_guard {
 public:
  explicit sigpipe_guard(bool needed) noexcept;
  sigpipe_guard(const sigpipe_guard&) = delete;
  sigpipe_guard& operator=(const sigpipe_guard&) = delete;
  ~sigpipe_guard();

 private:
  bool active_ = false;
  sigset_t before_{};
};

struct link_closer {
  void operator()(MYSQL* db) const noexcept;
};
using link = std::unique_ptr<MYSQL, link_closer>;

/// Whether what is written to it passes through OpenSSL.
[[nodiscard]] bool is_encrypted(MYSQL* db) noexcept;

/// Says which option is out of range.
[[nodiscard]] result<void> check(const connection_options& o);

/// `host:port`, or the path of the socket.
[[nodiscard]] std::string place_of(const connection_options& o);

/// Connects and logs in; no session setting is made. It answers no request of the server for a
/// file.
[[nodiscard]] result<link> dial(const connection_options& o);

/// Tells the servers apart that may answer behind one name. Empty if the query fails.
[[nodiscard]] std::string identity_of(MYSQL* db);

/// Stops what runs on the connection `id` of that `server` (see \ref identity_of), over a
/// connection of its own. False: no KILL was sent, for no connection could be made within two
/// seconds, or another server answered, where `id` is somebody else's.
[[nodiscard]] bool kill_query(connection_options o, unsigned long id, std::string_view server);

}  // namespace scalekit::inline v0::mariadb

#endif
