// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_SRC_CSV_READER_PARSER_HPP
#define SCALEKIT_SRC_CSV_READER_PARSER_HPP

#include "csv/reader_machine.hpp"
#include "csv/reader_scanner.hpp"
#include "csv/reader_text.hpp"

#include <scalekit/csv/reader.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace scalekit::inline v0::csv::detail {

/// \brief Makes records: the scanner finds them where it can, the machine where it cannot.
class record_parser {
 public:
  record_parser(byte_source& source, reader_options options);

  [[nodiscard]] result<void> start();
  void start_at(const csv::position& from, std::size_t columns);
  [[nodiscard]] result<bool> next() { return take_regular() ? result<bool>(true) : next_slowly(); }

  [[nodiscard]] const record& row() const noexcept { return row_; }
  [[nodiscard]] const csv::position& position() const noexcept { return position_; }
  [[nodiscard]] text_encoding encoding() const noexcept { return buffer_.encoding(); }

  /// Of the current record.
  [[nodiscard]] bool is_null(std::size_t column) const noexcept;
  [[nodiscard]] bool was_quoted(std::size_t column) const noexcept;
  [[nodiscard]] csv::position field_position(std::size_t column) const noexcept;

 private:
  enum class taken : std::uint8_t { record, nothing };

  /// A place in the current record, as it is in the buffer, and what lies before it: bytes of the
  /// file, line ends.
  struct place {
    std::size_t at = 0;
    std::uint64_t bytes = 0;
    std::uint64_t lines = 0;
  };

  void begin_scanning();
  [[nodiscard]] result<bool> next_slowly();

  // What the scanner found.
  [[nodiscard]] bool take_regular();
  [[nodiscard]] taken take_scanned();
  void take_bare_fields(const char* content, std::size_t n) noexcept;
  std::size_t take_quoted_fields(const char* content);
  [[nodiscard]] std::string_view without_doubled_quotes(std::string_view text);
  void finish_scanned(std::size_t columns);

  // What the machine finds.
  [[nodiscard]] bool is_oversized() const noexcept;
  [[nodiscard]] bool needs_machine() const noexcept;
  [[nodiscard]] result<taken> take_by_machine();
  [[nodiscard]] result<void> delimit();
  void drop();
  void take_held();
  void inspect_field(std::size_t column, std::string_view raw);
  void take_dropped();

  // Both.
  [[nodiscard]] result<void> fill();
  [[nodiscard]] result<void> skip_line();
  void consume(std::size_t n, std::uint64_t lines) noexcept;
  void begin_record() noexcept;
  void end_record(std::size_t size, std::uint64_t lines, std::size_t columns) noexcept;
  [[nodiscard]] std::size_t settle_columns(std::size_t columns);
  [[nodiscard]] bool is_too_long(std::size_t column, std::string_view raw);
  [[nodiscard]] char*& room();
  [[nodiscard]] std::string_view in_utf8(std::string_view text);

  [[nodiscard]] std::size_t field_begin(std::size_t column) const noexcept;
  [[nodiscard]] std::string_view raw_field(std::size_t column) const noexcept;
  [[nodiscard]] place go_to(std::size_t at, place from) const noexcept;
  [[nodiscard]] csv::position in_file(place p) const noexcept;
  void report(issue_code code, std::size_t column, std::size_t at);

  const reader_options options_;
  const int quote_;                // -1: none
  const std::size_t least_limit_;  // a record no longer than this has no field that is too long
  text_buffer buffer_;
  std::optional<scanner> scanner_;  // made once the encoding is known
  record_machine machine_;
  csv::position position_;
  record row_;
  std::optional<error> failure_;  // of the source, after which nothing here holds
  std::size_t columns_ = 0;       // that a record should have; 0: as many as the next one
  bool as_it_is_ = false;         // a field without quotes is given as it is in the buffer
  /// The columns of the last record if the next one may differ from it in its texts and its place
  /// alone, which is what `take_regular` asks for; else 0.
  std::size_t regular_columns_ = 0;

  std::vector<std::string_view> fields_;
  std::vector<issue> issues_;
  std::unique_ptr<char[]> room_;  // for texts that are not in the buffer as they are given
  std::size_t room_size_ = 0;
  char* room_next_ = nullptr;  // null: not used by this record yet

  // The current record, for what is asked about it on demand.
  std::string_view text_;  // as it is in the buffer, line end included; empty if it was dropped
  const std::uint32_t* ends_ = nullptr;  // of its fields,
  std::uint32_t ends_base_ = 0;          // counted from there
  std::size_t raw_columns_ = 0;
  bool by_machine_ = false;
  place reported_;  // the field of the last issue

  bool dropping_ = false;  // the record is too long to be held,
  csv::position opened_;   // and the last quote that opened in what is gone was there
};

/// The end of what is before the line end at `end`, in a record that begins at `begin`.
[[nodiscard]] inline const char* content_end(const char* begin, const char* end) noexcept {
  return *end == '\n' && end != begin && end[-1] == '\r' ? end - 1 : end;
}

/// Behind the line end that the scanner has found at `end`. (A CR that ends a line by itself is
/// followed by at least one byte that has been scanned.)
[[nodiscard]] inline const char* line_end(const char* end) noexcept {
  return end + (*end == '\r' && end[1] == '\n' ? 2 : 1);
}

/// The next record, if it is what nearly all are: like the one before it, but for its texts and its
/// place. In the header, so that it becomes a part of `reader::next`.
inline bool record_parser::take_regular() {
  const std::size_t n = regular_columns_;
  if (n == 0 || !scanner_->has_record() || !scanner_->has_columns(n)) return false;
  const char* const memory = buffer_.data();
  const char* const begin = memory + buffer_.begin();
  const char* const end = memory + scanner_->record_end();
  const char* const content = content_end(begin, end);
  const auto size = static_cast<std::size_t>(line_end(end) - begin);
  if (size > least_limit_ || content == begin) return false;
  text_ = {begin, size};
  ends_ = scanner_->ends();
  ends_base_ = buffer_.begin();
  std::uint64_t lines = 1;
  if (scanner_->has_quotes()) {
    room_next_ = nullptr;
    take_quoted_fields(content);
    lines += scanner_->take(n);
  } else {
    take_bare_fields(content, n);
    scanner_->take_bare(n);
  }
  const csv::position from = position_;
  row_.begin_ = from;
  row_.bytes_ = size;
  position_ = {from.offset + size, from.line + lines, from.record + 1};
  buffer_.consume_as_is(size);
  return true;
}

inline void record_parser::take_bare_fields(const char* content, std::size_t n) noexcept {
  const char* const memory = buffer_.data();
  const std::uint32_t* const ends = ends_;
  std::string_view* const fields = fields_.data();
  const char* field = text_.data();
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const char* const end = memory + ends[i];
    fields[i] = {field, static_cast<std::size_t>(end - field)};
    field = end + 1;
  }
  fields[n - 1] = {field, static_cast<std::size_t>(content - field)};
}

}  // namespace scalekit::inline v0::csv::detail

#endif
