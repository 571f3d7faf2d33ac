// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_TESTS_UNIT_CSV_CSV_READER_HPP
#define SCALEKIT_TESTS_UNIT_CSV_CSV_READER_HPP

/// \file
/// A reader of RFC 4180 and of the escaped form, one character at a time and sharing no code with
/// the library: what the writer made must mean the same to it.

#include <scalekit/csv/dialect.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace csv_test {

struct field {
  std::string text;
  std::string raw = {};  ///< as it stands in the file; kept for fields without quotes only
  bool quoted = false;

  /// NULL is what stands in the file exactly as the null text, without quotes.
  [[nodiscard]] bool is_null(std::string_view null_text) const {
    return !quoted && raw == null_text;
  }
};

using record = std::vector<field>;

class reader {
 public:
  reader(std::string_view input, const scalekit::csv::dialect& d) : input_(input), d_(d) {}

  /// Everything, or nothing where the input is malformed: `ok()` tells.
  std::vector<record> all() {
    std::vector<record> records;
    while (ok_ && at_ < input_.size()) records.push_back(one_record());
    return records;
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  [[nodiscard]] bool more() const { return at_ < input_.size(); }

  record one_record() {
    record r;
    for (;;) {
      r.push_back(one_field());
      if (more() && input_[at_] == d_.delimiter) {
        ++at_;
        continue;
      }
      if (more() && input_[at_] == '\r') ++at_;
      ok_ = ok_ && more() && input_[at_] == '\n';
      ++at_;
      return r;
    }
  }

  field one_field() {
    const bool escapes = d_.quoting == scalekit::csv::quoting::never;
    field f;
    if (!escapes && more() && input_[at_] == d_.quote) return quoted_field();
    while (more() && input_[at_] != d_.delimiter && input_[at_] != '\n' && input_[at_] != '\r') {
      if (escapes && input_[at_] == d_.escape) {
        f.raw += d_.escape;
        if (++at_ == input_.size()) {
          ok_ = false;
          return f;
        }
      } else if (input_[at_] == d_.quote) {
        ok_ = false;
      }
      f.raw += input_[at_];
      f.text += input_[at_++];
    }
    return f;
  }

  field quoted_field() {
    field f{.text = {}, .quoted = true};
    for (++at_; more(); ++at_) {
      if (input_[at_] != d_.quote) {
        f.text += input_[at_];
      } else if (at_ + 1 < input_.size() && input_[at_ + 1] == d_.quote) {
        f.text += input_[at_++];
      } else {
        ++at_;
        return f;
      }
    }
    ok_ = false;
    return f;
  }

  std::string_view input_;
  const scalekit::csv::dialect& d_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace csv_test

#endif
