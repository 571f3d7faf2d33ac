// SPDX-License-Identifier: BSL-1.0
#include "http/session.hpp"

#include <scalekit/http/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace scalekit::inline v0::http {

namespace {

// Beyond `max_connections`, so many more are told so; any further ones are just closed.
constexpr std::size_t rejecting_at_once = 64;

error native(errc code, std::string what, error_code cause) {
  return {code, std::move(what) + ": " + cause.message(), {"errno", cause.value()}};
}

result<asio::ssl::context> load(const tls_files& files) {
  asio::ssl::context out(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(out.native_handle(), TLS1_2_VERSION);
  // OpenSSL's own asks on the terminal.
  SSL_CTX_set_default_passwd_cb(out.native_handle(), [](char*, int, int, void*) { return -1; });
  error_code failed;
  out.use_certificate_chain_file(files.certificate_chain, failed);
  if (failed) {
    return error(
        errc::invalid_argument,
        "TLS certificate '" + files.certificate_chain + "': " + failed.message()
    );
  }
  out.use_private_key_file(files.private_key, asio::ssl::context::pem, failed);
  if (failed || SSL_CTX_check_private_key(out.native_handle()) != 1) {
    return error(
        errc::invalid_argument,
        "TLS private key '" + files.private_key +
            "' cannot be read or does not belong to the certificate"
    );
  }
  return out;
}

}  // namespace

struct server::impl {
  explicit impl(server_options o)
      : io(static_cast<int>(std::max(o.io_threads, 1U))), acceptor(new_strand()) {
    core.options = std::move(o);
  }
  [[nodiscard]] asio::any_io_executor new_strand() { return asio::make_strand(io); }

  result<void> listen();
  void run_threads();
  void halt(std::chrono::milliseconds grace) noexcept;
  asio::awaitable<void> accept();
  void admit(tcp::socket socket);
  void forget(const std::shared_ptr<session>& s) noexcept;
  template <class F>
  void for_each_session(F f);

  server_core core;
  asio::io_context io;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::optional<asio::thread_pool> workers;
  tcp::acceptor acceptor;
  std::vector<std::thread> threads;

