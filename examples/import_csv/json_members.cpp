// SPDX-License-Identifier: BSL-1.0
#include "json_members.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <numeric>

namespace import_csv {

namespace json = boost::json;

namespace {

std::string_view kind_of(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string_view text_of(const json::value& v) {
  const json::string& s = v.get_string();
  return {s.data(), s.size()};
}

/// Letters to insert, delete, replace, or swap with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  std::vector<std::size_t> above = row;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::vector<std::size_t> two_above = std::exchange(above, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, above[j + 1] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
        row[j + 1] = std::min(row[j + 1], two_above[j - 1] + 1);
      }
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  word = word.substr(0, 64);
  const auto far = [word](std::string_view c) { return distance(word, c); };
  const auto best = std::ranges::min_element(candidates, {}, far);
  if (best != candidates.end() && far(*best) <= std::max<std::size_t>(1, word.size() / 3)) {
    return "; did you mean \"" + std::string(*best) + "\"?";
  }
  std::string out = "; there are ";
  for (const auto c : candidates) out.append(c == candidates.front() ? "" : ", ").append(c);
  return out;
}

json_members::json_members(const json::value& v, std::string path, problems& noted)
    : object_(v.if_object()), path_(std::move(path)), noted_(noted) {
  if (object_ != nullptr) return;
  noted_.push_back(
      (path_.empty() ? "the file" : path_) + ": must be an object, and is " +
      std::string(kind_of(v))
  );
}

std::string json_members::path_of(std::string_view name) const {
  std::string out = path_;
  if (!out.empty()) out += '.';
  return out.append(name);
}

void json_members::complain(std::string_view name, std::string_view what) {
  noted_.push_back(path_of(name).append(": ").append(what));
}

const json::value* json_members::find(std::string_view name) {
  asked_.push_back(name);
  if (object_ == nullptr) return nullptr;
  return object_->if_contains(json::string_view(name.data(), name.size()));
}

void json_members::read(std::string_view name, std::string& out) {
  const json::value* const v = find(name);
  if (v == nullptr) return;
  if (!v->is_string()) return complain(name, "must be a text, and is " + std::string(kind_of(*v)));
  out = text_of(*v);
}

void json_members::read(std::string_view name, bool& out) {
  const json::value* const v = find(name);
  if (v == nullptr) return;
  if (!v->is_bool()) return complain(name, "must be true or false");
  out = v->get_bool();
}

void json_members::read(std::string_view name, double& out) {
  const json::value* const v = find(name);
  if (v == nullptr) return;
  if (!v->is_number()) return complain(name, "must be a number");
  out = v->to_number<double>();
}

void json_members::read(std::string_view name, char& out) {
  std::optional<char> one = out;
  read(name, one);
  if (one) {
    out = *one;
  } else {
    complain(name, "must be one ASCII character, and is null");
  }
}

void json_members::read(std::string_view name, std::optional<char>& out) {
  const json::value* const v = find(name);
  if (v == nullptr) return;
  if (v->is_null()) {
    out.reset();
  } else if (v->is_string() && text_of(*v).size() == 1) {
    out = text_of(*v).front();
  } else {
    complain(name, "must be one ASCII character");
  }
}

void json_members::read(std::string_view name, std::vector<std::string>& out) {
  const json::value* const v = find(name);
  if (v == nullptr) return;
  std::vector<std::string> texts;
  const json::array* const list = v->if_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (!(*list)[i].is_string()) {
      return complain(std::string(name) + "[" + std::to_string(i) + "]", "must be a text");
    }
    texts.emplace_back(text_of((*list)[i]));
  }
  if (list == nullptr) return complain(name, "must be an array of texts");
  out = std::move(texts);
}

void json_members::read_decimal(std::string_view name, std::string& out) {
  const json::value* const v = find(name);
  if (v == nullptr) return;
  if (v->is_string()) {
    out = text_of(*v);
  } else if (v->is_int64()) {
    out = std::to_string(v->get_int64());
  } else {
    complain(name, "must be a text such as \"12.50\", or a whole number");
  }
}

std::optional<std::int64_t> json_members::whole_number(std::string_view name) {
  const json::value* const v = find(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_int64()) return v->get_int64();
  complain(name, "must be a whole number of at most 63 bits");
  return std::nullopt;
}

std::optional<std::size_t> json_members::word(
    std::string_view name, const std::vector<std::string_view>& spellings
) {
  const json::value* const v = find(name);
  if (v == nullptr) return std::nullopt;
  const std::string_view given = v->is_string() ? text_of(*v) : std::string_view();
  const auto found = std::ranges::find(spellings, given);
  if (v->is_string() && found != spellings.end()) {
    return static_cast<std::size_t>(found - spellings.begin());
  }
  std::string what = v->is_string() ? "\"" + std::string(given) + "\" is not known"
                                    : "must be a text, and is " + std::string(kind_of(*v));
  complain(name, what + suggestion(given, spellings));
  return std::nullopt;
}

void json_members::finish(std::string_view where) {
  if (object_ == nullptr) return;
  for (const json::key_value_pair& member : *object_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(asked_, name) != asked_.end()) continue;
    complain(name, "is not known" + std::string(where) + suggestion(name, asked_));
  }
}

}  // namespace import_csv
