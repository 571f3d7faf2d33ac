// SPDX-License-Identifier: BSL-1.0
#include "testing/redis_conformance_support.hpp"

#include <limits>
#include <vector>

namespace scalekit::inline v0::testing {

namespace {

using redis::reply;

conformance_outcome status_text_null(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "status"));
  SCALEKIT_TRY(missing, k.client().command({"GET", k.name()}));
  SCALEKIT_EXPECT(missing.kind() == reply::kind::null);
  SCALEKIT_TRY(set, k.client().command({"SET", k.name(), "hello"}));
  SCALEKIT_EXPECT(set.is_ok());
  SCALEKIT_TRY(got, k.client().command({"GET", k.name()}));
  SCALEKIT_EXPECT(got.kind() == reply::kind::text);
  SCALEKIT_EXPECT(holds(got, "hello"));
  SCALEKIT_TRY(again, k.client().command({"SET", k.name(), "other", "NX"}));
  SCALEKIT_EXPECT(again.is_null());
  SCALEKIT_TRY(kept, text(k.client(), {"GET", k.name()}));
  SCALEKIT_EXPECT(kept == "hello");
  return {};
}

conformance_outcome integer_ends(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "integers"));
  using limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t n : {limits::max(), limits::min(), std::int64_t{0}, std::int64_t{-1}}) {
    SCALEKIT_EXPECT_OK(k.client().command({"SET", k.name(), std::to_string(n)}));
    SCALEKIT_TRY(got, integer(k.client(), {"INCRBY", k.name(), "0"}));
    SCALEKIT_EXPECT(got == n);
  }
  return {};
}

conformance_outcome odd_bytes(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "bytes"));
  std::string every;
  for (int c = 0; c < 256; ++c) every.push_back(static_cast<char>(c));
  for (const std::string& value :
       {std::string(),
        std::string("\0", 1),
        std::string("a\0b", 3),
        std::string("\r\n$5\r\n"),
        every}) {
    SCALEKIT_EXPECT_OK(k.client().command({"SET", k.name(), value}));
    SCALEKIT_TRY(got, text(k.client(), {"GET", k.name()}));
    SCALEKIT_EXPECT(got == value);
    SCALEKIT_TRY(size, integer(k.client(), {"STRLEN", k.name()}));
    SCALEKIT_EXPECT(static_cast<std::size_t>(size) == value.size());
  }
  return {};
}

conformance_outcome large_value(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "large"));
  std::string value(std::size_t{16} << 20U, 'x');
  for (std::size_t i = 0; i < value.size(); i += 997) value[i] = static_cast<char>(i % 251);
  SCALEKIT_EXPECT_OK(k.client().command({"SET", k.name(), value}));
  SCALEKIT_TRY(got, text(k.client(), {"GET", k.name()}));
  SCALEKIT_EXPECT(got == value);
  return {};
}

