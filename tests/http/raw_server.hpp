// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_HTTP_RAW_SERVER_HPP
#define SCALEKIT_TESTS_HTTP_RAW_SERVER_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace scalekit::test {

/// A server that says exactly what it is told, on a thread for each connection. Every wait ends
/// after 30 s, or when the server is destroyed.
class raw_server {
 public:
  /// One connection, seen from the server.
  class peer {
   public:
    peer(int fd, int number) noexcept : fd_(fd), number_(number) {}
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;
    ~peer() { close(); }

    /// The n-th connection, from 0.
    [[nodiscard]] int number() const noexcept { return number_; }
    /// Head and body (by its `Content-Length`) of the next request; empty if there is none.
    std::string request();
    /// False if the client does not take it.
    bool send(std::string_view text);
    /// Waits until the client has closed; what it sends until then is dropped.
    void wait_until_gone();
    /// No more will be sent, though more is read.
    void half_close();
    void close();
    /// Closes with a reset.
    void reset();
    [[nodiscard]] int fd() const noexcept { return fd_; }

   private:
    friend class raw_server;
    bool fill();
    void end();
    int fd_;
    int number_;
    std::string pending_;
    std::mutex mutex_;  // fd_ closes only under it, so that no other is shut down
  };

  /// Closes the connection when it returns.
  using handler = std::function<void(peer&)>;
  explicit raw_server(handler h, int receive_buffer = 0);
  raw_server(const raw_server&) = delete;
  raw_server& operator=(const raw_server&) = delete;
  ~raw_server();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Connections made so far.
  [[nodiscard]] int connections() const;
  /// `http://127.0.0.1:port` and this path.
  [[nodiscard]] std::string url(std::string_view path = "/") const;

 private:
  struct served {
    explicit served(int fd, int number) : who(fd, number) {}
    peer who;
    std::thread thread;
  };
  void accept_all();

  handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  bool closing_ = false;
  std::list<served> peers_;
  std::thread acceptor_;
};

}  // namespace scalekit::test

#endif
