// SPDX-License-Identifier: BSL-1.0
#include "http/export_run.hpp"

#include "http/export_job.hpp"

#include <scalekit/timestamp.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include <array>
#include <charconv>
#include <exception>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

using asio::experimental::awaitable_operators::operator&&;

constexpr std::chrono::milliseconds look_again(50);

/// What a worker step came to, exceptions of the host's callbacks included.
template <class F>
auto guarded(F f) -> result<std::invoke_result_t<F&>> {
  try {
    return f();
  } catch (const std::exception& e) {
    return error(errc::internal, std::string("exception: ") + e.what());
  } catch (...) {
    return error(errc::internal, "exception of an unknown type");
  }
}

export_head head_of(response r) {
  return {.status = r.status, .headers = std::move(r.headers), .body = std::move(r.body)};
}

/// `size` in hex and the line end that follows it: how a chunk begins.
class chunk_prefix {
 public:
  explicit chunk_prefix(std::size_t size) noexcept {
    auto* const end = std::to_chars(text_.data(), text_.data() + 16, size, 16).ptr;
    end[0] = '\r';
    end[1] = '\n';
    size_ = static_cast<std::size_t>(end - text_.data()) + 2;
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 18> text_;
  std::size_t size_;
};

/// \brief One export on one connection: a body that is written, and a watch over the client.
class export_run : public std::enable_shared_from_this<export_run> {
 public:
  export_run(
      std::shared_ptr<export_endpoint::impl> endpoint,
      wire& w,
      request what,
      worker_fn worker,
      bool keep_alive
  )
      : endpoint_(std::move(endpoint)),
        wire_(w),
        worker_(std::move(worker)),
        keep_alive_(keep_alive),
        head_only_(what.method == "HEAD"),
        began_(endpoint_->time().steady_now()),
        timer_(w.stream().get_executor()),
        job_(std::make_shared<export_job>(endpoint_, std::move(what), worker_)) {}

  asio::awaitable<served> serve();

 private:
  asio::awaitable<void> watch();
  asio::awaitable<void> run();
  asio::awaitable<void> body();
  asio::awaitable<void> stream();
  asio::awaitable<void> answer();
  asio::awaitable<bool> send_chunk(std::string_view before, bool last);
  asio::awaitable<result<void>> make();
  void sent(error_code failed, std::size_t body_bytes);
  void abort(abort_reason why);
  void report() const;

  const std::shared_ptr<export_endpoint::impl> endpoint_;
  wire& wire_;
  const worker_fn worker_;
  const bool keep_alive_;
  const bool head_only_;
  const steady_time began_;
  asio::steady_timer timer_;
  const std::shared_ptr<export_job> job_;

