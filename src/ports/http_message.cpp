// SPDX-License-Identifier: BSL-1.0
#include "ports/http_text.hpp"

#include <scalekit/ports/http_message.hpp>

#include <algorithm>
#include <utility>

namespace scalekit::inline v0::http {

namespace {

error bad(std::string what) { return {errc::invalid_argument, std::move(what)}; }

result<void> check(std::string_view name, std::string_view value) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_char)) {
    return bad("a field name must be a token (letters, digits, - and a few more), not empty");
  }
  if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; })) {
    return bad("the value of field '" + std::string(name) + "' holds a control character");
  }
  if (trim(value).size() != value.size()) {
    return bad("the value of field '" + std::string(name) + "' starts or ends with white space");
  }
  return {};
}

}  // namespace

result<void> fields::add(std::string_view name, std::string_view value) {
  if (auto ok = check(name, value); !ok) return ok;
  lines_.push_back({std::string(name), std::string(value)});
  return {};
}

result<void> fields::set(std::string_view name, std::string_view value) {
  if (auto ok = check(name, value); !ok) return ok;
  field line{std::string(name), std::string(value)};  // first: the views may point into a line
  remove(line.name);
  lines_.push_back(std::move(line));
  return {};
}

void fields::remove(std::string_view name) noexcept {
  std::erase_if(lines_, [&](const field& f) { return equal_ignoring_case(f.name, name); });
}

std::optional<std::string_view> fields::find(std::string_view name) const noexcept {
  for (const auto& f : lines_) {
    if (equal_ignoring_case(f.name, name)) return f.value;
  }
  return std::nullopt;
}

std::string fields::joined(std::string_view name) const {
  std::string out;
  bool first = true;
  for (const auto& f : lines_) {
    if (!equal_ignoring_case(f.name, name)) continue;
    if (!std::exchange(first, false)) out += ", ";
    out += f.value;
  }
  return out;
}

bool fields::has_token(std::string_view name, std::string_view token) const {
  bool found = false;
  for_each_item(joined(name), [&](std::string_view item) {
    found = found || equal_ignoring_case(item, token);
  });
  return found;
}

std::size_t fields::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::count_if(begin(), end(), [&](const field& f) {
    return equal_ignoring_case(f.name, name);
  }));
}

response response::text(int status, std::string_view body) {
  return of(status, "text/plain; charset=utf-8", std::string(body));
}

response response::of(int status, std::string_view content_type, std::string body) {
  response r{.status = status, .headers = {}, .body = std::move(body)};
  if (!r.headers.set("Content-Type", content_type)) {
    return {.status = 500};
  }
  return r;
}

}  // namespace scalekit::inline v0::http
