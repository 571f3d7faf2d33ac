// SPDX-License-Identifier: BSL-1.0
#include "http/router.hpp"

#include "ports/http_text.hpp"

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::http {

result<void> router::add(std::string_view method, std::string_view pattern, route_target target) {
  const auto bad = [&](std::string_view why) {
    return error(
        errc::invalid_argument,
        "route " + std::string(method) + " " + std::string(pattern) + ": " + std::string(why)
    );
  };
  if (method.empty() || !std::all_of(method.begin(), method.end(), is_token_char)) {
    return bad("the method must be a token, as GET");
  }
  if (!target.handler && target.download == nullptr) return bad("the handler is empty");
  auto parsed = parse_target(pattern);
  if (!parsed) return std::move(parsed).error().with_context(bad("the pattern").message());
  if (!pattern.starts_with('/') || parsed->path != pattern) {
    return bad("a pattern is a path alone, and starts with '/'");
  }
  entry made{std::string(method), {}, std::move(target)};
  for (const std::string& text : parsed->segments) {
    if (!text.starts_with('{')) {
      made.pattern.push_back({text, false});
    } else if (text.size() > 2 && text.ends_with('}')) {
      made.pattern.push_back({text.substr(1, text.size() - 2), true});
    } else {
      return bad("a parameter is a whole segment, as in /orders/{id}");
    }
  }
  entries_.push_back(std::move(made));
  return {};
}

bool router::matches(
    const std::vector<segment>& pattern,
    const std::vector<std::string>& path,
    std::vector<parameter>& found
) {
  if (pattern.size() != path.size()) return false;
  found.clear();
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i].is_parameter) {
      if (path[i].empty()) return false;
      found.push_back({pattern[i].text, path[i]});
    } else if (pattern[i].text != path[i]) {
      return false;
    }
  }
  return true;
}

router::match router::find(request& r) const {
  match out;
  const auto allow = [&](std::string_view method) {
    if (!out.allow.empty()) out.allow += ", ";
    out.allow += method;
  };
  for (const auto& e : entries_) {
    if (!matches(e.pattern, r.parsed.segments, r.route)) continue;
    if (e.method == r.method || (e.method == "GET" && r.method == "HEAD")) {
      out.target = &e.target;
      return out;
    }
    if (out.allow.find(e.method) != std::string::npos) continue;
    allow(e.method);
    if (e.method == "GET") allow("HEAD");
  }
  r.route.clear();
  return out;
}

}  // namespace scalekit::inline v0::http
