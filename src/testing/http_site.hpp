// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_TESTING_HTTP_SITE_HPP
#define SCALEKIT_SRC_TESTING_HTTP_SITE_HPP

#include <scalekit/ports/http_message.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace scalekit::inline v0::testing {

/// A request as a server sees it.
struct site_request {
  std::string method;
  std::string target;
  http::fields headers;
  std::string body;
};

/// The bytes of `/sized/{size}` and its like.
[[nodiscard]] std::string site_bytes(std::size_t size);

/// How the body of an answer is framed.
enum class site_framing { length, chunks, to_the_end };

/// What becomes of an answer on its way.
enum class site_fate {
  whole,
  lost,     ///< the connection closes before a byte of it
  cut,      ///< ... in the middle of its body
  stuck,    ///< no byte comes, and the connection stays
  half,     ///< no more come after half of its body
  endless,  ///< its body never ends
};

struct site_answer {
  http::response answer;
  site_framing framing = site_framing::length;
  site_fate fate = site_fate::whole;
  std::string first = {};  ///< heads of 1xx answers, as they are sent
};

/// \brief What the conformance suite talks to, whatever carries it: see \ref http_places.
/// \par Thread-safety  Safe for concurrent calls.
class http_site {
 public:
  [[nodiscard]] site_answer answer(const site_request& r);

 private:
  std::size_t count(std::string_view key, std::size_t by);
  std::mutex mutex_;
  std::map<std::string, std::size_t, std::less<>> counts_;
};

}  // namespace scalekit::inline v0::testing

#endif
