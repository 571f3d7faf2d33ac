// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_WIRE_HPP
#define SCALEKIT_SRC_HTTP_WIRE_HPP

#include <scalekit/http/export_endpoint.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace scalekit::inline v0::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::error_code;
using tcp = asio::ip::tcp;

// Coroutines here keep to what GCC 12 compiles correctly: no co_await inside && or ?:, and no
// temporary with a destructor inside an expression that awaits (it may be destroyed twice).
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

/// Up to four pieces that go out as one write.
using wire_buffers = std::array<asio::const_buffer, 4>;

struct io_result {
  error_code failed;
  std::size_t size = 0;
};

inline asio::const_buffer piece(std::string_view text) noexcept {
  return asio::buffer(text.data(), text.size());
}

/// \brief A connection's bytes, plain or TLS, with deadlines that cancel and do not close: so that
/// a 408 can still be sent, and a reset be chosen.
///
/// One operation of each direction at a time, all on the stream's executor.
class wire {
 public:
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;
  virtual ~wire();

  virtual asio::awaitable<io_result> read_some(asio::mutable_buffer into) = 0;
  virtual asio::awaitable<io_result> write_some(const wire_buffers& from) = 0;

  /// Sends all of it; `timed_out` once nothing has moved for `stall`.
  asio::awaitable<error_code> send(wire_buffers from, std::chrono::milliseconds stall);

  [[nodiscard]] beast::tcp_stream& stream() noexcept { return stream_; }
  [[nodiscard]] tcp::socket& socket() noexcept { return stream_.socket(); }

  /// From now on every way the connection can end, the death of the process included, resets it.
  void reset_on_close(bool on) noexcept;
  void close() noexcept;
  /// True once the peer has said that it will send no more, whatever is still unread.
  [[nodiscard]] bool peer_gone() noexcept;

 protected:
  explicit wire(beast::tcp_stream& lowest);

 private:
  beast::tcp_stream& stream_;
};

/// Cancels what runs on a socket when the time is up, unless disarmed.
class deadline {
 public:
  explicit deadline(wire& w);
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;
  ~deadline() { disarm(); }

  void arm(std::chrono::milliseconds wait);
  void disarm() noexcept;
  [[nodiscard]] bool expired() const noexcept { return state_->expired; }

 private:
  struct state {
    explicit state(wire& w) : target(&w), timer(w.stream().get_executor()) {}
    wire* target;  // not touched once the generation has moved on
    asio::steady_timer timer;
    unsigned generation = 0;
    bool expired = false;
  };
  std::shared_ptr<state> state_;
};

template <class Stream>
class stream_wire final : public wire {
 public:
  explicit stream_wire(Stream& s) : wire(beast::get_lowest_layer(s)), layer_(s) {}

  asio::awaitable<io_result> read_some(asio::mutable_buffer into) override {
    const auto [failed, n] = co_await layer_.async_read_some(into, awaited);
    co_return io_result{failed, n};
  }
  asio::awaitable<io_result> write_some(const wire_buffers& from) override {
    const auto [failed, n] = co_await layer_.async_write_some(from, awaited);
    co_return io_result{failed, n};
  }

 private:
  Stream& layer_;
};

/// Runs `f` on a worker and comes back to the caller's executor with what it returned. The
/// coroutine may be destroyed meanwhile, so `f` must own all it touches. `f` must not throw.
template <class F>
asio::awaitable<std::invoke_result_t<F&>> on_worker(const worker_fn& run, F f) {
  using value = std::invoke_result_t<F&>;
  const auto executor = co_await asio::this_coro::executor;
  auto start = [&run, executor](auto handler, F work) {
    struct task {
      decltype(handler) done;
      F work;
      // Keeps the event loop from running dry while the worker is busy.
      asio::executor_work_guard<asio::any_io_executor> guard;
    };
    auto t = std::make_shared<task>(task{
        std::move(handler), std::move(work), asio::make_work_guard(executor)});
    run([t] {
      auto out = std::make_shared<value>(t->work());
      asio::post(t->guard.get_executor(), [t, out] { std::move(t->done)(std::move(*out)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(value)>(
      std::move(start), asio::use_awaitable, std::move(f)
  );
}

}  // namespace scalekit::inline v0::http

#endif
