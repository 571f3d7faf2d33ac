// SPDX-License-Identifier: BSL-1.0
#include <scalekit/ports/redis.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <limits>
#include <thread>

using namespace scalekit;
using redis::reply;

namespace {

/// Answers as it was told to, and remembers what it was asked.
class scripted final : public redis::commander {
 public:
  explicit scripted(std::deque<result<reply>> answers) : answers_(std::move(answers)) {}
  result<reply> command(redis::arguments words) override {
    asked.emplace_back(words.begin(), words.end());
    if (answers_.empty()) return error(errc::internal, "nothing left to answer");
    auto next = std::move(answers_.front());
    answers_.pop_front();
    return next;
  }
  std::vector<std::vector<std::string>> asked;

 private:
  std::deque<result<reply>> answers_;
};

const std::string digest = "0123456789abcdef0123456789abcdef01234567";

reply text(std::string t) { return reply(std::move(t)); }
reply integer(std::int64_t n) { return reply(n); }

}  // namespace

TEST_CASE("a reply tells its kind, and gives nothing else") {
  std::vector<reply> three;
  three.push_back(integer(1));
  three.push_back(text("x"));
  three.emplace_back();
  const reply array(std::move(three));
  CHECK(reply().is_null());
  CHECK(reply().kind() == reply::kind::null);
  CHECK(integer(5).kind() == reply::kind::integer);
  CHECK(
      *integer(std::numeric_limits<std::int64_t>::min()).as_integer() ==
      std::numeric_limits<std::int64_t>::min()
  );
  CHECK(*text(std::string("a\0b", 3)).as_text() == std::string_view("a\0b", 3));
  CHECK(array.as_array()->size() == 3);
  CHECK((*array.as_array())[2].is_null());
  CHECK(text("OK").is_ok());
  CHECK_FALSE(text("ok").is_ok());
  CHECK_FALSE(integer(1).is_ok());

  const auto wrong = text("12").as_integer();
  REQUIRE(!wrong);
  CHECK(wrong.error().code() == errc::data_corrupted);
  CHECK(wrong.error().message() == "the answer is of kind text, expected integer");
  CHECK(reply().as_text().error().message() == "the answer is of kind null, expected text");
  CHECK(integer(1).as_array().error().message() == "the answer is of kind integer, expected array");
}

TEST_CASE("a reply that is an error gives that error to whoever wants a value") {
  const reply failed(redis::to_error("OOM command not allowed"));
  CHECK(failed.is_error());
  CHECK(failed.failure().code() == errc::limit_exceeded);
  CHECK(failed.as_integer().error().code() == errc::limit_exceeded);
  CHECK(failed.as_text().error().message() == "OOM command not allowed");
  CHECK(failed.as_array().error().code() == errc::limit_exceeded);
  CHECK_FALSE(failed.is_ok());
}

TEST_CASE("what servers say has a meaning") {
  const auto meaning = [](std::string_view answer) { return redis::to_error(answer).code(); };
  CHECK(meaning("ERR unknown command 'FOO'") == errc::invalid_argument);
  CHECK(meaning("WRONGTYPE Operation against a key") == errc::invalid_argument);
  CHECK(meaning("CROSSSLOT Keys in request don't hash") == errc::invalid_argument);
  CHECK(meaning("EXECABORT Transaction discarded") == errc::invalid_argument);
  CHECK(meaning("MYOWN error of a script") == errc::invalid_argument);
  CHECK(meaning("") == errc::invalid_argument);
  CHECK(meaning("NOAUTH Authentication required.") == errc::unauthenticated);
  CHECK(meaning("WRONGPASS invalid username-password pair") == errc::unauthenticated);
  CHECK(meaning("ERR invalid password") == errc::unauthenticated);
  CHECK(meaning("NOPERM this user has no permissions") == errc::unauthenticated);
  CHECK(meaning("OOM command not allowed") == errc::limit_exceeded);
  CHECK(meaning("BUSY Redis is busy running a script") == errc::busy);
  CHECK(meaning("BUSYKEY Target key name already exists.") == errc::conflict);
  CHECK(meaning("BUSYGROUP Consumer Group name already exists") == errc::conflict);
  CHECK(meaning("TRYAGAIN Multiple keys request during rehashing") == errc::busy);
  CHECK(meaning("LOADING Redis is loading the dataset in memory") == errc::unavailable);
  CHECK(meaning("READONLY You can't write against a read only replica.") == errc::unavailable);
  CHECK(meaning("CLUSTERDOWN Hash slot not served") == errc::unavailable);
  CHECK(meaning("MASTERDOWN Link with MASTER is down") == errc::unavailable);
  CHECK(meaning("ERR max number of clients reached") == errc::unavailable);
  CHECK(meaning("MOVED 3999 127.0.0.1:6381") == errc::not_supported);
  CHECK(meaning("ASK 3999 127.0.0.1:6381") == errc::not_supported);
  CHECK(meaning("NOSCRIPT No matching script.") == errc::not_found);
  CHECK(redis::to_error("WRONGTYPE x").message() == "WRONGTYPE x");
  CHECK(redis::to_error("WRONGTYPE x").cause().system == "redis");
}

