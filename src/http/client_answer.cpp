// SPDX-License-Identifier: BSL-1.0
#include "http/client_answer.hpp"

#include "ports/http_text.hpp"

#include <limits>
#include <stdexcept>
#include <utility>

namespace scalekit::inline v0::http {

namespace bhttp = boost::beast::http;

namespace {

// What a server merely promises is not allocated at once.
constexpr std::uint64_t most_reserved = std::uint64_t{1} << 20U;

}  // namespace

void delivered_body::target::reserve(std::uint64_t length) {
  if (!*sink) answer->body.reserve(static_cast<std::size_t>(std::min(length, most_reserved)));
}

bool delivered_body::target::take(std::string_view piece) {
  size += piece.size();
  if (!*sink) {
    answer->body.append(piece);
    return true;
  }
  in_sink = true;
  auto taken = (*sink)(*answer, piece);
  in_sink = false;
  if (!taken) refused = std::move(taken).error();
  return !refused;
}

answer_reader::answer_reader(
    const outgoing_request& r, const body_fn& sink, std::size_t max_header_bytes
)
    : is_head_request_(r.method == "HEAD"),
      max_body_(r.max_body_bytes),
      max_header_(max_header_bytes) {
  target_.answer = &answer_;
  target_.sink = &sink;
  renew_parser();
}

void answer_reader::renew_parser() {
  parser_.emplace();
  parser_->get().body() = &target_;
  parser_->skip(is_head_request_);
  // Ours is exact; Beast's begins anew with each piece.
  parser_->header_limit(std::numeric_limits<std::uint32_t>::max());
  if (max_body_ == std::numeric_limits<std::size_t>::max()) {
    parser_->body_limit(boost::none);
  } else {
    parser_->body_limit(max_body_);
  }
}

/// Gives the parser what there is; returns how much of it was taken.
std::size_t answer_reader::feed(boost::beast::flat_buffer& in, boost::beast::error_code& failed) {
  std::size_t taken = 0;
  try {
    taken = parser_->put(in.data(), failed);
  } catch (const std::length_error&) {
    // What Beast does about a name or a value of 64 KiB, which it cannot hold.
    if (target_.in_sink) throw;
    failed = bhttp::error::header_limit;
  }
  in.consume(taken);
  return taken;
}

answer_reader::state answer_reader::malformed(std::string why) {
  trouble_ = {errc::outcome_unknown, "the answer is not HTTP: " + std::move(why)};
  return state::failed;
}

answer_reader::state answer_reader::too_large(std::string why) {
  trouble_ = {errc::data_corrupted, std::move(why)};
  return state::failed;
}

answer_reader::state answer_reader::judge(boost::beast::error_code failed) {
  if (target_.refused) {
    trouble_ = {target_.refused->code(), {}, std::move(target_.refused)};
    return state::failed;
  }
  if (failed == bhttp::error::body_limit) {
    return too_large(
        "the answer's body is larger than " + std::to_string(max_body_) + " bytes (max_body_bytes)"
    );
  }
  if (failed == bhttp::error::header_limit) {
    return too_large("a field of the answer is 64 KiB or larger");
  }
  return malformed(failed.message());
}

answer_reader::state answer_reader::take(boost::beast::flat_buffer& in) {
  while (in.size() > 0) {
    const bool had_head = has_head_;
    const state s = had_head ? read_body(in) : read_head(in);
    if (s != state::reading || (had_head == has_head_ && in.size() > 0)) return s;
  }
  return state::reading;
}

/// One head, or the part of it that there is; a 1xx one is dropped.
answer_reader::state answer_reader::read_head(boost::beast::flat_buffer& in) {
  for (;;) {
    boost::beast::error_code failed;
    header_bytes_ += feed(in, failed);
    const bool done = parser_->is_header_done();
    if (header_bytes_ + (done ? 0 : in.size()) > max_header_) {
      return too_large(
          "the answer's header is larger than " + std::to_string(max_header_) +
          " bytes (max_header_bytes)"
      );
    }
    if (failed && failed != bhttp::error::need_more) return judge(failed);
    if (!done) return state::reading;
    const unsigned status = parser_->get().result_int();
    if (status < 100 || status > 599 || status == 101) {
      return malformed("status " + std::to_string(status));
    }
    if (status >= 200) break;
    renew_parser();
    if (in.size() == 0) return state::reading;
  }
  if (const auto fault = take_head(); !fault.empty()) return malformed(std::string(fault));
  has_head_ = true;
  if (parser_->is_done()) return state::done;
  parser_->eager(true);
  return state::reading;
}

std::string_view answer_reader::take_head() {
  const auto& head = parser_->get();
  answer_.status = static_cast<int>(head.result_int());
  for (const auto& f : head) {
    if (!answer_.headers.add(f.name_string(), f.value())) return "a field holds what no field may";
  }
  const auto lengths = answer_.headers.count("Content-Length");
  const auto coding = answer_.headers.find("Transfer-Encoding");
  if (coding &&
      (head.version() < 11 || lengths > 0 || answer_.headers.count("Transfer-Encoding") > 1 ||
       !equal_ignoring_case(*coding, "chunked"))) {
    return "the only transfer coding taken is chunked, without a Content-Length";
  }
  const auto length = answer_.headers.find("Content-Length");
  if (lengths > 1 || (length && !std::all_of(length->begin(), length->end(), is_digit))) {
    return "Content-Length is not one number";
  }
  return {};
}

answer_reader::state answer_reader::read_body(boost::beast::flat_buffer& in) {
  const std::string_view there(static_cast<const char*>(in.data().data()), in.size());
  if (parser_->chunked() && framed_bytes_ == 0 && is_part_of_last_chunk(there)) {
    return state::reading;
  }
  boost::beast::error_code failed;
  framed_bytes_ += feed(in, failed);
  if (target_.refused || (failed && failed != bhttp::error::need_more)) return judge(failed);
  if (parser_->is_done()) return state::done;
  // What the parser cannot take yet is the line of a chunk's size, or a trailer. Chunks of one byte
  // each are still a body; endless extensions are not.
  constexpr std::uint64_t framing_of_a_byte = 6;
  const std::uint64_t most = framing_of_a_byte * target_.size + 2 * std::uint64_t{max_header_};
  if (in.size() > max_header_ || framed_bytes_ > most) {
    return too_large("the framing of the answer's body outgrows the body");
  }
  return state::reading;
}

answer_reader::state answer_reader::end() {
  if (has_head_) {
    boost::beast::error_code failed;
    parser_->put_eof(failed);
    if (!failed) return state::done;
  }
  trouble_ = {
      errc::outcome_unknown,
      has_head_ || header_bytes_ > 0
          ? "the server closed the connection before the answer was whole"
          : "the server closed the connection without an answer"};
  return state::failed;
}

}  // namespace scalekit::inline v0::http