  std::shared_ptr<export_chunk> front_ = std::make_shared<export_chunk>();
  std::shared_ptr<export_chunk> back_ = std::make_shared<export_chunk>();
  export_head head_;
  bool chunked_ = false;
  bool body_done_ = false;
  bool streamed_ = false;
  abort_reason why_ = abort_reason::none;
  std::string trouble_;  // what went wrong on our side, once the body had begun
  served outcome_;
};

/// Ends the run early: the statement is interrupted, whatever is being written is given up.
void export_run::abort(abort_reason why) {
  if (body_done_ || why_ != abort_reason::none) return;
  why_ = why;
  job_->cancel();
  error_code ignored;
  wire_.socket().cancel(ignored);
}

void export_run::report() const {
  static constexpr std::array<std::string_view, 5> reasons{
      "", "the client has gone", "the client takes nothing", "server error", "stopped by request"};
  const auto run = job_->status();
  std::string line = run.id + " (" + run.name + ") to " + run.remote_address + " cut off after " +
                     std::to_string(outcome_.bytes) + " bytes: ";
  line += reasons[static_cast<std::size_t>(why_)];
  if (!trouble_.empty()) line += ": " + trouble_;
  const bool ours = why_ == abort_reason::server_error;
  endpoint_->log(ours ? log_level::error : log_level::info, line);
}

/// Sees the client go away at any time, even while a worker is deep inside a statement. Bytes of a
/// following request are no reason to stop, but hide a later end of the stream from a wait for
/// readability; hence the second look.
asio::awaitable<void> export_run::watch() {
  while (!body_done_) {
    if (why_ != abort_reason::none) {
      // An interrupt that comes between two statements hits neither.
      job_->cancel();
    } else {
      const auto [failed] = co_await wire_.socket().async_wait(tcp::socket::wait_read, awaited);
      if (body_done_) co_return;
      if (!wire_.socket().is_open()) {
        abort(abort_reason::server_error);  // the server is being stopped
      } else if (failed ? failed != asio::error::operation_aborted : wire_.peer_gone()) {
        abort(abort_reason::client_gone);
      }
      if (failed) continue;
    }
    timer_.expires_after(look_again);
    co_await timer_.async_wait(awaited);
  }
}

/// Makes the next chunk in `back_`.
asio::awaitable<result<void>> export_run::make() {
  auto work = [job = job_, chunk = back_] { return guarded([&] { return job->next(*chunk); }); };
  auto made = co_await on_worker(worker_, std::move(work));
  if (!made) co_return made.error();
  co_return std::move(*made);
}

void export_run::sent(error_code failed, std::size_t body_bytes) {
  if (!failed) {
    outcome_.bytes += body_bytes;
    endpoint_->count_bytes(body_bytes);
  } else if (!wire_.socket().is_open()) {
    abort(abort_reason::server_error);  // the server is being stopped
  } else {
    abort(failed == asio::error::timed_out ? abort_reason::stalled : abort_reason::client_gone);
  }
}

/// Writes `before`, the chunk in `front_`, and after the last one the end of the body, as one write
/// if possible.
asio::awaitable<bool> export_run::send_chunk(std::string_view before, bool last) {
  if (why_ != abort_reason::none) co_return false;
  const std::string_view data = front_->view();
  std::string start(before);
  std::string end;
  if (chunked_) {
    if (!data.empty()) {
      start += chunk_prefix(data.size()).view();
      end = "\r\n";
    }
    if (last) {
      end += "0\r\n";
      for (const auto& f : job_->trailers()) end += f.name + ": " + f.value + "\r\n";
      end += "\r\n";
    }
  }
  const wire_buffers all{piece(start), piece(data), piece(end), {}};
  const auto failed = co_await wire_.send(all, endpoint_->options.stall_timeout);
  sent(failed, data.size());
  if (why_ != abort_reason::none) co_return false;
  if (!before.empty()) {
    const auto took = endpoint_->time().steady_now() - began_;
    endpoint_->meter.first_byte.observe(std::chrono::duration<double>(took).count());
  }
  co_return true;
}

asio::awaitable<void> export_run::answer() {
  outcome_.status = head_.status;
  add_common_fields(head_.headers, endpoint_->time(), job_->what(), keep_alive_);
  if (!head_.length_known && !head_only_) {
    static_cast<void>(head_.headers.set("Content-Length", std::to_string(head_.body.size())));
  }
  const auto start = header_block(head_.status, head_.headers);
  const std::string_view body = head_only_ ? std::string_view() : head_.body;
  const wire_buffers all{piece(start), piece(body), {}, {}};
  const auto failed = co_await wire_.send(all, endpoint_->options.stall_timeout);
  sent(failed, 0);
}

asio::awaitable<void> export_run::stream() {
  outcome_.status = head_.status;
  add_common_fields(head_.headers, endpoint_->time(), job_->what(), keep_alive_);
  streamed_ = true;
  chunked_ = !head_.length_known;
  wire_.reset_on_close(true);
  std::string before = header_block(head_.status, head_.headers);
  while (!job_->ended()) {
    const auto [went, made] = co_await (send_chunk(before, false) && make());
    if (!went) co_return;
    if (!made) {
      if (why_ == abort_reason::none) trouble_ = made.error().describe();
      abort(abort_reason::server_error);
      co_return;
    }
    before.clear();
    std::swap(front_, back_);
  }
  const bool whole = co_await send_chunk(before, true);
  if (whole) wire_.reset_on_close(false);
}

asio::awaitable<void> export_run::body() {
  auto work = [job = job_, chunk = front_] {
    return guarded([&] { return job->prepare(*chunk); });
  };
  auto prepared = co_await on_worker(worker_, std::move(work));
  if (why_ != abort_reason::none) co_return;
  if (prepared) {
    head_ = std::move(*prepared);
  } else {
    endpoint_->log(log_level::error, prepared.error().describe());
    head_ = head_of(problem(500));
  }
  if (head_.streams && !head_.length_known && job_->what().minor_version == 0) {
    head_ = head_of(problem(505, "the length is not known yet; use HTTP/1.1, which has chunks"));
  }
  if (head_.streams) {
    co_await stream();
  } else {
    co_await answer();
  }
}

asio::awaitable<void> export_run::run() {
  bool broken = false;
  try {
    co_await body();
  } catch (const std::exception&) {
    broken = true;
  }
  if (broken) {
    trouble_ = "exception while sending";
    abort(abort_reason::server_error);
  }
  body_done_ = true;
  timer_.cancel();
  if (why_ != abort_reason::none) {
    wire_.close();
  } else {
    error_code ignored;
    wire_.socket().cancel(ignored);  // the watch
  }
}

asio::awaitable<served> export_run::serve() {
  if (!head_only_ && job_->what().method != "GET") {
    auto r = problem(405);
    static_cast<void>(r.headers.set("Allow", "GET, HEAD"));
    head_ = head_of(std::move(r));
    co_await answer();
    outcome_.keep_alive = keep_alive_ && why_ == abort_reason::none;
    co_return outcome_;
  }
  const auto entry = std::make_shared<export_entry>();
  entry->job = job_;
  entry->cut_off = [self = weak_from_this(), executor = wire_.stream().get_executor()] {
    asio::post(executor, [self] {
      if (const auto run = self.lock()) run->abort(abort_reason::cancelled);
    });
  };
  // Looking only takes no slot: nothing is scanned for it.
  const bool needs_slot = !head_only_;
  if (needs_slot && !endpoint_->enter(entry)) {
    const auto wait = endpoint_->options.retry_after;
    head_ = head_of(problem(503, "too many exports are under way; try again later", wait));
    co_await answer();
  } else {
    // The slot is free again however this ends.
    const std::shared_ptr<void> slot(nullptr, [e = endpoint_, entry, needs_slot](std::nullptr_t) {
      if (needs_slot) e->leave(entry);
    });
    co_await (watch() && run());
    auto give_back = [job = job_] { return job->close(), true; };
    co_await on_worker(worker_, std::move(give_back));
    if (needs_slot) endpoint_->count_end(why_, streamed_);
    if (why_ != abort_reason::none) report();
  }
  outcome_.keep_alive = keep_alive_ && why_ == abort_reason::none;
  co_return outcome_;
}

}  // namespace

void add_common_fields(fields& out, const clock& time, const request& what, bool keep_alive) {
  static_cast<void>(out.set("Date", to_http_date(time.system_now())));
  if (!keep_alive) {
    static_cast<void>(out.set("Connection", "close"));
  } else if (what.minor_version == 0) {
    static_cast<void>(out.set("Connection", "keep-alive"));
  }
}

asio::awaitable<served> serve_export(
    std::shared_ptr<export_endpoint::impl> endpoint,
    wire& w,
    request what,
    worker_fn worker,
    bool keep_alive
) {
  const auto run = std::make_shared<export_run>(
      std::move(endpoint), w, std::move(what), std::move(worker), keep_alive
  );
  co_return co_await run->serve();
}

}  // namespace scalekit::inline v0::http
