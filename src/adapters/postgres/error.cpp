// SPDX-License-Identifier: BSL-1.0
#include "adapters/postgres/error.hpp"

#include <scalekit/adapters/postgres/error.hpp>

#include <algorithm>

namespace scalekit::inline v0::postgres {

namespace {

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

void append_part(std::string& out, std::string_view separator, std::string_view part) {
  if (!part.empty()) out.append(separator).append(part);
}

struct refusal {
  std::string_view words;
  std::string_view sqlstate;
};

// libpq hands out no SQLSTATE for a connection that was not made, so its words must do. They are
// those of a server that speaks English; any other counts as unavailable.
constexpr refusal refusals[] = {
    {"permission denied for database", "28000"},
    {"password authentication failed", "28P01"},
    {"no password supplied", "28P01"},
    {"authentication failed", "28000"},
    {"no pg_hba.conf entry", "28000"},
    {"pg_hba.conf rejects", "28000"},
    {"is not permitted to log in", "28000"},
    {"role \"", "28000"},
    {"database \"", "3D000"},
    {"too many clients", "53300"},
    {"too many connections", "53300"},
    {"remaining connection slots", "53300"},
    {"the database system is", "57P03"},
};

}  // namespace

std::string_view field(const PGresult* r, int code) noexcept {
  const char* text = PQresultErrorField(r, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

error server_error(const PGresult* r) {
  const std::string_view state = sqlstate(r);
  std::string message(field(r, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) message = one_line(PQresultErrorMessage(r));
  append_part(message, "; ", field(r, PG_DIAG_MESSAGE_DETAIL));
  append_part(message, "; hint: ", field(r, PG_DIAG_MESSAGE_HINT));
  append_part(message, "; at character ", field(r, PG_DIAG_STATEMENT_POSITION));
  append_part(message, "; constraint ", field(r, PG_DIAG_CONSTRAINT_NAME));
  append_part(message, "; SQLSTATE ", state);
  return {to_errc(state), std::move(message), {"postgres", pack_sqlstate(state)}};
}

std::string one_line(std::string_view libpq_message) {
  if (const auto at = libpq_message.rfind("failed: "); at != std::string_view::npos) {
    libpq_message.remove_prefix(at + 8);
  }
  if (libpq_message.starts_with("FATAL:")) libpq_message.remove_prefix(6);
  libpq_message = libpq_message.substr(0, libpq_message.find_first_of("\r\n"));
  const auto first = libpq_message.find_first_not_of(' ');
  return std::string(first == std::string_view::npos ? "" : libpq_message.substr(first));
}

std::string excerpt(std::string_view sql) {
  constexpr std::size_t longest = 60;
  std::size_t last = std::min(sql.size(), longest);
  while (last < sql.size() && last > 0 && is_continuation(sql[last])) --last;
  std::string out("\"");
  for (const char c : sql.substr(0, last)) {
    out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  out += last < sql.size() ? "...\"" : "\"";
  return out;
}

error connect_error(std::string_view libpq_message) {
  const std::string words = one_line(libpq_message);
  for (const refusal& r : refusals) {
    if (words.find(r.words) == std::string::npos) continue;
    return {to_errc(r.sqlstate), words, {"postgres", pack_sqlstate(r.sqlstate)}};
  }
  for (const std::string_view wrong : {"invalid ", "could not read root certificate"}) {
    if (words.starts_with(wrong)) return {errc::invalid_argument, words};
  }
  if (words.find("Connection refused") != std::string::npos) {
    return {errc::unavailable, words + "; is the server running there?"};
  }
  return {errc::unavailable, words.empty() ? "no reason was given" : words};
}

}  // namespace scalekit::inline v0::postgres
