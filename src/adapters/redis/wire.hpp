// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_ADAPTERS_REDIS_WIRE_HPP
#define SCALEKIT_SRC_ADAPTERS_REDIS_WIRE_HPP

#include "adapters/redis/tls.hpp"

#include <scalekit/adapters/redis/client.hpp>
#include <scalekit/clock.hpp>

#include <hiredis/hiredis.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::redis {

/// What all connections of a client share; read-only once it is made.
struct settings {
  client_options options;
  tls::context tls;   ///< null without TLS
  std::string where;  ///< e.g. `redis app@cache:6379/0`; bears no password
  const scalekit::clock* clock = nullptr;
  random_source* random = nullptr;
};

/// A connected byte stream, plain or TLS, with hiredis' parser for what arrives on it.
class wire {
 public:
  /// Ready, TLS and all, by `until`; only looking up the host's name is not bounded by it.
  /// \par Errors `unavailable`.
  [[nodiscard]] static result<wire> connect(const settings& s, steady_time until);
  wire(wire&&) noexcept = default;
  wire& operator=(wire&&) noexcept = default;
  ~wire();

  /// Neither blocks. -1: see \ref failure.
  [[nodiscard]] progress write(std::string_view data);
  [[nodiscard]] progress read(char* out, std::size_t size);
  /// Waits for it to be readable (or writable); false if it is `until` or later.
  [[nodiscard]] bool wait(bool to_write_too, steady_time until) const noexcept;

  /// Whether it is open, and nothing has arrived that nobody asked for.
  [[nodiscard]] bool is_quiet() const noexcept;
  /// Whether a write that failed may yet have left something with the server.
  [[nodiscard]] bool keeps_back() const noexcept { return tls_.has_value(); }

  [[nodiscard]] redisReader* reader() const noexcept { return context_->reader; }
  [[nodiscard]] std::string failure() const { return failure_; }

 private:
  struct context_deleter {
    void operator()(redisContext* c) const noexcept { redisFree(c); }
  };
  using context_ptr = std::unique_ptr<redisContext, context_deleter>;

  wire(context_ptr c, const scalekit::clock& clock) noexcept
      : context_(std::move(c)), clock_(&clock) {}
  [[nodiscard]] result<void> start_tls(const settings& s, steady_time until);
  [[nodiscard]] progress outcome(ssize_t n);

  context_ptr context_;
  const scalekit::clock* clock_;
  std::optional<tls_session> tls_;
  std::string failure_;
};

}  // namespace scalekit::inline v0::redis

#endif
