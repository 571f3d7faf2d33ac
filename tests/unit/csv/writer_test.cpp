// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/writer.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace csv = scalekit::csv;
using scalekit::errc;
using scalekit::result;

namespace {

/// A pipe whose ends close themselves.
struct pipe_ends {
  pipe_ends() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    in = ends[0];
    out = ends[1];
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close(in);
    close(out);
  }
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  int in = -1;
  int out = -1;
};

std::string read_all(int fd) {
  std::string all;
  std::array<char, 4096> piece{};
  for (ssize_t n = 0; (n = ::read(fd, piece.data(), piece.size())) > 0;) {
    all.append(piece.data(), static_cast<std::size_t>(n));
  }
  return all;
}

}  // namespace

TEST_CASE("to memory") {
  std::string file;
  auto made = csv::writer<csv::memory_sink>::make(csv::memory_sink(file));
  REQUIRE(made);
  const std::vector<std::string> names{"id", "name"};
  REQUIRE(made->header(names));
  REQUIRE(made->row_of(1, "a,b"));
  const std::array<scalekit::sql::value_view, 2> values{2, nullptr};
  REQUIRE(made->row(values));
  CHECK(file.empty());
  CHECK(made->size() == 19);
  CHECK(made->rows() == 2);
  REQUIRE(made->flush());
  CHECK(file == "id,name\n1,\"a,b\"\n2,\n");
  CHECK(made->size() == file.size());
  REQUIRE(made->flush());
  CHECK(file.size() == 19);
}

TEST_CASE("a contradictory dialect makes no writer") {
  std::string file;
  const auto made = csv::writer<csv::memory_sink>::make(csv::memory_sink(file), {.delimiter = '"'});
  REQUIRE_FALSE(made);
  CHECK(made.error().code() == errc::invalid_argument);
}

TEST_CASE("pieces are as large as asked and end at a row") {
  std::vector<std::string> pieces;
  auto keep = [&](std::string_view data) -> result<void> {
    pieces.emplace_back(data);
    return {};
  };
  auto made = csv::writer<decltype(keep)>::make(keep, {}, 1000);
  REQUIRE(made);
  for (int i = 0; i < 1000; ++i) REQUIRE(made->row_of(i, "some text"));
  REQUIRE(made->flush());
  REQUIRE(pieces.size() > 10);
  std::string whole;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i + 1 < pieces.size()) CHECK(pieces[i].size() >= 1000);
    CHECK(pieces[i].size() < 1020);
    CHECK(pieces[i].back() == '\n');
    whole += pieces[i];
  }
  CHECK(whole.size() == made->size());
  CHECK(whole.ends_with("999,some text\n"));
}

TEST_CASE("after the sink failed, every call says so and nothing more is given to it") {
  int calls = 0;
  auto failing = [&](std::string_view) -> result<void> {
    if (++calls == 2) return scalekit::error(errc::limit_exceeded, "full");
    return {};
  };
  auto made = csv::writer<decltype(failing)>::make(failing, {}, 1);
  REQUIRE(made);
  CHECK(made->row_of(1));
  CHECK(made->row_of(2).error().code() == errc::limit_exceeded);
  CHECK(made->row_of(3).error().message() == "full");
  CHECK(made->row({}).error().code() == errc::limit_exceeded);
  CHECK(made->header(std::span<const std::string>()).error().code() == errc::limit_exceeded);
  CHECK(made->flush().error().code() == errc::limit_exceeded);
  CHECK(calls == 2);
}

TEST_CASE("a pipe smaller than the data: partial writes and a non-blocking descriptor") {
  for (const bool non_blocking : {false, true}) {
    pipe_ends pipe;
    if (non_blocking) REQUIRE(::fcntl(pipe.out, F_SETFL, O_NONBLOCK) == 0);
    const std::string data(4'000'000, 'x');
    std::string received;
    std::thread reader([&] { received = read_all(pipe.in); });
    const auto sent = csv::fd_sink(pipe.out)(data);
    pipe_ends::close(pipe.out);
    reader.join();
    CHECK(sent);
    CHECK(received == data);
  }
}

TEST_CASE("signals do not cut a write") {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // without SA_RESTART, so that write is interrupted
  struct sigaction before {};
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  pipe_ends pipe;
  const std::string data(4'000'000, 'y');
  const pthread_t writer = ::pthread_self();
  std::string received;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::array<char, 4096> piece{};
    for (ssize_t n = 0; (n = ::read(pipe.in, piece.data(), piece.size())) > 0;) {
      received.append(piece.data(), static_cast<std::size_t>(n));
      if (!done) ::pthread_kill(writer, SIGUSR1);
    }
  });
  const auto sent = csv::fd_sink(pipe.out)(data);
  done = true;
  pipe_ends::close(pipe.out);
  reader.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  CHECK(sent);
  CHECK(received == data);
}

TEST_CASE("errors of a descriptor") {
  const auto closed = csv::fd_sink(-1)("x");
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code() == errc::invalid_argument);
  CHECK(closed.error().cause().system == "errno");
  CHECK(closed.error().cause().code == EBADF);
  CHECK(csv::fd_sink(-1)(""));

  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full >= 0) {
    const auto no_space = csv::fd_sink(full)("x");
    ::close(full);
    REQUIRE_FALSE(no_space);
    CHECK(no_space.error().code() == errc::limit_exceeded);
    CHECK(no_space.error().cause().code == ENOSPC);
  }

  const auto ignore_before = std::signal(SIGPIPE, SIG_IGN);
  pipe_ends pipe;
  pipe_ends::close(pipe.in);
  const auto broken = csv::fd_sink(pipe.out)("x");
  std::signal(SIGPIPE, ignore_before);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code() == errc::unavailable);
  CHECK(broken.error().cause().code == EPIPE);
}

TEST_CASE("to a file") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  auto made = csv::writer<csv::fd_sink>::make(csv::fd_sink(::fileno(file)));
  REQUIRE(made);
  for (int i = 0; i < 100'000; ++i) REQUIRE(made->row_of(i, "text"));
  REQUIRE(made->flush());
  REQUIRE(::lseek(::fileno(file), 0, SEEK_SET) == 0);
  const std::string back = read_all(::fileno(file));
  std::fclose(file);
  CHECK(back.size() == made->size());
  CHECK(back.starts_with("0,text\n1,text\n"));
  CHECK(back.ends_with("99999,text\n"));
}
