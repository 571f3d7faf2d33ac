// SPDX-License-Identifier: BSL-1.0
#include "adapters/redis/connection.hpp"

#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

namespace scalekit::inline v0::redis {

namespace {

struct reply_deleter {
  void operator()(redisReply* r) const noexcept { freeReplyObject(r); }
};

reply to_reply(const redisReply& r) {
  switch (r.type) {
    case REDIS_REPLY_INTEGER:
#ifdef REDIS_REPLY_BOOL
    case REDIS_REPLY_BOOL:
#endif
      return reply(static_cast<std::int64_t>(r.integer));
    case REDIS_REPLY_ERROR:
      return reply(to_error({r.str, r.len}));
    case REDIS_REPLY_NIL:
      return {};
    case REDIS_REPLY_ARRAY:
#ifdef REDIS_REPLY_MAP
    case REDIS_REPLY_MAP:
    case REDIS_REPLY_SET:
#endif
    {
      std::vector<reply> values;
      values.reserve(r.elements);
      for (const redisReply* element : std::span(r.element, r.elements)) {
        values.push_back(to_reply(*element));
      }
      return reply(std::move(values));
    }
    default:  // every other type is text
      return reply(std::string(r.str, r.len));
  }
}

void append_header(std::string& out, char kind, std::size_t count) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), count).ptr;
  out.push_back(kind);
  out.append(digits.data(), end).append("\r\n");
}

// A RESP array of bulk strings.
void append_command(std::string& out, arguments words) {
  append_header(out, '*', words.size());
  for (const std::string_view word : words) {
    append_header(out, '$', word.size());
    out.append(word).append("\r\n");
  }
}

}  // namespace

result<std::unique_ptr<connection>> connection::open(const settings& s) {
  const steady_time ready_by = s.clock->steady_now() + s.options.connect_timeout;
  auto connected = wire::connect(s, ready_by);
  if (!connected) return connected.error();
  std::unique_ptr<connection> made(new connection(*std::move(connected), s));
  made->ready_by_ = ready_by;
  if (auto ok = made->log_in(); !ok) return ok.error();
  made->ready_by_.reset();
  made->opened = made->idle_since = s.clock->steady_now();
  return made;
}

// One round trip. PING makes sure that there is one: a server that is stopped accepts connections.
result<void> connection::log_in() {
  const client_options& o = settings_->options;
  const std::string database = std::to_string(o.database);
  const std::array<std::string_view, 3> auth{"AUTH", o.username, o.password};
  const std::array<std::string_view, 2> auth_default{"AUTH", o.password};
  const std::array<std::string_view, 3> name{"CLIENT", "SETNAME", o.client_name};
  const std::array<std::string_view, 2> select{"SELECT", database};
  constexpr std::array<std::string_view, 1> ping{"PING"};
  std::vector<arguments> commands;
  if (!o.password.empty()) {
    commands.push_back(o.username.empty() ? arguments(auth_default) : arguments(auth));
  }
  if (!o.client_name.empty()) commands.emplace_back(name);
  if (o.database != 0) commands.emplace_back(select);
  commands.emplace_back(ping);

  auto replies = exchange(commands);
  request_ = {};  // it holds the password
  if (!replies) return error(errc::unavailable, replies.error().message(), {"redis", 0});
  for (std::size_t i = 0; i < replies->size(); ++i) {
    const reply& r = (*replies)[i];
    const std::string_view command = commands[i].front();
    if (!r.is_error() || (command == "PING" && r.failure().message().starts_with("NOPERM"))) {
      continue;
    }
    const error& why = r.failure();
    std::string_view text = why.message();
    // A proxy or an old server may quote what it was sent.
    if (command == "AUTH") text = text.substr(0, text.find(' '));
    const errc code = command == "AUTH" && why.code() == errc::invalid_argument
                          ? errc::unauthenticated
                          : why.code();
    return error(
        code,
        std::string(text) + " (" + std::string(command) + " at " + settings_->where +
            (code == errc::unauthenticated ? "; check username and password)" : ")"),
        why.cause()
    );
  }
  return {};
}

result<std::vector<reply>> connection::exchange(std::span<const arguments> commands) {
  constexpr std::size_t most_kept = 65'536;
  if (request_.capacity() > most_kept) request_ = {};
  request_.clear();
  for (const arguments words : commands) append_command(request_, words);
  std::vector<reply> replies;
  replies.reserve(commands.size());
  written_ = 0;
  if (auto done = transfer(replies, commands.size()); !done) return done.error();
  return replies;
}

result<void> connection::transfer(std::vector<reply>& replies, std::size_t expected) {
  const client_options& o = settings_->options;
  const auto patience = ready_by_ ? o.connect_timeout : o.command_timeout;
  while (replies.size() < expected) {
    const std::string_view rest = std::string_view(request_).substr(written_);
    if (!rest.empty()) {
      const progress n = wire_.write(rest);
      if (n < 0) return lost(wire_.failure());
      written_ += static_cast<std::size_t>(n);
    }
    const steady_time until = ready_by_ ? *ready_by_ : settings_->clock->steady_now() + patience;
    if (!wire_.wait(written_ < request_.size(), until)) {
      timed_out_ = true;
      return lost("no answer within " + std::to_string(patience.count()) + " ms");
    }
    if (auto ok = receive(replies, expected); !ok) return ok;
  }
  return {};
}

result<void> connection::receive(std::vector<reply>& replies, std::size_t expected) {
  std::array<char, 16'384> buffer;  // NOLINT: written by read
  progress n = 0;
  do {
    n = wire_.read(buffer.data(), buffer.size());
    if (n < 0) return lost(wire_.failure());
    if (n == 0) break;
    redisReader* reader = wire_.reader();
    redisReaderFeed(reader, buffer.data(), static_cast<std::size_t>(n));
    while (replies.size() < expected) {
      void* parsed = nullptr;
      if (redisReaderGetReply(reader, &parsed) != REDIS_OK) return lost(reader->errstr);
      if (parsed == nullptr) break;
      const std::unique_ptr<redisReply, reply_deleter> owned(static_cast<redisReply*>(parsed));
      replies.push_back(to_reply(*owned));
    }
    // Whose answers would they be?
    if (replies.size() == expected && reader->pos < reader->len) {
      return lost("more answers than commands");
    }
  } while (replies.size() < expected);
  return {};
}

error connection::lost(std::string_view why) const {
  const bool nothing_written = written_ == 0 && !wire_.keeps_back();
  std::string message(settings_->where);
  message.append(": ").append(why);
  if (!nothing_written) message.append("; what was sent may have taken effect");
  return {
      nothing_written ? errc::unavailable : errc::outcome_unknown,
      std::move(message),
      {"redis", 0}};
}

}  // namespace scalekit::inline v0::redis
