// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/http/message.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

error bad(std::string what) { return {errc::invalid_argument, std::move(what)}; }

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

template <class Parameters>
std::optional<std::string_view> value_of(const Parameters& list, std::string_view name) noexcept {
  const auto at =
      std::find_if(list.begin(), list.end(), [&](const parameter& p) { return p.name == name; });
  if (at == list.end()) return std::nullopt;
  return at->value;
}

result<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    auto segment = percent_decode(path.substr(0, end));
    if (!segment) return segment.error();
    out.push_back(std::move(*segment));
    path.remove_prefix(end);
  }
  return out;
}

result<std::vector<parameter>> query_of(std::string_view text) {
  std::vector<parameter> out;
  while (!text.empty()) {
    const auto [pair, rest] = cut(text, '&');
    text = rest;
    if (pair.empty()) continue;
    const auto [raw_name, raw_value] = cut(pair, '=');
    auto name = percent_decode(raw_name, plus::blank);
    if (!name) return name.error();
    auto value = percent_decode(raw_value, plus::blank);
    if (!value) return value.error();
    out.push_back({std::move(*name), std::move(*value)});
  }
  return out;
}

}  // namespace

result<std::string> percent_decode(std::string_view text, plus meaning) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && meaning == plus::blank) {
      out.push_back(' ');
      continue;
    }
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      return bad("'%' at offset " + std::to_string(i) + " is not followed by two hex digits");
    }
    const char c = static_cast<char>(high * 16 + low);
    if (c == '\0') return bad("the escape at offset " + std::to_string(i) + " is a NUL");
    out.push_back(c);
    i += 2;
  }
  return out;
}

result<request_target> parse_target(std::string_view target) {
  const auto forbidden = [](char c) { return is_control(c) || c == ' ' || c == '#'; };
  if (std::any_of(target.begin(), target.end(), forbidden)) {
    return bad("the request target holds a blank, a control character or a fragment");
  }
  request_target out;
  if (target == "*") {
    out.path = "*";
    return out;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(std::min(target.find_first_of("/?", scheme.size()), target.size()));
    if (target.empty()) target = "/";
    break;
  }
  if (target.empty() || target.front() != '/') {
    return bad("the request target must be a path that starts with '/'");
  }
  const auto [path, query] = cut(target, '?');
  auto segments = segments_of(path);
  if (!segments) return std::move(segments).error().with_context("path");
  auto parameters = query_of(query);
  if (!parameters) return std::move(parameters).error().with_context("query");
  out.path = path;
  out.segments = std::move(*segments);
  out.query = std::move(*parameters);
  return out;
}

std::optional<std::string_view> request::query(std::string_view name) const noexcept {
  return value_of(parsed.query, name);
}

std::string_view request::path(std::string_view name) const noexcept {
  return value_of(route, name).value_or(std::string_view());
}

bool request::keep_alive() const {
  if (headers.has_token("Connection", "close")) return false;
  return minor_version >= 1 || headers.has_token("Connection", "keep-alive");
}

std::string header_block(int status, const fields& headers) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(reason(status)).append("\r\n");
  for (const auto& f : headers) {
    out.append(f.name).append(": ").append(f.value).append("\r\n");
  }
  return out.append("\r\n");
}

}  // namespace scalekit::inline v0::http
