// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/ports/http_url.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>
#include <optional>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

constexpr std::size_t longest_url = 8192;

error bad(std::string_view what) { return {errc::invalid_argument, "URL: " + std::string(what)}; }

bool is_hex(char c) noexcept { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

/// What a path or a query may hold unescaped (RFC 3986 sections 3.3 and 3.4).
bool is_target_char(char c) noexcept {
  return is_alnum(c) || std::string_view("-._~!$&'()*+,;=:@/?").find(c) != std::string_view::npos;
}

result<void> check_target(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const bool escape = target[i] == '%';
    if (escape && i + 2 < target.size() && is_hex(target[i + 1]) && is_hex(target[i + 2])) {
      i += 2;
    } else if (escape || !is_target_char(target[i])) {
      return bad(
          "byte " + std::to_string(i) + " of the path and query must be escaped, as %20 for a blank"
      );
    }
  }
  return {};
}

std::optional<std::string> canonical_ipv6(std::string_view text) {
  const auto allowed = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
  if (!std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;  // a NUL, a zone
  in6_addr address{};
  char spelled[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  if (::inet_ntop(AF_INET6, &address, spelled, sizeof spelled) == nullptr) return std::nullopt;
  return spelled;
}

/// Whether resolvers take the last label for a number, and so perhaps the host for an address.
bool ends_in_a_number(std::string_view host) noexcept {
  auto label = host.substr(host.rfind('.') + 1);  // npos + 1 is 0
  if (label.size() >= 2 && label[0] == '0' && to_lower(label[1]) == 'x') {
    label.remove_prefix(2);
    return std::all_of(label.begin(), label.end(), is_hex);
  }
  return !label.empty() && std::all_of(label.begin(), label.end(), is_digit);
}

bool is_ipv4(const std::string& host) noexcept {
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_name(std::string_view host) noexcept {
  if (host.size() > 253) return false;
  for (;;) {
    const auto dot = host.find('.');
    const auto label = host.substr(0, dot);
    const bool good = !label.empty() && label.size() <= 63 && label.front() != '-' &&
                      label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
                        return is_alnum(c) || c == '-' || c == '_';
                      });
    if (!good) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

result<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    auto address = canonical_ipv6(text.substr(1, text.size() - 2));
    if (!address) return bad("what is between the brackets is no IPv6 address");
    return *std::move(address);
  }
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(), to_lower);
  if (ends_in_a_number(host)) {
    if (is_ipv4(host)) return host;
    return bad("an IPv4 address is four decimal numbers, as 192.0.2.1");
  }
  if (!is_name(host)) {
    return bad("the host is no name of letters, digits, '-' and '.' (IDNs as xn--...)");
  }
  return host;
}

result<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, failed] = std::from_chars(digits.data(), last, port);
  if (digits.size() > 5 || failed != std::errc{} || end != last || port == 0) {
    return bad("the port is a number from 1 to 65535");
  }
  return port;
}

/// Removes `.` and `..` (RFC 3986 section 5.2.4) from a path that starts with '/'.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(1, end - 1);
    const bool last = end == path.size();
    if (segment == "..") out.erase(std::min(out.rfind('/'), out.size()));
    if (segment != "." && segment != "..") {
      out.append(path.substr(0, end));
    } else if (last) {
      out.push_back('/');
    }
    path.remove_prefix(end);
  }
  return out;
}

std::string_view without_fragment(std::string_view text) noexcept {
  return text.substr(0, text.find('#'));
}

/// Whether a reference begins with a scheme (RFC 3986 section 3.1).
bool has_scheme(std::string_view reference) noexcept {
  const auto colon = reference.find_first_of(":/?");
  return colon != std::string_view::npos && colon > 0 && reference[colon] == ':';
}

std::uint16_t default_port(scheme s) noexcept { return s == scheme::https ? 443 : 80; }

}  // namespace

result<url> url::parse(std::string_view text) {
  if (text.size() > longest_url) return bad("it is longer than 8192 bytes");
  text = without_fragment(text);
  const auto colon = text.find("://");
  const auto name = text.substr(0, std::min(colon, text.size()));
  url out;
  if (equal_ignoring_case(name, "https")) {
    out.scheme_ = http::scheme::https;
  } else if (!equal_ignoring_case(name, "http")) {
    return bad("it must begin with http:// or https://");
  }
  if (colon == std::string_view::npos) return bad("it must begin with http:// or https://");
  text.remove_prefix(colon + 3);
  const auto end = std::min(text.find_first_of("/?"), text.size());
  auto host = text.substr(0, end);
  if (host.find('@') != std::string_view::npos) {
    return bad("user and password are not taken; send an Authorization field");
  }
  out.port_ = default_port(out.scheme_);
  const auto bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return bad("a bracket is not closed");
  if (const auto at = host.find(':', bracket); at != std::string_view::npos) {
    auto port = parse_port(host.substr(at + 1));
    if (!port) return port.error();
    out.port_ = *port;
    host = host.substr(0, at);
  }
  if (bracket > 0 && bracket + 1 != host.size()) return bad("something follows the bracket");
  auto parsed = parse_host(host);
  if (!parsed) return parsed.error();
  out.host_ = *std::move(parsed);
  const auto target = text.substr(end);
  return out.with_target(target.starts_with('/') ? target : "/" + std::string(target));
}

result<url> url::with_target(std::string_view target) const {
  target = without_fragment(target);
  if (target.size() > longest_url) return bad("it is longer than 8192 bytes");
  if (!target.starts_with('/')) return bad("the path must start with '/'");
  if (auto ok = check_target(target); !ok) return ok.error();
  url out(*this);
  out.target_ = target;
  return out;
}

result<url> url::resolve(std::string_view reference) const {
  reference = without_fragment(reference);
  if (reference.starts_with("//")) {
    const std::string_view own = scheme_ == http::scheme::https ? "https:" : "http:";
    return parse(std::string(own).append(reference));
  }
  if (has_scheme(reference)) return parse(reference);
  if (reference.empty()) return *this;
  const auto own_path = cut(target_, '?').first;
  if (reference.starts_with('?')) return with_target(std::string(own_path).append(reference));
  const auto mark = std::min(reference.find('?'), reference.size());
  std::string path(reference.substr(0, mark));
  if (!path.starts_with('/')) path.insert(0, own_path.substr(0, own_path.rfind('/') + 1));
  return with_target(without_dots(path).append(reference.substr(mark)));
}

std::string url::authority() const {
  const bool address = host_.find(':') != std::string::npos;
  std::string out = address ? "[" + host_ + "]" : host_;
  if (port_ != default_port(scheme_)) out.append(":").append(std::to_string(port_));
  return out;
}

std::string url::origin() const {
  return (scheme_ == http::scheme::https ? "https://" : "http://") + authority();
}

bool url::same_origin(const url& other) const noexcept {
  return scheme_ == other.scheme_ && port_ == other.port_ && host_ == other.host_;
}

}  // namespace scalekit::inline v0::http
