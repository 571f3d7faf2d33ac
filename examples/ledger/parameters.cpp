// SPDX-License-Identifier: BSL-1.0
#include "parameters.hpp"

#include <algorithm>
#include <charconv>

namespace ledger {

using namespace scalekit;

error bad_parameter(std::string_view name, std::string_view what) {
  std::string message = "parameter ";
  message.append(name).append(": ").append(what);
  return {errc::invalid_argument, std::move(message)};
}

result<void> check_names(const http::request& r, std::initializer_list<std::string_view> known) {
  const auto& query = r.parsed.query;
  for (const auto& p : query) {
    if (std::ranges::find(known, std::string_view(p.name)) == known.end()) {
      std::string words;
      for (const auto word : known) words.append(words.empty() ? "" : ", ").append(word);
      return bad_parameter(p.name, "unknown; there are " + words);
    }
    if (std::ranges::count(query, p.name, &http::parameter::name) > 1) {
      return bad_parameter(p.name, "given more than once");
    }
  }
  return {};
}

result<std::optional<std::int64_t>> number_parameter(
    const http::request& r, std::string_view name, std::int64_t low, std::int64_t high
) {
  const auto given = r.query(name);
  if (!given) return std::optional<std::int64_t>();
  std::int64_t n = 0;
  const char* const last = given->data() + given->size();
  const auto [end, wrong] = std::from_chars(given->data(), last, n);
  if (wrong != std::errc() || end != last || n < low || n > high) {
    return bad_parameter(
        name, "not a whole number from " + std::to_string(low) + " to " + std::to_string(high)
    );
  }
  return std::optional(n);
}

result<keyset::source> read_source(const http::request& r, std::optional<std::int64_t> tenant) {
  auto status = choice_parameter<std::string_view>(
      r,
      "status",
      {{"any", ""},
       {"settled", "settled"},
       {"pending", "pending"},
       {"failed", "failed"},
       {"reversed", "reversed"}}
  );
  if (!status) return status.error();
  keyset::source out;
  out.table = "ledger_entry";
  if (tenant) out.fixed.push_back({"tenant_id", *tenant});
  if (!status->empty()) out.where.push_back(sql::fragment("status = ").param(*status));
  return out;
}

result<keyset::order> newest_first() {
  return keyset::order::make(
      {{.name = "created_at",
        .direction = keyset::direction::descending,
        .nullability = keyset::nullability::not_null,
        .kind = sql::value_kind::int64}},
      {.columns = {"id"},
       .storage = keyset::key_storage::sqlite_rowid,
       .kind = sql::value_kind::int64}
  );
}

}  // namespace ledger
