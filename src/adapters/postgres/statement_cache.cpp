// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/statement_cache.hpp"

#include "adapters/postgres/parameters.hpp"

namespace scalekit::inline v0::postgres {

bool prepared_statement::suits(sql::parameters params) const noexcept {
  // A wrong number is told apart when they are sent.
  if (params.size() != types.size()) return true;
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (!asked.empty() && asked[i] != 0) {
      if (!params[i].is_null() && natural_type(params[i].kind()) != asked[i]) return false;
    } else if (!natural_refused && wants_natural_type(types[i], params[i])) {
      return false;
    }
  }
  return true;
}

statement_ptr statement_cache::find(std::string_view sql) {
  // A loop over one statement finds it in front, and need not hash its text.
  if (!recent_.empty() && recent_.front()->sql == sql) return recent_.front();
  const auto found = by_text_.find(sql);
  if (found == by_text_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return recent_.front();
}

std::vector<std::string> statement_cache::add(const statement_ptr& s) {
  std::vector<std::string> gone;
  if (capacity_ == 0) return gone;
  recent_.push_front(s);
  by_text_[s->sql] = recent_.begin();
  while (recent_.size() > capacity_) {
    gone.push_back(recent_.back()->name);
    by_text_.erase(recent_.back()->sql);
    recent_.pop_back();
  }
  return gone;
}

void statement_cache::remove(const prepared_statement& s) noexcept {
  const auto found = by_text_.find(s.sql);
  if (found == by_text_.end() || found->second->get() != &s) return;
  const auto place = found->second;
  by_text_.erase(found);
  recent_.erase(place);
}

}  // namespace scalekit::inline v0::postgres
