// SPDX-License-Identifier: BSL-1.0
#include <scalekit/bytes.hpp>
#include <scalekit/sql/fragment.hpp>
#include <scalekit/sql/identifier.hpp>

namespace scalekit::inline v0::sql {

fragment& fragment::sql(std::string_view trusted_sql) & {
  if (trusted_sql.empty()) return *this;
  if (!pieces_.empty() && !pieces_.back().is_param) {
    pieces_.back().text.append(trusted_sql);
  } else {
    pieces_.push_back({std::string(trusted_sql), false});
  }
  return *this;
}

fragment& fragment::param(value v) & {
  pieces_.push_back({{}, true});
  params_.push_back(std::move(v));
  return *this;
}

fragment& fragment::append(const fragment& other) & {
  if (&other == this) return append(fragment(other));
  auto next = other.params_.begin();
  for (const piece& p : other.pieces_) {
    if (p.is_param) {
      param(*next++);
    } else {
      sql(p.text);
    }
  }
  return *this;
}

namespace {

/// A character that would run together with a placeholder: `?1` and `0`, `AND` and `$1`.
bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 128;
}

}  // namespace

std::size_t fragment::render(std::string& out, dialect d, std::size_t first) const {
  bool after_param = false;
  for (const piece& p : pieces_) {
    if (p.is_param ? !out.empty() && is_word(out.back()) : after_param && is_word(p.text.front())) {
      out.push_back(' ');
    }
    if (p.is_param) {
      append_placeholder(out, d, first++);
    } else {
      out += p.text;
    }
    after_param = p.is_param;
  }
  return first;
}

std::string fragment::canonical() const {
  std::string out;
  auto next = params_.begin();
  for (const piece& p : pieces_) {
    out.push_back(p.is_param ? 'p' : 's');
    if (p.is_param) {
      append_canonical(out, *next++);
    } else {
      append_framed(out, p.text);
    }
  }
  return out;
}

}  // namespace scalekit::inline v0::sql
