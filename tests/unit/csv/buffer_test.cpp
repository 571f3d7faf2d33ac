// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/buffer.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <utility>

using scalekit::csv::buffer;

TEST_CASE("a buffer grows, keeps what is in it, and keeps its memory when cleared") {
  buffer b;
  CHECK(b.empty());
  CHECK(b.size() == 0);
  CHECK(b.view().empty());
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    const std::string piece = std::to_string(i) + ';';
    b.append(piece);
    expected += piece;
  }
  CHECK(b.view() == expected);
  const std::size_t capacity = b.capacity();
  CHECK(capacity >= expected.size());
  const char* const memory = b.data();
  b.clear();
  CHECK(b.empty());
  CHECK(b.capacity() == capacity);
  CHECK(b.data() == memory);
}

TEST_CASE("what prepare returns may be overrun by the slack") {
  buffer b;
  for (std::size_t n = 0; n < 9000; n += 37) {
    char* p = b.prepare(n);
    std::memset(p, 'x', n + buffer::slack);
    b.commit(n);
  }
  CHECK(b.view().find_first_not_of('x') == std::string_view::npos);
}

TEST_CASE("prepare_at takes over what was written before it grows") {
  buffer b;
  char* p = b.prepare(3);
  std::memcpy(p, "abc", 3);
  p = b.prepare_at(p + 3, 1'000'000);
  CHECK(b.view() == "abc");
  *p = 'd';
  b.commit_to(p + 1);
  CHECK(b.view() == "abcd");
}

TEST_CASE("a buffer that was moved from is empty and usable") {
  buffer a;
  a.append("one");
  buffer b = std::move(a);
  CHECK(b.view() == "one");
  CHECK(a.empty());  // NOLINT(bugprone-use-after-move): that is what is promised
  a.append("two");
  CHECK(a.view() == "two");
  a = std::move(b);
  CHECK(a.view() == "one");
}
