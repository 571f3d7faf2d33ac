// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"
#include "testing/http_site.hpp"

#include <scalekit/testing/http_conformance.hpp>
#include <scalekit/testing/loopback_server.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace scalekit::inline v0::testing {

namespace {

using peer = loopback_server::peer;

std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find("\r\n"), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

site_request parse(std::string_view text) {
  site_request r;
  const auto [method, rest] = http::cut(next_line(text), ' ');
  r.method = method;
  r.target = http::cut(rest, ' ').first;
  for (auto line = next_line(text); !line.empty(); line = next_line(text)) {
    const auto [name, value] = http::cut(line, ':');
    static_cast<void>(r.headers.add(name, http::trim(value)));
  }
  r.body = text;
  return r;
}

std::string in_chunks(std::string_view body) {
  std::string out;
  for (std::size_t most = 1; !body.empty(); most = std::min<std::size_t>(most * 2, 65'536)) {
    const auto chunk = body.substr(0, most);
    std::array<char, 16> hex{};
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), chunk.size(), 16).ptr;
    out.append(hex.data(), end).append("\r\n").append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return out.append("0\r\n\r\n");
}

bool has_length(const site_answer& a) noexcept {
  return a.framing == site_framing::length && a.answer.status != 204;
}

std::string head_of(const site_answer& a) {
  std::string head = "HTTP/1.1 " + std::to_string(a.answer.status) + " Some Reason\r\n";
  for (const auto& f : a.answer.headers) {
    head.append(f.name).append(": ").append(f.value).append("\r\n");
  }
  if (has_length(a)) {
    head.append("Content-Length: ").append(std::to_string(a.answer.body.size())).append("\r\n");
  }
  if (a.framing == site_framing::chunks) head.append("Transfer-Encoding: chunked\r\n");
  if (a.framing == site_framing::to_the_end) head.append("Connection: close\r\n");
  return head.append("\r\n");
}

// The bytes of its body as they are sent.
std::string framed(const site_request& r, const site_answer& a) {
  if (r.method == "HEAD" || a.answer.status == 204 || a.answer.status == 304) return {};
  return a.framing == site_framing::chunks ? in_chunks(a.answer.body) : a.answer.body;
}

// False if the connection is to be closed.
bool write(peer& p, const site_request& r, const site_answer& a) {
  const std::string body = framed(r, a);
  const std::string_view half = std::string_view(body).substr(0, body.size() / 2);
  switch (a.fate) {
    case site_fate::whole:
      return p.send(a.first + head_of(a) + body) && a.framing != site_framing::to_the_end &&
             !a.answer.headers.has_token("Connection", "close");
    case site_fate::lost:
      return false;
    case site_fate::cut:
      p.send(head_of(a) + std::string(half));
      return false;
    case site_fate::stuck:
      p.wait_until_gone();
      return false;
    case site_fate::half:
      p.send(head_of(a) + std::string(half));
      p.wait_until_gone();
      return false;
    case site_fate::endless:
      for (bool goes_on = p.send(head_of(a)); goes_on;) goes_on = p.send("and so on ");
      return false;
  }
  return false;
}

void serve(http_site& site, peer& p) {
  for (;;) {
    const std::string text = p.request();
    if (text.empty()) return;
    const site_request r = parse(text);
    if (!write(p, r, site.answer(r))) return;
  }
}

/// A port of 127.0.0.1 that refuses connections, or never gets them done.
class dead_port {
 public:
  enum class manner { refuses, hangs };
  explicit dead_port(manner how) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* plain = reinterpret_cast<sockaddr*>(&at);
    if (::bind(listener_, plain, size) != 0 || ::getsockname(listener_, plain, &size) != 0) return;
    port_ = ntohs(at.sin_port);
    if (how == manner::refuses) return;  // bound, so that nobody else listens there
    if (::listen(listener_, 0) != 0) port_ = 0;
    for (int& c : clients_) {
      c = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      static_cast<void>(!::connect(c, plain, size));  // they fill its queue
    }
  }
  dead_port(const dead_port&) = delete;
  dead_port& operator=(const dead_port&) = delete;
  ~dead_port() {
    for (const int c : clients_) {
      if (c >= 0) ::close(c);
    }
    if (listener_ >= 0) ::close(listener_);
  }
  [[nodiscard]] bool is_there() const noexcept { return port_ != 0; }
  [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int clients_[4]{-1, -1, -1, -1};
  std::uint16_t port_ = 0;
};

}  // namespace

struct http_conformance_server::state {
  http_site site;
  dead_port refusing{dead_port::manner::refuses};
  dead_port hanging{dead_port::manner::hangs};
  std::unique_ptr<loopback_server> silent, deaf, talking;
};

http_conformance_server::http_conformance_server(std::unique_ptr<state> s) noexcept
    : state_(std::move(s)) {}
http_conformance_server::~http_conformance_server() = default;

result<std::unique_ptr<http_conformance_server>> http_conformance_server::start() {
  constexpr int small_buffer = 4096;
  auto s = std::make_unique<state>();
  auto silent = loopback_server::start([](peer& p) { p.wait_until_gone(); });
  if (!silent) return silent.error();
  auto deaf = loopback_server::start([](peer& p) { p.ignore(); }, small_buffer);
  if (!deaf) return deaf.error();
  auto talking = loopback_server::start([site = &s->site](peer& p) { serve(*site, p); });
  if (!talking) return talking.error();
  if (!s->refusing.is_there() || !s->hanging.is_there()) {
    return error(errc::unavailable, "http_conformance_server: no port", {"errno", errno});
  }
  s->silent = *std::move(silent);
  s->deaf = *std::move(deaf);
  s->talking = *std::move(talking);
  return std::unique_ptr<http_conformance_server>(new http_conformance_server(std::move(s)));
}

http_places http_conformance_server::places() const {
  return {
      .site = state_->talking->url(""),
      .refusing = state_->refusing.origin(),
      .hanging = state_->hanging.origin(),
      .silent = "https" + state_->silent->url("").substr(4),
      .deaf = state_->deaf->url("")};
}

}  // namespace scalekit::inline v0::testing
