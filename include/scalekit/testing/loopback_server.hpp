// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_LOOPBACK_SERVER_HPP
#define SCALEKIT_TESTING_LOOPBACK_SERVER_HPP

#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace scalekit::inline v0::testing {

/// \brief A TCP server on 127.0.0.1 that says exactly what it is told, on a thread for each
/// connection: for tests of clients against what no decent server does.
///
/// Every wait ends after 30 s, or when the server is destroyed.
///
/// \code
/// auto server = testing::loopback_server::start([](testing::loopback_server::peer& p) {
///   if (!p.request().empty()) p.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal");
/// });
/// \endcode
///
/// \par Thread-safety  Safe for concurrent calls; the handler is called from many threads.
class SCALEKIT_EXPORT loopback_server {
 public:
  /// \brief One connection, seen from the server.
  /// \par Thread-safety  Its handler's thread alone.
  class SCALEKIT_EXPORT peer {
   public:
    peer(int fd, int number) noexcept : fd_(fd), number_(number) {}
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;
    ~peer() { close(); }

    /// \brief The n-th connection, from 0.
    [[nodiscard]] int number() const noexcept { return number_; }
    /// \brief Head and body (by its `Content-Length`) of the next HTTP request; empty if there is
    /// none.
    std::string request();
    /// \brief False if the client does not take it.
    bool send(std::string_view text);
    /// \brief Waits until the client has closed; what it sends until then is dropped.
    void wait_until_gone();
    /// \brief Waits for the server's end, and reads nothing.
    void ignore();
    /// \brief No more will be sent, though more is read.
    void half_close();
    void close();
    /// \brief Closes with a reset.
    void reset();
    [[nodiscard]] int fd() const noexcept { return fd_; }

   private:
    friend class loopback_server;
    bool fill();
    void end();
    int fd_;
    int number_;
    std::string pending_;
    std::mutex mutex_;  // fd_ closes only under it, so that no other is shut down
    std::condition_variable ended_;
    bool is_over_ = false;
  };

  /// Closes the connection when it returns.
  using handler = std::function<void(peer&)>;

  /// \param receive_buffer  of each connection, in bytes; 0: the system's choice
  /// \par Errors `unavailable`: it cannot listen.
  [[nodiscard]] static result<std::unique_ptr<loopback_server>> start(
      handler h, int receive_buffer = 0
  );
  loopback_server(const loopback_server&) = delete;
  loopback_server& operator=(const loopback_server&) = delete;
  ~loopback_server();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// \brief Connections made so far.
  [[nodiscard]] int connections() const;
  /// \brief `http://127.0.0.1:port` and this path.
  [[nodiscard]] std::string url(std::string_view path = "/") const;

 private:
  struct served {
    explicit served(int fd, int number) : who(fd, number) {}
    peer who;
    std::thread thread;
  };
  loopback_server(handler h, int listener, std::uint16_t port);
  void accept_all();

  const handler handler_;
  const int listener_;
  const std::uint16_t port_;
  mutable std::mutex mutex_;  // guards what follows
  bool closing_ = false;
  std::list<served> peers_;
  std::thread acceptor_;
};

}  // namespace scalekit::inline v0::testing

#endif
