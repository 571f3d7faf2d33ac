// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/refusal.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace scalekit::inline v0::redis {

namespace {

constexpr std::size_t longest_word = std::size_t{512} << 20U;

constexpr std::string_view subscribing =
    "this client has no subscriptions; use a connection of its own for them";
constexpr std::string_view logging_in =
    "set username, password, database and client_name in client_options";
constexpr std::string_view watching = "use a script, which is atomic without it";
constexpr std::string_view in_transaction =
    "put MULTI, the commands and EXEC into one pipeline, or use a script";
constexpr std::string_view not_shared = "it changes a connection that is shared";

struct refusal {
  std::string_view command;  // in lower case; two words: with this subcommand only
  std::string_view instead;
};

constexpr refusal refusals[] = {
    {"subscribe", subscribing},
    {"psubscribe", subscribing},
    {"ssubscribe", subscribing},
    {"unsubscribe", subscribing},
    {"punsubscribe", subscribing},
    {"sunsubscribe", subscribing},
    {"monitor", subscribing},
    {"sync", subscribing},
    {"psync", subscribing},
    {"select", logging_in},
    {"auth", logging_in},
    {"hello", logging_in},
    {"client setname", logging_in},
    {"watch", watching},
    {"unwatch", watching},
    {"client reply", not_shared},
    {"client tracking", not_shared},
    {"client caching", not_shared},
    {"client no-evict", not_shared},
    {"client no-touch", not_shared},
    {"script debug", not_shared},
    {"reset", not_shared},
    {"quit", not_shared},
    {"readonly", not_shared},
    {"readwrite", not_shared},
    {"asking", not_shared},
};

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `name` is in lower case.
bool is(std::string_view word, std::string_view name) noexcept {
  return std::ranges::equal(word, name, {}, lower);
}

bool matches(arguments words, std::string_view command) noexcept {
  const auto blank = command.find(' ');
  return is(words[0], command.substr(0, blank)) &&
         (blank == std::string_view::npos ||
          (words.size() > 1 && is(words[1], command.substr(blank + 1))));
}

bool ends_transaction(arguments words) noexcept {
  return words.size() == 1 && (is(words[0], "exec") || is(words[0], "discard"));
}

error refuse(std::string_view command, std::string_view instead) {
  std::string message("redis client: ");
  message.append(command).append(" is refused before it is sent: ").append(instead);
  return {errc::invalid_argument, std::move(message)};
}

// All but MULTI, EXEC and DISCARD.
result<void> check_words(arguments words) {
  if (words.empty() || words[0].empty()) {
    return error(errc::invalid_argument, "redis client: a command without a name");
  }
  const auto long_one =
      std::ranges::find_if(words, [](std::string_view w) { return w.size() > longest_word; });
  if (long_one != words.end()) {
    return error(
        errc::limit_exceeded,
        "redis client: word " + std::to_string(long_one - words.begin()) + " of " +
            std::string(words[0]) + " has " + std::to_string(long_one->size()) +
            " bytes; allowed: 512 MiB"
    );
  }
  const auto found =
      std::ranges::find_if(refusals, [&](const refusal& r) { return matches(words, r.command); });
  if (found != std::ranges::end(refusals)) return refuse(found->command, found->instead);
  return {};
}

}  // namespace

result<void> check_command(arguments words) {
  if (auto ok = check_words(words); !ok) return ok;
  for (const std::string_view name : {"multi", "exec", "discard"}) {
    if (is(words[0], name)) return refuse(name, in_transaction);
  }
  return {};
}

result<void> check_pipeline(std::span<const arguments> commands) {
  bool open = false;
  for (const arguments words : commands) {
    if (auto ok = check_words(words); !ok) return ok;
    if (is(words[0], "multi")) open = true;
    if (ends_transaction(words)) open = false;
  }
  if (open) return refuse("a pipeline that leaves its MULTI open", in_transaction);
  return {};
}

bool left_open(std::span<const arguments> commands, std::span<const reply> replies) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (ends_transaction(commands[i]) && replies[i].is_error() &&
        !replies[i].failure().message().starts_with("EXECABORT")) {
      return true;
    }
  }
  return false;
}

}  // namespace scalekit::inline v0::redis
