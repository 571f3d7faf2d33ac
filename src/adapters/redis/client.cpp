// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/pool.hpp"
#include "adapters/redis/refusal.hpp"

#include <scalekit/adapters/redis/client.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace scalekit::inline v0::redis {

namespace {

error refuse(const std::string& why) { return {errc::invalid_argument, "redis client: " + why}; }

result<void> in_range(
    std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most
) {
  if (value >= least && value <= most) return {};
  return refuse(
      std::string(option) + " is " + std::to_string(value) + "; allowed: " + std::to_string(least) +
      " to " + std::to_string(most)
  );
}

result<void> check_numbers(const client_options& o) {
  constexpr std::int64_t hour_ms = 3'600'000;
  constexpr std::int64_t year_ms = 365 * 24 * hour_ms;
  const auto connections =
      static_cast<std::int64_t>(std::min<std::size_t>(o.max_connections, 1U << 30U));
  struct bounds {
    std::string_view option;
    std::int64_t value, least, most;
  };
  for (const bounds& b : {
           bounds{"port", o.port, 1, 65'535},
           bounds{"database", o.database, 0, 1'000'000},
           bounds{"max_connections", connections, 1, 10'000},
           bounds{"connect_timeout (ms)", o.connect_timeout.count(), 1, hour_ms},
           bounds{"command_timeout (ms)", o.command_timeout.count(), 1, hour_ms},
           bounds{"acquire_timeout (ms)", o.acquire_timeout.count(), 0, hour_ms},
           bounds{"backoff_base (ms)", o.backoff_base.count(), 1, hour_ms},
           bounds{"backoff_max (ms)", o.backoff_max.count(), 1, hour_ms},
           bounds{"max_idle (ms)", o.max_idle.count(), 0, year_ms},
           bounds{"max_lifetime (ms)", o.max_lifetime.count(), 0, year_ms},
       }) {
    if (auto ok = in_range(b.option, b.value, b.least, b.most); !ok) return ok;
  }
  return {};
}

result<void> check(const client_options& o) {
  const bool unix_socket = !o.unix_path.empty();
  if (!unix_socket && o.host.empty()) return refuse("host is empty");
  for (const std::string* text : {&o.host, &o.unix_path}) {
    if (text->find('\0') != std::string::npos) return refuse("host or unix_path holds a NUL");
  }
  if (!o.username.empty() && o.password.empty()) return refuse("username without a password");
  const bool printable =
      std::ranges::all_of(o.client_name, [](char c) { return c > ' ' && c <= '~'; });
  if (!printable) return refuse("client_name holds a blank or a character that is not ASCII");
  if (o.tls && o.tls->cert_file.empty() != o.tls->key_file.empty()) {
    return refuse("tls.cert_file and tls.key_file: give both or neither");
  }
  if (o.tls && unix_socket && o.tls->server_name.empty()) {
    return refuse("tls.server_name is needed over a Unix socket");
  }
  return check_numbers(o);
}

std::string location(const client_options& o) {
  std::string where("redis ");
  if (!o.username.empty()) where.append(o.username).append("@");
  const bool bracketed = o.host.find(':') != std::string::npos;
  if (!o.unix_path.empty()) {
    where.append(o.unix_path);
  } else {
    where.append(bracketed ? "[" + o.host + "]" : o.host)
        .append(":")
        .append(std::to_string(o.port));
  }
  return where.append("/").append(std::to_string(o.database));
}

// Before Redis 7 an error inside a script has the script's place in front of its own word.
bool from_replica(const error& e) {
  return e.code() == errc::unavailable && e.message().find("READONLY") != std::string::npos;
}

// The server's answer, and to what and where. Words other than the first may be secret.
error located(const error& e, arguments words, const std::string& where) {
  std::string message(e.message());
  message.append(" (").append(words.front()).append(" at ").append(where).append(")");
  return {e.code(), std::move(message), e.cause()};
}

}  // namespace

struct client::state {
  redis::settings settings;
  redis::pool pool{settings};
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> timeouts{0};

  explicit state(redis::settings s) : settings(std::move(s)) {}

  result<std::vector<reply>> run(std::span<const arguments> words);
  void settle(
      std::unique_ptr<connection> c, std::span<const arguments> words, std::span<reply> replies
  );
};

result<std::vector<reply>> client::state::run(std::span<const arguments> words) {
  for (;;) {
    auto loan = pool.acquire();
    if (!loan) return loan.error();
    auto& c = loan->connection;
    auto replies = c->exchange(words);
    if (replies) {
      settle(std::move(c), words, *replies);
      return replies;
    }
    timeouts += c->timed_out() ? 1 : 0;
    pool.drop(std::move(c), replies.error().message());
    // Nothing was written on a connection that had died in the pool: another may do.
    if (replies.error().outcome_unknown() || loan->fresh) return replies.error();
  }
}

// Looks at the answers and gives the connection back, unless they say that it is of no more use.
void client::state::settle(
    std::unique_ptr<connection> c, std::span<const arguments> words, std::span<reply> replies
) {
  commands += replies.size();
  bool read_only = false;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i].is_error()) continue;
    ++errors;
    read_only = read_only || from_replica(replies[i].failure());
    replies[i] = reply(located(replies[i].failure(), words[i], settings.where));
  }
  if (read_only) {
    // After a failover the name leads elsewhere: the next connection may find the new primary.
    pool.drop(std::move(c), "it leads to a read-only replica");
  } else if (left_open(words, replies)) {
    pool.drop(std::move(c), "its transaction could not be ended");
  } else {
    pool.give_back(std::move(c));
  }
}

client::client(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
client::~client() = default;

result<std::unique_ptr<client>> client::open(client_options options) {
  if (auto ok = check(options); !ok) return ok.error();
  redis::settings s;
  if (options.tls) {
    auto context = tls::make_context(*options.tls, "redis client");
    if (!context) return context.error();
    s.tls = *std::move(context);
  }
  s.where = location(options);
  s.clock = options.clock != nullptr ? options.clock : &scalekit::clock::system();
  s.random = options.random != nullptr ? options.random : &random_source::system();
  const bool connect = options.first == first_connection::now;
  s.options = std::move(options);
  std::unique_ptr<client> made(new client(std::make_unique<state>(std::move(s))));
  if (connect) {
    auto first = made->state_->pool.acquire();
    if (!first) return first.error();
    made->state_->pool.give_back(std::move(first->connection));
  }
  return made;
}

result<reply> client::command(arguments words) {
  if (auto ok = check_command(words); !ok) return ok.error();
  auto replies = state_->run({&words, 1});
  if (!replies) {
    error& why = replies.error();
    return why.outcome_unknown() ? std::move(why).with_context(words.front()) : why;
  }
  reply& answer = replies->front();
  if (answer.is_error()) return answer.failure();
  return std::move(answer);
}

result<std::vector<reply>> client::pipeline(std::span<const arguments> commands) {
  if (auto ok = check_pipeline(commands); !ok) return ok.error();
  if (commands.empty()) return std::vector<reply>{};
  return state_->run(commands);
}

client_stats client::stats() const {
  client_stats out;
  state_->pool.count(out);
  out.commands = state_->commands.load();
  out.errors = state_->errors.load();
  out.timeouts += state_->timeouts.load();
  return out;
}

}  // namespace scalekit::inline v0::redis
