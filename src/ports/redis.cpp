// SPDX-License-Identifier: BSL-1.0
#include <scalekit/ports/redis.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

namespace scalekit::inline v0::redis {

namespace {

// Words with a meaning of their own; every other one refuses the command.
constexpr std::pair<std::string_view, errc> meanings[] = {
    {"NOAUTH", errc::unauthenticated},
    {"WRONGPASS", errc::unauthenticated},
    {"NOPERM", errc::unauthenticated},
    {"OOM", errc::limit_exceeded},
    {"BUSY", errc::busy},
    {"TRYAGAIN", errc::busy},
    {"UNKILLABLE", errc::busy},
    {"LOADING", errc::unavailable},
    {"READONLY", errc::unavailable},
    {"MASTERDOWN", errc::unavailable},
    {"CLUSTERDOWN", errc::unavailable},
    {"NOREPLICAS", errc::unavailable},
    {"MISCONF", errc::unavailable},
    {"UNBLOCKED", errc::unavailable},
    {"MOVED", errc::not_supported},
    {"ASK", errc::not_supported},
    {"NOPROTO", errc::not_supported},
    {"NOSCRIPT", errc::not_found},
    {"NOGROUP", errc::not_found},
    {"BUSYGROUP", errc::conflict},
    {"BUSYKEY", errc::conflict},
};

errc meaning_of(std::string_view answer) noexcept {
  const std::string_view word = answer.substr(0, answer.find(' '));
  for (const auto& [known, code] : meanings) {
    if (word == known) return code;
  }
  return errc::invalid_argument;
}

// Before Redis 7 an error inside a script came as
// `ERR Error running script (...): @user_script:1: READONLY You can't ...`.
std::string_view inside_script(std::string_view answer) noexcept {
  constexpr std::string_view place = "@user_script";
  const auto at = answer.rfind(place);
  if (!answer.starts_with("ERR Error running script") || at == std::string_view::npos) return {};
  answer.remove_prefix(at + place.size());
  const auto word = std::ranges::find_if(answer, [](char c) { return c >= 'A' && c <= 'Z'; });
  return answer.substr(static_cast<std::size_t>(word - answer.begin()));
}

error wrong_kind(const reply& r, enum reply::kind expected) {
  if (r.is_error()) return r.failure();
  std::string message("the answer is of kind ");
  message.append(to_string(r.kind())).append(", expected ").append(to_string(expected));
  return {errc::data_corrupted, std::move(message), {"redis", 0}};
}

constexpr std::array<std::uint16_t, 256> crc_table() noexcept {
  std::array<std::uint16_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
    table[i] = static_cast<std::uint16_t>(crc & 0xFFFFU);
  }
  return table;
}

// Keys are binary; only what reads as text goes into a message.
std::string quoted(std::string_view key) {
  constexpr std::size_t longest = 60;
  std::string out("\"");
  for (const char c : key.substr(0, longest)) out.push_back(c >= ' ' && c <= '~' ? c : '?');
  return out += key.size() > longest ? "...\"" : "\"";
}

result<void> in_one_slot(arguments keys) {
  for (const std::string_view key : keys) {
    if (hash_slot(key) == hash_slot(keys.front())) continue;
    return error(
        errc::invalid_argument,
        "script: keys " + quoted(keys.front()) + " and " + quoted(key) +
            " are in different cluster slots; give them one hash tag, as in \"{42}:a\", \"{42}:b\""
    );
  }
  return {};
}

bool is_digest(std::string_view text) noexcept {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_no_script(const error& e) noexcept { return e.message().starts_with("NOSCRIPT"); }

bool opens_transaction(arguments words) noexcept {
  constexpr std::string_view multi = "multi";
  return !words.empty() && std::ranges::equal(words.front(), multi, {}, [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
}

}  // namespace

std::string_view to_string(enum reply::kind k) noexcept {
  switch (k) {
    case reply::kind::null:
      return "null";
    case reply::kind::integer:
      return "integer";
    case reply::kind::text:
      return "text";
    case reply::kind::array:
      return "array";
    case reply::kind::error:
      return "error";
  }
  return "unknown";
}

result<std::int64_t> reply::as_integer() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  return wrong_kind(*this, kind::integer);
}

result<std::string_view> reply::as_text() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return std::string_view(*value);
  return wrong_kind(*this, kind::text);
}

result<std::span<const reply>> reply::as_array() const {
  if (const auto* value = std::get_if<std::vector<reply>>(&value_)) {
    return std::span<const reply>(*value);
  }
  return wrong_kind(*this, kind::array);
}

bool reply::is_ok() const noexcept {
  const auto* value = std::get_if<std::string>(&value_);
  return value != nullptr && *value == "OK";
}

result<std::string_view> script::digest(commander& on) {
  if (known_.load(std::memory_order_acquire)) return std::string_view(digest_);
  // Not under the mutex: of callers that come first at once each may load it, and none waits for
  // another's dead connection.
  auto answer = on.command({"SCRIPT", "LOAD", source_});
  if (!answer) {
    error& why = answer.error();
    if (!why.outcome_unknown()) return std::move(why);
    // Loading a script twice does no harm.
    return error(errc::unavailable, "the script was not sent: " + why.message(), why.cause());
  }
  auto text = answer->as_text();
  if (!text) return text.error();
  if (!is_digest(*text)) {
    return error(errc::data_corrupted, "SCRIPT LOAD answered no digest", {"redis", 0});
  }
  const std::lock_guard lock(mutex_);
  if (!known_.load(std::memory_order_relaxed)) {
    digest_ = *text;
    known_.store(true, std::memory_order_release);
  }
  return std::string_view(digest_);
}

result<reply> script::run(commander& on, arguments keys, arguments args) {
  if (auto ok = in_one_slot(keys); !ok) return ok.error();
  auto sha = digest(on);
  if (!sha) return sha.error();
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words;
  words.reserve(3 + keys.size() + args.size());
  words.assign({"EVALSHA", *sha, count});
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), args.begin(), args.end());
  auto answer = on.command(words);
  if (answer || !is_no_script(answer.error())) return answer;
  words[0] = "EVAL";
  words[1] = source_;
  return on.command(words);
}

