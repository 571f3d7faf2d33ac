// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTING_LOOPBACK_SERVER_HPP
#define SCALEKIT_TESTING_LOOPBACK_SERVER_HPP

#include <scalekit/clock.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <chrono>
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
/// Every call of a peer ends after 30 s (`patience`), however the client drips, or when the server
/// is destroyed.
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
    peer(int fd, int number, duration patience) noexcept
        : fd_(fd), number_(number), patience_(patience) {}
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
    [[nodiscard]] steady_time deadline() const;
    [[nodiscard]] bool is_ready(short events, steady_time until) const;
    bool fill(steady_time until);
    void end();
    int fd_;
    int number_;
    duration patience_;
    std::string pending_;
    std::mutex mutex_;  // fd_ closes only under it, so that no other is shut down
    std::condition_variable ended_;
    bool is_over_ = false;
  };

  /// Closes the connection when it returns.
  using handler = std::function<void(peer&)>;

  /// \param receive_buffer  of each connection, in bytes; 0: the system's choice
  /// \param patience  how long each call of a peer may take
  /// \par Errors `unavailable`: it cannot listen.
  [[nodiscard]] static result<std::unique_ptr<loopback_server>> start(
      handler h, int receive_buffer = 0, duration patience = std::chrono::seconds(30)
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
    served(int fd, int number, duration patience) : who(fd, number, patience) {}
    peer who;
    std::thread thread;
    bool is_over = false;
  };
  loopback_server(handler h, int listener, std::uint16_t port, duration patience);
  void accept_all();
  void join_ended();

  const handler handler_;
  const int listener_;
  const std::uint16_t port_;
  const duration patience_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool closing_ = false;
  int accepted_ = 0;
  std::list<served> peers_;
  std::thread acceptor_;
};

}  // namespace scalekit::inline v0::testing

#endif
