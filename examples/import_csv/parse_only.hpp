// SPDX-License-Identifier: BSL-1.0
#ifndef IMPORT_CSV_PARSE_ONLY_HPP
#define IMPORT_CSV_PARSE_ONLY_HPP

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/csv/reader_options.hpp>
#include <scalekit/csv/writer.hpp>
#include <scalekit/result.hpp>

namespace import_csv {

/// \brief Prints each record, the header too, as one line with a JSON array of texts: what Python's
/// `csv.reader` gives for the same dialect. A null text is null, an empty line an empty array, and
/// each ill-formed part of UTF-8 U+FFFD.
/// \par Errors what the file gives; `limit_exceeded` for a record that cannot be given whole.
[[nodiscard]] scalekit::result<void> print_json(
    scalekit::csv::byte_source& source,
    scalekit::csv::reader_options format,
    scalekit::csv::fd_sink out
);

/// \brief Prints what the sniffer proposes: `format`, as a schema file may have it, and `why`.
[[nodiscard]] scalekit::result<void> print_proposal(
    scalekit::csv::byte_source& source, scalekit::csv::fd_sink out
);

}  // namespace import_csv

#endif
