// SPDX-License-Identifier: BSL-1.0
// What a client reads from a hostile server. The first byte of an input chooses the request and the
// limits; the rest is the answer.
#include "fuzz.hpp"
#include "http/client_answer.hpp"

#include <algorithm>
#include <string>

using namespace scalekit;

namespace {

struct outcome {
  http::answer_reader::state state = http::answer_reader::state::reading;
  errc code = errc::internal;
  int status = 0;
  std::string body;
  std::size_t left = 0;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome read(const http::outgoing_request& r, std::string_view text, std::size_t step) {
  using state = http::answer_reader::state;
  const http::body_fn none;
  http::answer_reader in(r, none, 1024);
  boost::beast::flat_buffer buffer;
  outcome out;
  while (!text.empty() && out.state == state::reading) {
    const auto piece = text.substr(0, std::min(step, text.size()));
    const auto room = buffer.prepare(piece.size());
    std::copy(piece.begin(), piece.end(), static_cast<char*>(room.data()));
    buffer.commit(piece.size());
    text.remove_prefix(piece.size());
    out.state = in.take(buffer);
  }
  if (out.state == state::reading) out.state = in.end();
  if (out.state == state::failed) {
    out.code = in.why().code;
    return out;
  }
  fuzz::require(in.has_head(), "an answer has a head");
  out.status = in.answer().status;
  out.body = in.answer().body;
  // What is behind the answer, read or not.
  out.left = in.keeps_alive() ? buffer.size() + text.size() : 0;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  if (text.empty()) return 0;
  http::outgoing_request r;
  if ((text.front() & 1) != 0) r.method = "HEAD";
  r.max_body_bytes = (text.front() & 2) != 0 ? 16 : SIZE_MAX;
  text.remove_prefix(1);
  const outcome whole = read(r, text, SIZE_MAX);
  fuzz::require(whole == read(r, text, SIZE_MAX), "the same bytes, the same answer");
  if (whole.state == http::answer_reader::state::done) {
    fuzz::require(whole.status >= 200 && whole.status <= 599, "a final status");
    fuzz::require(whole.body.size() <= r.max_body_bytes, "no more than was allowed");
    fuzz::require(r.method != "HEAD" || whole.body.empty(), "no body to HEAD");
  }
  // Limits may show at another byte, but what is whole is whole however it arrives.
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    const outcome cut = read(r, text, step);
    fuzz::require(cut.state == whole.state, "an answer is whole, or is not, in pieces as in one");
    fuzz::require(
        cut.state == http::answer_reader::state::failed || cut == whole, "the same in pieces"
    );
  }
  return 0;
}
