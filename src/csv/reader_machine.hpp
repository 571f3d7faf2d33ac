// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_READER_MACHINE_HPP
#define SCALEKIT_SRC_CSV_READER_MACHINE_HPP

#include <scalekit/csv/reader.hpp>
#include <scalekit/csv/reader_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::csv {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
[[nodiscard]] std::string_view without_leading_blanks(std::string_view text) noexcept;
[[nodiscard]] std::string_view without_trailing_blanks(std::string_view text) noexcept;

/// How many lines end in `text`, where an LF behind a CR ends the same line.
[[nodiscard]] std::uint64_t count_line_ends(std::string_view text, line_ends rule) noexcept;

/// \brief The meaning of the reader: takes a record apart a character at a time, whatever is in it.
///
/// Fed with the record as far as it is in memory, again and again until it says that the record is
/// complete; goes on where it stopped. All positions count from where the record begins.
class record_machine {
 public:
  struct finding {
    issue_code code;
    std::size_t column;
    std::size_t at;
  };
  static constexpr std::size_t gone = static_cast<std::size_t>(-1);

  explicit record_machine(const reader_options& o);

  void start();
  /// Whether the record is complete. `last`: the file ends behind the text.
  [[nodiscard]] bool feed(std::string_view text, bool last);
  /// From here on nothing but the record's end is looked for. All positions have become less by as
  /// many bytes as are returned, all of them seen already: those need not be kept.
  [[nodiscard]] std::size_t drop() noexcept;

  /// Of the record, line end included.
  [[nodiscard]] std::size_t size() const noexcept { return at_; }
  [[nodiscard]] std::uint64_t line_ends() const noexcept { return lines_; }
  /// Where the fields end; of surplus ones, nothing.
  [[nodiscard]] std::span<const std::uint32_t> ends() const noexcept { return ends_; }
  /// The number of fields, surplus ones included.
  [[nodiscard]] std::size_t columns() const noexcept { return column_; }
  [[nodiscard]] std::span<const finding> findings() const noexcept { return findings_; }

  /// Whether the record ended, or stopped, inside quotes; since which place, after how many lines.
  [[nodiscard]] bool inside_quotes() const noexcept {
    return state_ == state::quoted || state_ == state::escaped_in_quotes;
  }
  [[nodiscard]] std::size_t opened_at() const noexcept { return opened_at_; }
  [[nodiscard]] std::uint64_t opened_line() const noexcept { return opened_line_; }

  /// The text of a field as it stands between its delimiters. `out` is room for as much again; what
  /// is used of it is taken off its front.
  [[nodiscard]] std::string_view decode(std::string_view raw, char*& out) const noexcept;

 private:
  enum class state : std::uint8_t {
    field_start,
    bare,
    escaped,
    quoted,
    escaped_in_quotes,
    closed,             // behind a closing quote, or the first of a doubled one
    blanks_after_quote  // with trim
  };
  enum class step : std::uint8_t { on, wait, done };

  void build_stops();
  void skip_to_stop(std::string_view text, std::uint8_t stop) noexcept;
  step outside(std::string_view text, bool last);
  step carriage_return(std::string_view text, bool last);
  void quote_outside();
  void begin_text();
  void inside(std::string_view text) noexcept;
  void line_end_inside(std::string_view text) noexcept;
  step end_record(std::size_t size, std::uint64_t lines);
  void end_field(std::size_t at);
  void found(issue_code code, std::size_t at);

  static constexpr std::uint8_t stops_bare = 1;
  static constexpr std::uint8_t stops_quoted = 2;

  std::array<std::uint8_t, 256> stops_{};
  char delimiter_;
  std::optional<char> quote_;
  std::optional<char> escape_;
  bool trim_;
  bool any_line_end_;
  bool report_;
  std::size_t max_columns_;

  state state_ = state::field_start;
  bool dropping_ = false;
  std::uint8_t found_in_field_ = 0;
  std::size_t at_ = 0;
  std::size_t column_ = 0;
  std::uint64_t lines_ = 0;
  std::size_t opened_at_ = 0;
  std::uint64_t opened_line_ = 0;
  std::size_t closed_at_ = 0;
  std::vector<std::uint32_t> ends_;
  std::vector<finding> findings_;
};

}  // namespace scalekit::inline v0::csv

#endif
