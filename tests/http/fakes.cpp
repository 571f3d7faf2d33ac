// SPDX-License-Identifier: BSL-1.0
#include "fakes.hpp"

#include <stdexcept>
#include <utility>

namespace scalekit::test {

struct watched_metrics::adder final : metrics::sink {
  adder(std::shared_ptr<tally> t, bool count) : to(std::move(t)), ones(count) {}
  void record(double value) noexcept override { to->add(ones ? 1.0 : value); }
  std::shared_ptr<tally> to;
  bool ones;
};

tally& watched_metrics::operator[](std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto& t = all_[std::string(name)];
  if (!t) t = std::make_shared<tally>();
  return *t;
}

metrics::counter watched_metrics::make_counter(std::string_view name, std::string_view) {
  static_cast<void>((*this)[name]);
  return metrics::counter(std::make_shared<adder>(all_.find(name)->second, false));
}

metrics::gauge watched_metrics::make_gauge(std::string_view name, std::string_view) {
  static_cast<void>((*this)[name]);
  return metrics::gauge(std::make_shared<adder>(all_.find(name)->second, false));
}

metrics::histogram
watched_metrics::make_histogram(std::string_view name, std::string_view, std::span<const double>) {
  static_cast<void>((*this)[name]);
  return metrics::histogram(std::make_shared<adder>(all_.find(name)->second, true));
}

struct fake_pool::fake_connection final : sql::connection {
  explicit fake_connection(fake_pool& p) : pool(p) {}

  sql::dialect dialect() const noexcept override { return sql::dialect::sqlite; }
  result<std::unique_ptr<sql::rows>> query(std::string_view, sql::parameters) override {
    return errc::not_supported;
  }
  result<sql::execution> execute(std::string_view, sql::parameters) override {
    return errc::not_supported;
  }
  result<void> execute_script(std::string_view) override { return errc::not_supported; }
  result<void> begin(const sql::transaction_options&) override { return errc::not_supported; }
  result<void> commit() override { return errc::not_supported; }
  result<void> rollback() override { return {}; }
  bool in_transaction() const noexcept override { return false; }
  std::shared_ptr<sql::interrupt_handle> interrupt_handle() override {
    struct counting final : sql::interrupt_handle {
      explicit counting(fake_pool& p) : pool(p) {}
      void interrupt() noexcept override { pool.interrupts.add(); }
      fake_pool& pool;
    };
    return std::make_shared<counting>(pool);
  }
  sql::connection_stats stats() const noexcept override { return {}; }

  fake_pool& pool;
};

fake_pool::fake_pool() : connection_(std::make_unique<fake_connection>(*this)) {}
fake_pool::~fake_pool() = default;

result<sql::pooled_connection> fake_pool::acquire(sql::access kind) {
  if (refuse) return error(errc::busy, "no connection came free");
  lent.add();
  out.add();
  return sql::pooled_connection(*this, connection_.get(), kind);
}

void fake_pool::give_back(sql::connection*, sql::access) noexcept { out.add(-1); }

std::string script::chunk(std::size_t index) const {
  std::string out(chunk_bytes, static_cast<char>('a' + index % 26));
  if (!out.empty()) out.back() = '\n';
  return out;
}

std::string script::whole() const {
  std::string out;
  for (std::size_t i = 0; i < chunks; ++i) out += chunk(i);
  return out;
}

void script::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  for (const auto& w : waiting_) w->add();
}

void script::wait(const std::shared_ptr<tally>& woken) {
  {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    waiting_.push_back(woken);
  }
  blocked.add();
  static_cast<void>(woken->reaches(1));
}

namespace {

class scripted final : public bulk::chunk_source {
 public:
  explicit scripted(std::shared_ptr<script> s) : script_(std::move(s)) { script_->alive.add(); }
  ~scripted() override { script_->alive.add(-1); }

  result<bool> next(csv::buffer& out) override {
    out.clear();
    const std::size_t index = at_.rows;
    script_->made.add();
    if (script_->throw_at == index) throw std::runtime_error("secret text");
    if (script_->block_at == index) wait_for_release();
    if (canceller_->cancelled()) {
      script_->cancelled.add();
      return error(errc::cancelled, "stopped");
    }
    if (script_->fail_at == index) return error(script_->failure, "secret text");
    if (index == script_->chunks) {
      at_.at_end = true;
      return false;
    }
    out.append(script_->chunk(index));
    at_.bytes += out.size();
    ++at_.rows;
    at_.at_end = script_->says_at_end && at_.rows == script_->chunks;
    return true;
  }
  const bulk::checkpoint& position() const noexcept override { return at_; }
  bulk::progress progress() const override {
    bulk::progress p;
    p.rows = at_.rows;
    p.bytes = at_.bytes;
    return p;
  }
  std::shared_ptr<bulk::canceller> cancel_handle() const noexcept override { return canceller_; }

 private:
  // As a statement that runs long: only an interrupt of the connection ends it early.
  void wait_for_release() {
    struct waker final : sql::interrupt_handle {
      void interrupt() noexcept override { woken->add(); }
      std::shared_ptr<tally> woken = std::make_shared<tally>();
    };
    auto handle = std::make_shared<waker>();
    const bulk::canceller::watch watching(*canceller_, handle);
    script_->wait(handle->woken);
  }

  std::shared_ptr<script> script_;
  std::shared_ptr<bulk::canceller> canceller_ = std::make_shared<bulk::canceller>();
  bulk::checkpoint at_;
};

}  // namespace

std::unique_ptr<bulk::chunk_source> play(std::shared_ptr<script> s) {
  return std::make_unique<scripted>(std::move(s));
}

}  // namespace scalekit::test