  std::atomic<std::uint16_t> port{0};
  enum class phase { fresh, running, stopping, stopped };
  std::mutex stop_mutex;  // one `start` or `stop` at a time
  mutable std::mutex mutex;
  std::condition_variable changed;
  phase now = phase::fresh;
  std::set<std::shared_ptr<session>> sessions;
};

result<void> server::impl::listen() {
  const auto& o = core.options;
  error_code failed;
  const auto address = asio::ip::make_address(o.address, failed);
  if (failed) {
    return error(
        errc::invalid_argument, "server: '" + o.address + "' is not a numeric IPv4 or IPv6 address"
    );
  }
  if (o.tls) {
    auto context = load(*o.tls);
    if (!context) return context.error();
    core.tls.emplace(std::move(*context));
  }
  const tcp::endpoint where(address, o.port);
  const auto what = "server: cannot listen on " + o.address + " port " + std::to_string(o.port);
  acceptor.open(where.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(where, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (!failed) port = acceptor.local_endpoint(failed).port();
  if (!failed) return {};
  error_code ignored;
  acceptor.close(ignored);
  const bool taken = failed == asio::error::address_in_use;
  return native(taken ? errc::conflict : errc::unavailable, what, failed);
}

void server::impl::run_threads() {
  workers.emplace(std::max(core.options.worker_threads, 1U));
  core.worker = [this](std::function<void()> task) { asio::post(*workers, std::move(task)); };
  work.emplace(asio::make_work_guard(io));
  asio::co_spawn(acceptor.get_executor(), accept(), asio::detached);
  for (unsigned i = 0; i < std::max(core.options.io_threads, 1U); ++i) {
    threads.emplace_back([this] {
      while (!io.stopped()) {
        try {
          io.run();
        } catch (const std::exception& e) {
          core.log(log_level::error, std::string("server: exception: ") + e.what());
        }
      }
    });
  }
}

asio::awaitable<void> server::impl::accept() {
  asio::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    auto [failed, socket] = co_await acceptor.async_accept(new_strand(), awaited);
    if (failed == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (failed) {
      // Out of descriptors, most likely: the connection stays in the backlog meanwhile.
      core.log(log_level::warning, "server: accept: " + failed.message());
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(awaited);
      continue;
    }
    try {
      admit(std::move(socket));
    } catch (const std::exception& e) {
      core.log(log_level::error, std::string("server: accept: ") + e.what());
    }
  }
}

void server::impl::admit(tcp::socket socket) {
  auto s = std::make_shared<session>(core, std::move(socket));
  bool room = false;
  {
    const std::lock_guard lock(mutex);
    if (now != phase::running) return;
    room = sessions.size() < core.options.max_connections;
    ++(room ? core.accepted : core.rejected);
    if (sessions.size() >= core.options.max_connections + rejecting_at_once) return;
    sessions.insert(s);
  }
  asio::co_spawn(s->executor(), room ? s->run() : s->reject(), [this, s](std::exception_ptr e) {
    if (e) core.log(log_level::error, "server: a connection ended in an exception");
    forget(s);
  });
}

void server::impl::forget(const std::shared_ptr<session>& s) noexcept {
  const std::lock_guard lock(mutex);
  sessions.erase(s);
  changed.notify_all();
}

template <class F>
void server::impl::for_each_session(F f) {
  const std::lock_guard lock(mutex);
  for (const auto& s : sessions) f(*s);
}

server::server(server_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

server::~server() { stop(std::chrono::milliseconds(0)); }

result<void> server::route(std::string_view method, std::string_view pattern, handler_fn handler) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->now != impl::phase::fresh) {
    return error(errc::invalid_argument, "server: routes are added before start");
  }
  return impl_->core.routes.add(method, pattern, {std::move(handler), nullptr});
}

result<void> server::route(std::string_view pattern, export_endpoint& endpoint) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->now != impl::phase::fresh) {
    return error(errc::invalid_argument, "server: routes are added before start");
  }
  return impl_->core.routes.add("GET", pattern, {{}, &endpoint});
}

void server::impl::halt(std::chrono::milliseconds grace) noexcept {
  {
    const std::lock_guard lock(mutex);
    if (now != phase::running) return;
    now = phase::stopping;
  }
  asio::post(acceptor.get_executor(), [this] {
    error_code ignored;
    acceptor.close(ignored);
  });
  const auto none_left = [this] { return sessions.empty(); };
  for_each_session([](session& s) { s.end_when_idle(); });
  {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, grace, none_left);
  }
  for_each_session([](session& s) { s.cut_off(); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, none_left);
    now = phase::stopped;
  }
  work.reset();  // the threads end once the last handler has run
  for (auto& t : threads) t.join();
  if (workers) workers->join();
}

result<void> server::start() {
  const std::lock_guard one(impl_->stop_mutex);
  if (impl_->now != impl::phase::fresh) {
    return error(errc::invalid_argument, "server: started before");
  }
  try {
    if (auto up = impl_->listen(); !up) return up;
    {
      const std::lock_guard lock(impl_->mutex);
      impl_->now = impl::phase::running;
    }
    impl_->run_threads();
  } catch (const std::runtime_error& e) {  // no thread, no TLS context
    impl_->halt(std::chrono::milliseconds(0));
    return error(errc::unavailable, std::string("server: cannot start: ") + e.what());
  }
  return {};
}

void server::stop(std::chrono::milliseconds grace) noexcept {
  const std::lock_guard one(impl_->stop_mutex);
  impl_->halt(grace);
}

std::uint16_t server::port() const noexcept { return impl_->port; }

server_stats server::stats() const noexcept {
  const auto& core = impl_->core;
  const std::lock_guard lock(impl_->mutex);
  return {impl_->sessions.size(), core.accepted, core.rejected, core.requests};
}

}  // namespace scalekit::inline v0::http
