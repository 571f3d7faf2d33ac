// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_CSV_SPLITTER_HPP
#define SCALEKIT_CSV_SPLITTER_HPP

/// \file
/// Cuts a CSV file into pieces between records, so that several threads can read it at once, and
/// recognises it again later.

#include <scalekit/csv/byte_source.hpp>
#include <scalekit/csv/reader.hpp>
#include <scalekit/csv/reader_options.hpp>
#include <scalekit/digest.hpp>
#include <scalekit/export.hpp>
#include <scalekit/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace scalekit::inline v0::csv {

struct split_options {
  /// \brief Records of a piece; only the last may have fewer. Not together with `every_bytes`.
  std::uint64_t every_records = 0;
  /// \brief A piece ends with the first record that makes it so long; only the last may be shorter.
  /// Neither of the two: the whole file is one piece.
  std::uint64_t every_bytes = 0;
  /// \brief Runs a task on another thread, now or later; empty: everything runs on the caller's.
  /// It may be slow, or drop tasks: a block not begun when its turn comes is scanned by the caller
  /// itself. It must not throw. A task never throws, and may run after the call has returned.
  std::function<void(std::function<void()>)> executor{};
  /// \brief Most blocks of 256 KiB in memory at once, 1 to 1024; twice the executor's threads, and
  /// two, keep them busy.
  std::size_t max_in_flight = 8;
  /// \brief Gets every byte of the file, in order, on the caller's thread; may be null.
  ::scalekit::digest* digest = nullptr;
};

/// \brief Where a file can be cut, and what was seen on the way.
///
/// A piece is read by \ref reader::open_at with its point, `columns` and `encoding`, as long as the
/// reader's `position().record` is less than the next point's (the end's, for the last). Offsets
/// will not do: comments and empty lines between two pieces are part of neither.
struct split_plan {
  /// \brief Where the first record of each piece begins; empty if the file has no records.
  std::vector<position> points = {};
  /// \brief Behind the last record; its offset is the length of the file.
  position end = {};
  std::vector<std::string> header = {};          ///< the names; empty without one
  std::size_t columns = 0;                       ///< of the header, or else of the first record
  text_encoding encoding = text_encoding::utf8;  ///< what `detect` has found, or what was asked for
  std::uint64_t records = 0;                     ///< the header not counted
  /// \brief Every quote and carriage return stood where RFC 4180 has them.
  bool regular = true;
  /// \brief See \ref content_hash.
  std::uint64_t content_hash = 0;
};

/// \brief Finds where the records of a file begin, every so many records or bytes.
///
/// Whether a line end ends a record depends on all quotes before it; their parity, though, is
/// additive. So blocks are scanned by themselves, once, for both answers, and the right one is
/// taken when all before is known (Ge, Li, Eilebrecht, Chandramouli, Kossmann, "Speculative
/// distributed CSV data parsing for big data analytics", 2019, weigh the alternatives). That holds
/// as long as quotes stand as in RFC 4180, and one that does not is visible to its neighbours; so
/// is a bare CR. Then, and for options under which parity says too little (an escape, comments,
/// empty lines that are records, UTF-16), a \ref reader reads the file again and says where its
/// records begin. So the points are always positions that `reader` gives, whatever the file.
///
/// \par Example
/// \snippet tests/unit/csv/splitter_test.cpp example
///
/// \par Thread-safety  Safe. Starts no thread. Uses the file, and the digest, on the caller's only.
/// \par Errors         `invalid_argument` naming the option; those of \ref reader::open, and what
/// the file gives; `conflict` if the file changed between two readings.
/// \par Complexity     One pass over the file, read in order; two where a reader must look. Memory:
/// the points, and the blocks in flight.
[[nodiscard]] SCALEKIT_EXPORT result<split_plan> split(
    input_file& file, const reader_options& reading, const split_options& options
);

/// \brief 64 bits that tell a file from another, or from itself as it was: a file that was edited,
/// cut or exchanged by mistake has the same one once in 2^64 times. No guard against forgery: that
/// is what \ref split_options::digest is for. The same on every machine; never changes within a
/// major version.
/// \par Errors what the file gives
[[nodiscard]] SCALEKIT_EXPORT result<std::uint64_t> content_hash(input_file& file);

}  // namespace scalekit::inline v0::csv

#endif
