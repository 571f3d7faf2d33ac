// SPDX-License-Identifier: BSL-1.0
#ifndef LEDGER_PARAMETERS_HPP
#define LEDGER_PARAMETERS_HPP

/// Query parameters that both endpoints read, checked: what is unknown or malformed is refused with
/// a sentence that says what would be accepted.

#include <scalekit/error.hpp>
#include <scalekit/http/message.hpp>
#include <scalekit/keyset/order.hpp>
#include <scalekit/keyset/source.hpp>
#include <scalekit/result.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ledger {

scalekit::error bad_parameter(std::string_view name, std::string_view what);

/// \par Errors `invalid_argument` naming a parameter that is not among `known`, or comes twice.
scalekit::result<void> check_names(
    const scalekit::http::request& r, std::initializer_list<std::string_view> known
);

/// A whole number from `low` to `high`, or nothing if the parameter is absent.
scalekit::result<std::optional<std::int64_t>> number_parameter(
    const scalekit::http::request& r, std::string_view name, std::int64_t low, std::int64_t high
);

/// One of a few words, each of which stands for a value; the first if the parameter is absent.
template <class T>
scalekit::result<T> choice_parameter(
    const scalekit::http::request& r,
    std::string_view name,
    std::initializer_list<std::pair<std::string_view, T>> choices
) {
  const auto given = r.query(name);
  if (!given) return choices.begin()->second;
  std::string words;
  for (const auto& [word, value] : choices) {
    if (word == *given) return value;
    words.append(words.empty() ? "" : ", ").append(word);
  }
  return bad_parameter(name, "choose one of: " + words);
}

/// The entries that `tenant` and `status` ask for, without a select list. The tenant may be absent.
scalekit::result<scalekit::keyset::source> read_source(
    const scalekit::http::request& r, std::optional<std::int64_t> tenant
);

/// The order of one tenant's entries, which the index `entry_newest` serves.
scalekit::result<scalekit::keyset::order> newest_first();

}  // namespace ledger

#endif
