// SPDX-License-Identifier: BSL-1.0
#include "bulk/json_text.hpp"

#include <scalekit/bulk/error_report.hpp>
#include <scalekit/csv/writer.hpp>

#include <array>
#include <optional>
#include <utility>

namespace scalekit::inline v0::bulk {

namespace {

constexpr std::array<std::string_view, 8> names{
    "record", "line", "offset", "column", "value", "code", "message", "suggestion"};
using fields = std::array<sql::value_view, names.size()>;

class report_writer {
 public:
  report_writer() = default;
  report_writer(const report_writer&) = delete;
  report_writer& operator=(const report_writer&) = delete;
  virtual ~report_writer() = default;
  [[nodiscard]] virtual result<void> row(const fields& values) = 0;
  [[nodiscard]] virtual result<void> end() = 0;
};

class csv_report final : public report_writer {
 public:
  explicit csv_report(csv::writer<error_report::sink> out) : out_(std::move(out)) {}
  result<void> begin() { return out_.header(names); }
  result<void> row(const fields& values) override { return out_.row(values); }
  result<void> end() override { return out_.flush(); }

 private:
  csv::writer<error_report::sink> out_;
};

class json_report final : public report_writer {
 public:
  json_report(error_report::sink out, std::size_t flush_size)
      : out_(std::move(out)), flush_size_(flush_size) {}

  result<void> row(const fields& values) override {
    text_ += first_ ? "[\n{" : ",\n{";
    first_ = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      text_.append(i == 0 ? "\"" : ",\"").append(names[i]).append("\":");
      if (values[i].is_null()) {
        text_ += "null";
      } else if (values[i].has_bytes()) {
        append_json(text_, values[i].as_text());
      } else {
        text_ += std::to_string(values[i].as_uint64());
      }
    }
    text_ += '}';
    return text_.size() < flush_size_ ? result<void>() : flush();
  }

  result<void> end() override {
    text_ += first_ ? "[]\n" : "\n]\n";
    return flush();
  }

 private:
  result<void> flush() {
    auto taken = out_(text_);
    text_.clear();
    return taken;
  }

  error_report::sink out_;
  std::size_t flush_size_;
  std::string text_;
  bool first_ = true;
};

/// `text` as UTF-8, kept in `memory`; null if there is none.
sql::value_view shown(std::string_view text, std::string& memory) {
  if (text.empty()) return {};
  memory.clear();
  append_utf8(memory, text);
  return memory;
}

}  // namespace

struct error_report::state {
  std::unique_ptr<report_writer> out;
  std::uint64_t max_per_code = 0;
  error_counts counts = {};
  std::optional<::scalekit::error> failure = {};
  std::array<std::string, 5> memory = {};

  result<void> kept(result<void> r) {
    if (!r) failure = r.error();
    return r;
  }

  result<void> write(const row_error& e) {
    fields values{
        e.record,
        e.line,
        e.offset,
        shown(e.column, memory[0]),
        shown(e.value, memory[1]),
        shown(e.code, memory[2]),
        shown(e.message, memory[3]),
        shown(e.suggestion, memory[4])};
    // Of no row in particular.
    if (e.record == 0) values[0] = values[1] = values[2] = nullptr;
    // There is a field, with nothing in it.
    if (e.value.empty() && !e.column.empty()) values[4] = std::string_view("");
    return out->row(values);
  }

  result<void> write_totals() {
    for (const auto& [code, count] : counts) {
      if (max_per_code == 0 || count <= max_per_code) continue;
      row_error rest;
      rest.code = code;
      rest.message =
          std::to_string(count - max_per_code) + " more errors of this kind are not shown";
      if (auto written = write(rest); !written) return written;
    }
    return out->end();
  }
};

error_report::error_report(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
error_report::error_report(error_report&& other) noexcept = default;
error_report& error_report::operator=(error_report&& other) noexcept = default;
error_report::~error_report() = default;

result<error_report> error_report::open(
    report_format format, sink out, error_report_options options
) {
  auto made = std::make_unique<state>();
  made->max_per_code = options.max_per_code;
  if (format == report_format::json) {
    made->out = std::make_unique<json_report>(std::move(out), options.flush_size);
    return error_report(std::move(made));
  }
  auto writer = csv::writer<sink>::make(std::move(out), options.dialect, options.flush_size);
  if (!writer) return std::move(writer).error().with_context("error_report");
  auto report = std::make_unique<csv_report>(*std::move(writer));
  if (auto begun = report->begin(); !begun) return begun.error();
  made->out = std::move(report);
  return error_report(std::move(made));
}

result<void> error_report::add(const row_error& e) {
  if (state_->failure) return *state_->failure;
  const std::uint64_t count = ++state_->counts[e.code];
  if (state_->max_per_code != 0 && count > state_->max_per_code) return {};
  return state_->kept(state_->write(e));
}

result<void> error_report::finish() {
  if (state_->failure) return *state_->failure;
  auto ended = state_->kept(state_->write_totals());
  if (ended)
    state_->failure = error(errc::invalid_argument, "error_report: it is finished already");
  return ended;
}

const error_counts& error_report::counts() const noexcept { return state_->counts; }

}  // namespace scalekit::inline v0::bulk