TEST_CASE("an error inside a script is told from the script's own, as Redis 6 words it") {
  const auto meaning = [](std::string_view answer) { return redis::to_error(answer).code(); };
  const std::string start = "ERR Error running script (call to f_0123): @user_script:1: ";
  CHECK(meaning(start + "@user_script: 1: -OOM command not allowed") == errc::limit_exceeded);
  CHECK(meaning(start + "@user_script: 1: -READONLY You can't write") == errc::unavailable);
  CHECK(meaning(start + "WRONGTYPE Operation against a key") == errc::invalid_argument);
  CHECK(meaning(start + "attempt to index a nil value") == errc::invalid_argument);
}

TEST_CASE("hash slots are those of the cluster specification") {
  CHECK(redis::hash_slot("123456789") == 0x31C3);
  CHECK(redis::hash_slot("") == 0);
  CHECK(redis::hash_slot("foo") == 12182);
  CHECK(redis::hash_slot("bar") == 5061);
  CHECK(redis::hash_slot("{user1000}.following") == redis::hash_slot("{user1000}.followers"));
  CHECK(redis::hash_slot("{user1000}.following") == redis::hash_slot("user1000"));
  CHECK(redis::hash_slot("foo{bar}{zap}") == redis::hash_slot("bar"));
  CHECK(redis::hash_slot("foo{{bar}}zap") == redis::hash_slot("{bar"));
  // An empty tag is none, nor is one that does not end: the whole key counts.
  CHECK(redis::hash_slot("foo{}{bar}") == 8363);
  CHECK(redis::hash_slot("foo{}{bar}") != redis::hash_slot("bar"));
  CHECK(redis::hash_slot("foo{bar") != redis::hash_slot("bar"));
}

TEST_CASE("a script is loaded once, then run by its digest") {
  scripted r({text(digest), integer(1), integer(2)});
  redis::script s("return 1");
  CHECK(*s.run(r, {"{k}:a", "{k}:b"}, {"x"})->as_integer() == 1);
  CHECK(*s.run(r, {})->as_integer() == 2);
  using words = std::vector<std::string>;
  CHECK(
      r.asked ==
      std::vector<words>{
          {"SCRIPT", "LOAD", "return 1"},
          {"EVALSHA", digest, "2", "{k}:a", "{k}:b", "x"},
          {"EVALSHA", digest, "0"}}
  );
}

TEST_CASE("a server that has forgotten the script gets its text, once") {
  scripted r({text(digest), redis::to_error("NOSCRIPT No matching script."), integer(1)});
  redis::script s("return 1");
  CHECK(*s.run(r, {"k"}, {"x"})->as_integer() == 1);
  CHECK(r.asked.back() == std::vector<std::string>{"EVAL", "return 1", "1", "k", "x"});

  scripted again(
      {redis::to_error("NOSCRIPT No matching script."), redis::to_error("NOSCRIPT still not")}
  );
  CHECK(s.run(again, {}).error().code() == errc::not_found);
  CHECK(again.asked.size() == 2);
}

