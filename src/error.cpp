// SPDX-License-Identifier: BSL-1.0
#include <scalekit/error.hpp>
#include <scalekit/result.hpp>

#include <cstdlib>
#include <string>

namespace scalekit::inline v0 {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::not_found:
      return "not_found";
    case errc::conflict:
      return "conflict";
    case errc::stale_token:
      return "stale_token";
    case errc::busy:
      return "busy";
    case errc::unavailable:
      return "unavailable";
    case errc::timed_out:
      return "timed_out";
    case errc::outcome_unknown:
      return "outcome_unknown";
    case errc::data_corrupted:
      return "data_corrupted";
    case errc::not_supported:
      return "not_supported";
    case errc::limit_exceeded:
      return "limit_exceeded";
    case errc::unauthenticated:
      return "unauthenticated";
    case errc::cancelled:
      return "cancelled";
    case errc::internal:
      return "internal";
  }
  return "unknown";
}

namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "scalekit"; }
  std::string message(int code) const override {
    return std::string(to_string(static_cast<errc>(code)));
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

std::string error::describe() const {
  std::string text(to_string(code_));
  if (!message_.empty()) text.append(": ").append(message_);
  if (!cause_.system.empty()) {
    text.append(" (").append(cause_.system).append(" ").append(std::to_string(cause_.code));
    text.push_back(')');
  }
  return text;
}

bad_result::bad_result(::scalekit::error e)
    : std::system_error(make_error_code(e.code()), e.message()), error_(std::move(e)) {}

bad_result::~bad_result() = default;

namespace detail {

void throw_bad_result(const error& e) {
#if defined(__cpp_exceptions)
  throw bad_result(e);
#else
  static_cast<void>(e);
  std::abort();
#endif
}

}  // namespace detail

}  // namespace scalekit::inline v0