conformance_outcome many_words(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "words"));
  std::vector<std::string> values;
  for (int i = 0; i < 10'000; ++i) values.push_back(std::to_string(i));
  std::vector<std::string_view> words{"RPUSH", k.name()};
  words.insert(words.end(), values.begin(), values.end());
  SCALEKIT_TRY(pushed, integer(k.client(), words));
  SCALEKIT_EXPECT(pushed == 10'000);
  SCALEKIT_TRY(all, k.client().command({"LRANGE", k.name(), "0", "-1"}));
  SCALEKIT_TRY(list, all.as_array());
  SCALEKIT_EXPECT(list.size() == values.size());
  for (std::size_t i = 0; i < list.size(); ++i) SCALEKIT_EXPECT(holds(list[i], values[i]));
  return {};
}

conformance_outcome nested_arrays(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  SCALEKIT_TRY(
      answer,
      r->command({"EVAL", "return {1, {2, {3, 'x'}, {}}, false, redis.status_reply('OK')}", "0"})
  );
  SCALEKIT_TRY(outer, answer.as_array());
  SCALEKIT_EXPECT(outer.size() == 4);
  SCALEKIT_EXPECT(holds(outer[0], 1));
  SCALEKIT_EXPECT(outer[2].is_null());
  SCALEKIT_EXPECT(outer[3].is_ok());
  SCALEKIT_TRY(inner, outer[1].as_array());
  SCALEKIT_EXPECT(inner.size() == 3);
  SCALEKIT_TRY(innermost, inner[1].as_array());
  SCALEKIT_EXPECT(innermost.size() == 2);
  SCALEKIT_EXPECT(holds(innermost[1], "x"));
  SCALEKIT_TRY(empty, inner[2].as_array());
  SCALEKIT_EXPECT(empty.empty());
  return {};
}

conformance_outcome error_in_array(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  SCALEKIT_TRY(answer, r->command({"EVAL", "return {7, redis.error_reply('OOM full'), 8}", "0"}));
  SCALEKIT_TRY(values, answer.as_array());
  SCALEKIT_EXPECT(values.size() == 3);
  SCALEKIT_EXPECT(holds(values[2], 8));
  SCALEKIT_EXPECT(values[1].is_error());
  SCALEKIT_EXPECT(values[1].failure().code() == errc::limit_exceeded);
  SCALEKIT_EXPECT_ERROR(errc::limit_exceeded, values[1].as_integer());
  return {};
}

conformance_outcome errors(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "errors"));
  SCALEKIT_EXPECT_OK(k.client().command({"SET", k.name(), "text"}));
  auto wrong = k.client().command({"LPUSH", k.name(), "x"});
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, wrong);
  SCALEKIT_EXPECT(wrong.error().message().starts_with("WRONGTYPE"));
  SCALEKIT_EXPECT(wrong.error().cause().system == "redis");
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, k.client().command({"SK_NO_SUCH_COMMAND"}));
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, k.client().command({"INCR", k.name()}));
  SCALEKIT_TRY(kept, text(k.client(), {"GET", k.name()}));
  SCALEKIT_EXPECT(kept == "text");
  return {};
}

conformance_outcome no_words(redis_fixture& fixture) {
  SCALEKIT_TRY(r, fixture.connect());
  SCALEKIT_EXPECT_ERROR(errc::invalid_argument, r->command({}));
  SCALEKIT_TRY(pong, text(*r, {"PING"}));
  SCALEKIT_EXPECT(pong == "PONG");
  return {};
}

conformance_outcome expiry(redis_fixture& fixture) {
  SCALEKIT_TRY(k, scratch_key::make(fixture, "expiry"));
  SCALEKIT_EXPECT_OK(k.client().command({"SET", k.name(), "x", "PX", "60000"}));
  SCALEKIT_TRY(left, integer(k.client(), {"PTTL", k.name()}));
  SCALEKIT_EXPECT(left > 0 && left <= 60'000);
  SCALEKIT_EXPECT_OK(k.client().command({"PERSIST", k.name()}));
  SCALEKIT_TRY(none, integer(k.client(), {"PTTL", k.name()}));
  SCALEKIT_EXPECT(none == -1);
  return {};
}

constexpr redis_conformance_case cases[] = {
    {"replies/status, text and null", status_text_null},
    {"replies/integers at both ends", integer_ends},
    {"replies/empty and binary values", odd_bytes},
    {"replies/a value of 16 MiB", large_value},
    {"replies/a command of 10,000 words", many_words},
    {"replies/nested arrays", nested_arrays},
    {"replies/an error inside an array", error_in_array},
    {"replies/errors have a meaning", errors},
    {"replies/a command without words is refused", no_words},
    {"replies/expiry in milliseconds", expiry},
};

}  // namespace

std::span<const redis_conformance_case> redis_reply_cases() { return cases; }

}  // namespace scalekit::inline v0::testing
