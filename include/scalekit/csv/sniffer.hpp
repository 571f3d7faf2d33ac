// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_SNIFFER_HPP
#define SCALEKIT_CSV_SNIFFER_HPP

/// \file
/// Guesses how a CSV file is spelled, for somebody to confirm.

#include <scalekit/csv/reader_options.hpp>
#include <scalekit/export.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace scalekit::inline v0::csv {

/// \brief Why one of the options is proposed.
struct finding {
  /// \brief 0: a default, the sample says nothing; 1: certain, or as good as. A rank, not a
  /// probability.
  double confidence = 0;
  std::string reason = {};  ///< in words, for a person
};

/// How lines end in a sample. The reader takes LF and CR LF alike; a sample of bare CRs makes
/// `line_ends::any` part of the proposal.
enum class seen_line_ends { none, lf, crlf, cr, mixed };

/// \brief What \ref sniff found.
struct proposal {
  reader_options options = {};
  seen_line_ends line_ends = seen_line_ends::none;

  finding delimiter = {};
  finding quote = {};
  finding escape = {};
  finding comment = {};
  finding header = {};
  finding encoding = {};
  finding line_end = {};
};

/// \brief As much of a sample as is looked at.
inline constexpr std::size_t sniffed_bytes = std::size_t{64} * 1024;

/// \brief Proposes how to read a file that begins with `sample`.
///
/// Nothing in scalekit calls it: a wrong guess reads a wrong file without an error, so show the
/// proposal, or at least refuse one of little confidence, and then keep the options.
///
/// The delimiter (one of `,` `;` TAB `|` `:`), the quote (`"`, `'` or none) and the escape (`\` or
/// none) are those with which the records are the most alike and the cells the most like something:
/// numbers, times, words. This is the method of van den Burg, Nazábal and Sutton, "Wrangling messy
/// CSV files by detecting row and type patterns" (Data Mining and Knowledge Discovery, 2019), with
/// their pattern score over numbers of fields and fewer types. Lines that begin with `#` are
/// comments if they do not look like records. A first record is a header if its cells differ in
/// kind from those below. Without a byte order mark, text is UTF-16 if every other byte is zero,
/// and Latin-1 if it is not UTF-8.
///
/// The same sample always gives the same proposal. A sample that is empty, or not text, gives the
/// defaults with no confidence. A last line without an end is taken to be cut off, and left out
/// unless it is the only one.
///
/// \par Thread-safety  Safe.
/// \par Complexity     About 25 passes over the sample, no copy but of UTF-16.
[[nodiscard]] SCALEKIT_EXPORT proposal sniff(std::string_view sample);

}  // namespace scalekit::inline v0::csv

#endif
