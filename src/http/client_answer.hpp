// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_HTTP_CLIENT_ANSWER_HPP
#define SCALEKIT_SRC_HTTP_CLIENT_ANSWER_HPP

#include <scalekit/ports/http.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/optional/optional.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scalekit::inline v0::http {

/// \brief A Beast body that hands its pieces on, without a copy in between.
struct delivered_body {
  struct target {
    response* answer = nullptr;
    const body_fn* sink = nullptr;  // empty: answer->body takes it
    std::optional<error> refused = {};
    std::uint64_t size = 0;
    bool in_sink = false;  // and still so if it threw

    void reserve(std::uint64_t length);
    [[nodiscard]] bool take(std::string_view piece);
  };
  using value_type = target*;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>&, value_type& to) : to_(to) {}
    void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& ec) {
      ec = {};
      if (length) to_->reserve(*length);
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& ec) {
      ec = {};
      std::size_t taken = 0;
      for (const boost::asio::const_buffer b : boost::beast::buffers_range_ref(buffers)) {
        if (!to_->take({static_cast<const char*>(b.data()), b.size()})) {
          ec = boost::beast::http::error::end_of_stream;  // any will do
          break;
        }
        taken += b.size();
      }
      return taken;
    }
    void finish(boost::beast::error_code& ec) { ec = {}; }

   private:
    value_type& to_;  // set after the parser has made its reader
  };
};

/// \brief Reads one answer out of the bytes of a connection, 1xx ones passed over.
///
/// Sans-I/O: bytes go in, and once it is done, the answer comes out. Only framing that everybody
/// between here and the server reads alike is taken (RFC 9112 sections 6.1 and 6.3).
class answer_reader {
 public:
  answer_reader(const outgoing_request& r, const body_fn& sink, std::size_t max_header_bytes);
  answer_reader(const answer_reader&) = delete;
  answer_reader& operator=(const answer_reader&) = delete;

  enum class state { reading, done, failed };
  /// Takes what it can.
  [[nodiscard]] state take(boost::beast::flat_buffer& in);
  /// The stream has ended in good order.
  [[nodiscard]] state end();

  /// The final status and its fields have come.
  [[nodiscard]] bool has_head() const noexcept { return has_head_; }
  /// Once done: whether the connection outlives the answer.
  [[nodiscard]] bool keeps_alive() const { return parser_->keep_alive(); }
  [[nodiscard]] response& answer() noexcept { return answer_; }

  /// Once failed. `outcome_unknown`: malformed; `data_corrupted`: too large; or the sink's error.
  struct trouble {
    errc code;
    std::string why;
    std::optional<error> of_sink = {};
  };
  [[nodiscard]] trouble& why() noexcept { return *trouble_; }

 private:
  using parser = boost::beast::http::response_parser<delivered_body>;

  void renew_parser();
  std::size_t feed(boost::beast::flat_buffer& in, boost::beast::error_code& failed);
  [[nodiscard]] state read_head(boost::beast::flat_buffer& in);
  [[nodiscard]] state read_body(boost::beast::flat_buffer& in);
  /// What is wrong with it; empty: nothing.
  [[nodiscard]] std::string_view take_head();
  [[nodiscard]] state judge(boost::beast::error_code failed);
  [[nodiscard]] state malformed(std::string why);
  [[nodiscard]] state too_large(std::string why);

  const bool is_head_request_;
  const std::size_t max_body_;
  const std::size_t max_header_;
  response answer_;
  delivered_body::target target_;
  std::optional<parser> parser_;
  std::size_t header_bytes_ = 0;    // of all heads
  std::uint64_t framed_bytes_ = 0;  // of the body, with its framing
  bool has_head_ = false;
  std::optional<trouble> trouble_;
};

}  // namespace scalekit::inline v0::http

#endif
