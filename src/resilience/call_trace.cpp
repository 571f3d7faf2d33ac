// SPDX-License-Identifier: BSL-1.0
#include <scalekit/resilience/call_trace.hpp>

namespace scalekit::inline v0::resilience {

std::string_view to_string(layer l) noexcept {
  switch (l) {
    case layer::deadline:
      return "deadline";
    case layer::shedder:
      return "shedder";
    case layer::limiter:
      return "limiter";
    case layer::throttle:
      return "throttle";
    case layer::breaker:
      return "breaker";
    case layer::retry:
      return "retry";
    case layer::concurrency:
      return "concurrency";
    case layer::call:
      return "call";
  }
  return "unknown";
}

namespace {

std::string microseconds(duration d) { return std::to_string(d.count() / 1000) + "us"; }

std::string_view what_happened(const trace_entry& e) noexcept {
  switch (e.what) {
    case trace_event::passed:
      return "passed";
    case trace_event::refused:
      return "refused";
    case trace_event::queued:
      return "queued";
    case trace_event::ended:
      return to_string(e.kind);
    case trace_event::decided:
      return to_string(e.retry);
  }
  return "unknown";
}

}  // namespace

std::string call_trace::describe() const {
  std::string out;
  for (const trace_entry& e : entries()) {
    out.append("+").append(microseconds(e.at - entries_[0].at));
    out.append(" #").append(std::to_string(e.attempt));
    out.append(" ").append(to_string(e.by)).append(": ").append(what_happened(e));
    if (e.wait > duration::zero()) out.append(", wait ").append(microseconds(e.wait));
    out.append("\n");
  }
  if (dropped_ != 0) out.append("and ").append(std::to_string(dropped_)).append(" more\n");
  return out;
}

}  // namespace scalekit::inline v0::resilience
