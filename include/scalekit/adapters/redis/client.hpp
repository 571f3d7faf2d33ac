// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ADAPTERS_REDIS_CLIENT_HPP
#define SCALEKIT_ADAPTERS_REDIS_CLIENT_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/log.hpp>
#include <scalekit/ports/redis.hpp>
#include <scalekit/random.hpp>
#include <scalekit/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace scalekit::inline v0::redis {

/// \brief TLS to the server. Its certificate must verify and bear its name; there is no way to turn
/// that off.
struct tls_options {
  std::string ca_file{};    ///< PEM file of the authorities to trust; empty: the system's
  std::string cert_file{};  ///< PEM file of our own certificate, if the server asks for one
  std::string key_file{};   ///< PEM file of its key; given if and only if `cert_file` is
  /// The name (or address) the certificate must bear. Empty: the host; over a Unix socket it must
  /// be given.
  std::string server_name{};
};

/// Whether \ref client::open makes a connection.
enum class first_connection {
  now,         ///< what is wrong shows at once
  when_needed  ///< starts even where Redis is down
};

struct client_options {
  std::string host = "127.0.0.1";  ///< name or address
  int port = 6379;
  std::string unix_path{};    ///< a Unix socket instead; host and port are ignored then
  std::string username{};     ///< of an ACL user; empty: the default user
  std::string password{};     ///< empty: no authentication
  int database = 0;           ///< selected on every connection
  std::string client_name{};  ///< shown by `CLIENT LIST`; no blanks; empty: none
  std::optional<tls_options> tls{};
  first_connection first = first_connection::now;

  /// For one connection to be ready: reaching the server, TLS and logging in, all together and
  /// however slowly the answers trickle in. Looking up `host` comes on top, for the system's
  /// resolver knows no limit of ours. 1 ms to 1 hour.
  std::chrono::milliseconds connect_timeout{1000};
  /// How long the server may be silent while it owes answers; the connection is closed then. Each
  /// piece of an answer starts it anew, so a large one may take longer. Must exceed the wait of a
  /// blocking command (`BLPOP`). 1 ms to 1 hour.
  std::chrono::milliseconds command_timeout{1000};

  /// Connections at most, 1 to 10,000; each is opened when it is first needed.
  std::size_t max_connections = 10;
  /// How long a call waits for a connection to come back. 0: not at all.
  std::chrono::milliseconds acquire_timeout{1000};
  /// A connection idle for longer is closed, by the next call: a client that nobody calls keeps its
  /// connections. 0: never.
  std::chrono::milliseconds max_idle{60'000};
  /// An older connection is closed rather than used again, so that a failover or a new DNS entry
  /// reaches every connection. 0: never.
  std::chrono::milliseconds max_lifetime{1'800'000};

  /// After the n-th failure in a row to connect, calls that need a connection fail at once for a
  /// random time up to `backoff_base * 2^(n-1)`, at most `backoff_max`; then one of them tries.
  /// 1 ms to 1 hour.
  std::chrono::milliseconds backoff_base{50};
  std::chrono::milliseconds backoff_max{5000};

  log_fn log{};                            ///< told of lost, failed and regained connections
  const scalekit::clock* clock = nullptr;  ///< null: the machine's
  random_source* random = nullptr;         ///< null: the kernel's
};

/// \brief A picture of a client at one moment, and what it has counted since it was made.
struct client_stats {
  std::size_t in_use = 0;        ///< connections at work, or being opened or closed
  std::size_t idle = 0;          ///< connections open and free
  std::uint64_t commands = 0;    ///< commands sent and answered, those of pipelines too
  std::uint64_t errors = 0;      ///< of those, answered with an error
  std::uint64_t connects = 0;    ///< connections opened
  std::uint64_t reconnects = 0;  ///< of those, in place of one that was lost
  std::uint64_t lost = 0;        ///< connections that broke, or were found closed by the server
  std::uint64_t refused = 0;     ///< calls that failed at once because Redis was just unreachable
  std::uint64_t timeouts = 0;    ///< commands without an answer in time, and waits for a connection
};

/// \brief The Redis port over hiredis: a pool of connections to one server.
///
/// A command is written once. If the connection breaks after that, the call ends with
/// `outcome_unknown`, and never is it sent a second time; the connection is closed, so no late
/// answer is ever taken for another command's. A connection that the server has closed meanwhile
/// is noticed before anything is written, and a fresh one takes its place in silence.
///
/// Commands that would change a shared connection for whoever uses it next (`SELECT`, `WATCH`,
/// `SUBSCRIBE`, `MULTI` outside a pipeline, ...) are refused before they are sent. Cluster
/// redirects are not followed. SIGPIPE is never raised.
///
/// \par Example
/// \code
/// auto r = redis::client::open({.host = "cache", .password = secret});
/// if (!r) return r.error();
/// auto set = (*r)->command({"SET", "greeting", "hello", "PX", "60000", "NX"});
/// \endcode
///
/// \par Thread-safety  Safe for concurrent calls. All must have returned when it is destroyed.
/// \par Errors  As the port says, and:
/// - `invalid_argument`: a command without words, or one that is refused as said above
/// - `limit_exceeded`: a word of more than 512 MiB
/// - `busy`: no connection came free within `acquire_timeout`
/// - `unavailable`, `unauthenticated`: no connection could be made, now or a moment ago, with
///   `retry_after()`; nothing was sent
class SCALEKIT_EXPORT client final : public commander {
 public:
  /// \par Errors `invalid_argument` for an option (named in the message) out of range, or a
  /// certificate file that cannot be used; where it connects, as a command.
  [[nodiscard]] static result<std::unique_ptr<client>> open(client_options options);
  ~client() override;

  [[nodiscard]] result<reply> command(arguments words) override;
  [[nodiscard]] result<std::vector<reply>> pipeline(std::span<const arguments> commands) override;

  [[nodiscard]] client_stats stats() const;

 private:
  struct state;
  explicit client(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace scalekit::inline v0::redis

#endif