TEST_CASE("a script whose answer was lost is not sent again") {
  scripted r({text(digest), error(errc::outcome_unknown, "lost")});
  redis::script s("return 1");
  CHECK(s.run(r, {}).error().outcome_unknown());
  CHECK(r.asked.size() == 2);
}

TEST_CASE("a script whose digest was lost was not sent, and may be tried again") {
  scripted r({error(errc::outcome_unknown, "no answer", {"redis", 0}), text(digest), integer(1)});
  redis::script s("return 1");
  const auto unsent = s.run(r, {});
  REQUIRE(!unsent);
  CHECK(unsent.error().code() == errc::unavailable);
  CHECK(unsent.error().message() == "the script was not sent: no answer");
  CHECK(unsent.error().cause().system == "redis");
  CHECK(r.asked.size() == 1);
  CHECK(*s.run(r, {})->as_integer() == 1);
}

TEST_CASE("a digest that could not be learnt is asked for next time") {
  scripted r({error(errc::unavailable), text("not a digest"), integer(5), text(digest), integer(1)}
  );
  redis::script s("return 1");
  CHECK(s.run(r, {}).error().code() == errc::unavailable);
  CHECK(s.run(r, {}).error().code() == errc::data_corrupted);
  CHECK(s.run(r, {}).error().code() == errc::data_corrupted);
  CHECK(*s.run(r, {})->as_integer() == 1);
}

TEST_CASE("keys of two slots are refused before anything is sent, and both are named") {
  scripted r({});
  redis::script s("return 1");
  const auto refused = s.run(r, {"{a}:1", "{a}:2", std::string_view("b\0\n\"", 4)});
  REQUIRE(!refused);
  CHECK(refused.error().code() == errc::invalid_argument);
  CHECK(refused.error().message().find("\"{a}:1\" and \"b??\"\"") != std::string::npos);
  CHECK(r.asked.empty());
  CHECK(s.run(r, {"a", std::string(500, 'x')}).error().message().size() < 300);
}

TEST_CASE("the first uses of a script may come all at once") {
  class counting final : public redis::commander {
   public:
    result<reply> command(redis::arguments words) override {
      if (words[0] == "SCRIPT") ++loads;
      return words[0] == "SCRIPT" || words[1] == digest ? text(digest) : text("another digest");
    }
    std::atomic<int> loads{0};
  } r;
  redis::script s("return 1");
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        auto answer = s.run(r, {"k"});
        if (answer && answer->as_text() && *answer->as_text() == digest) ++right;
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(right == 8000);
  CHECK(r.loads >= 1);
  CHECK(r.loads <= 8);
}

TEST_CASE("without a pipeline of its own, a client sends one command after another") {
  scripted r({integer(1), redis::to_error("WRONGTYPE x"), integer(3)});
  const std::string_view incr[] = {"INCR", "a"};
  const redis::arguments commands[] = {incr, incr, incr};
  const auto replies = r.pipeline(commands);
  REQUIRE(replies);
  REQUIRE(replies->size() == 3);
  CHECK(*(*replies)[0].as_integer() == 1);
  CHECK((*replies)[1].failure().code() == errc::invalid_argument);
  CHECK(*(*replies)[2].as_integer() == 3);
  CHECK(r.pipeline({})->empty());
}

TEST_CASE("it ends there where an outcome is unknown, and where nothing can be sent") {
  const std::string_view incr[] = {"INCR", "a"};
  const redis::arguments commands[] = {incr, incr, incr};
  scripted lost({integer(1), error(errc::outcome_unknown), integer(3)});
  CHECK(lost.pipeline(commands).error().outcome_unknown());
  CHECK(lost.asked.size() == 2);
  scripted down({error(errc::unavailable, "down")});
  CHECK(down.pipeline(commands).error().code() == errc::unavailable);
  CHECK(down.asked.size() == 1);
}

TEST_CASE("it refuses a transaction it could not hold together") {
  scripted r({});
  const std::string_view multi[] = {"mUlTi"};
  const std::string_view set[] = {"SET", "a", "1"};
  const redis::arguments commands[] = {set, multi};
  CHECK(r.pipeline(commands).error().code() == errc::not_supported);
  CHECK(r.asked.empty());
}