commander::~commander() = default;

result<std::vector<reply>> commander::pipeline(std::span<const arguments> commands) {
  if (std::ranges::any_of(commands, opens_transaction)) {
    return error(
        errc::not_supported,
        "pipeline: this client sends one command at a time, so MULTI would hold nothing together; "
        "use a script, or override commander::pipeline"
    );
  }
  std::vector<reply> replies;
  replies.reserve(commands.size());
  for (const arguments words : commands) {
    auto answer = command(words);
    if (answer) {
      replies.push_back(*std::move(answer));
    } else if (answer.error().outcome_unknown() || (replies.empty() && answer.error().retryable())) {
      return answer.error();
    } else {
      replies.emplace_back(answer.error());
    }
  }
  return replies;
}

error to_error(std::string_view answer) {
  errc code = meaning_of(answer);
  if (const std::string_view cause = inside_script(answer); !cause.empty()) {
    code = meaning_of(cause);
  } else if (answer.starts_with("ERR max number of clients")) {
    code = errc::unavailable;
  } else if (answer.starts_with("ERR invalid password")) {
    code = errc::unauthenticated;
  }
  return {code, std::string(answer), {"redis", 0}};
}

std::uint16_t hash_slot(std::string_view key) noexcept {
  static constexpr auto table = crc_table();
  if (const auto open = key.find('{'); open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  std::uint32_t crc = 0;
  for (const char c : key) {
    crc = (crc << 8U) ^ table[((crc >> 8U) ^ static_cast<unsigned char>(c)) & 0xFFU];
  }
  return static_cast<std::uint16_t>(crc & 0x3FFFU);
}

}  // namespace scalekit::inline v0::redis
