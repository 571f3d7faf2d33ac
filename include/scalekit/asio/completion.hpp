// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_ASIO_COMPLETION_HPP
#define SCALEKIT_ASIO_COMPLETION_HPP

/// \file
/// How the drivers of this component end: not part of the public interface.

#include <scalekit/clock.hpp>
#include <scalekit/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace scalekit::inline v0::asio::detail {

/// A handler, the executor it is to run on, and a strand of `on` for what leads there: not of the
/// handler's, which may be anybody's thread (that of `use_future` is the system's).
template <class T, class Handler>
class completion {
 public:
  completion(Handler handler, const boost::asio::any_io_executor& on)
      : handler_(std::move(handler)),
        home_(boost::asio::get_associated_executor(handler_, on)),
        strand_(boost::asio::make_strand(on)),
        work_(boost::asio::prefer(home_, boost::asio::execution::outstanding_work.tracked)),
        work_before_(boost::asio::prefer(on, boost::asio::execution::outstanding_work.tracked)) {}

  [[nodiscard]] const auto& strand() const noexcept { return strand_; }

  template <class F>
  void on_cancellation(F f) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) slot.assign(std::move(f));
  }

  // By way of the handler's executor, never inside the call that started or cancelled it.
  void run(result<T> r) {
    const auto allocator = boost::asio::get_associated_allocator(handler_);
    boost::asio::post(
        home_,
        boost::asio::bind_allocator(
            allocator,
            [h = std::move(handler_), w = std::move(work_), r = std::move(r)]() mutable {
              Handler handler = std::move(h);
              boost::asio::get_associated_cancellation_slot(handler).clear();
              w = {};
              std::move(handler)(std::move(r));
            }
        )
    );
    work_before_ = {};
  }

 private:
  Handler handler_;
  boost::asio::any_io_executor home_;
  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::any_io_executor work_;
  boost::asio::any_io_executor work_before_;
};

/// No timer is set for longer: its sum with now must not run over.
inline duration timer_wait(duration d) noexcept {
  return std::clamp<duration>(d, duration::zero(), std::chrono::hours(24 * 365));
}

}  // namespace scalekit::inline v0::asio::detail

#endif
