// SPDX-License-Identifier: BSL-1.0
#include "bulk/json_text.hpp"

#include <scalekit/bulk/import_summary.hpp>

#include <array>
#include <charconv>
#include <chrono>

namespace scalekit::inline v0::bulk {

std::string_view to_string(import_outcome outcome) noexcept {
  switch (outcome) {
    case import_outcome::unfinished:
      return "unfinished";
    case import_outcome::completed:
      return "completed";
    case import_outcome::too_many_rejected:
      return "too_many_rejected";
    case import_outcome::paused:
      return "paused";
    case import_outcome::cancelled:
      return "cancelled";
  }
  return "unknown";
}

namespace {

double seconds_of(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

class json_object {
 public:
  void text(std::string_view name, std::string_view value) {
    member(name);
    append_json(out_, value);
  }
  void word(std::string_view name, std::string_view value) {
    member(name);
    out_ += value;
  }
  void number(std::string_view name, std::uint64_t value) { word(name, std::to_string(value)); }
  void number(std::string_view name, double value) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    word(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }
  std::string closed() && { return std::move(out_.append(1, '}')); }

 private:
  void member(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    append_json(out_, name);
    out_ += ':';
  }

  std::string out_ = "{";
};

}  // namespace

double import_summary::rows_per_second() const noexcept {
  const double seconds = seconds_of(elapsed);
  return seconds > 0 ? static_cast<double>(read_by_run) / seconds : 0;
}

std::string import_summary::to_json() const {
  json_object by_code;
  for (const auto& [code, count] : rejected_by_code) by_code.number(code, count);
  json_object out;
  out.text("file", file);
  if (file_sha256.empty()) {
    out.word("file_sha256", "null");
  } else {
    out.text("file_sha256", file_sha256);
  }
  out.word("dry_run", dry_run ? "true" : "false");
  out.text("outcome", to_string(outcome));
  out.number("read", read);
  out.number("good", good);
  out.number("inserted", inserted);
  out.number("updated", updated);
  out.number("unchanged", unchanged);
  out.number("folded", folded);
  out.number("rejected", rejected);
  out.number("unprocessed", unprocessed);
  out.word("rejected_by_code", std::move(by_code).closed());
  out.number("bytes", bytes);
  out.number("elapsed_seconds", seconds_of(elapsed));
  out.number("rows_per_second", rows_per_second());
  return std::move(out).closed();
}

}  // namespace scalekit::inline v0::bulk
