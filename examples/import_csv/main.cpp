// SPDX-License-Identifier: BSL-1.0
// import_csv FILE --schema schema.json --db DATABASE: any CSV file into a table; --help says more.
#include "arguments.hpp"
#include "parse_only.hpp"
#include "run_import.hpp"

#include <scalekit/compress/gunzip.hpp>
#include <scalekit/csv/byte_source.hpp>
#include <scalekit/csv/writer.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

namespace {

using namespace scalekit;
using import_csv::arguments;
using import_csv::task;

/// A file, unpacked if it is gzip.
struct input {
  std::unique_ptr<csv::disk_file> on_disk;
  std::unique_ptr<compress::gunzip_file> unpacked;

  [[nodiscard]] csv::input_file& file() const {
    return unpacked ? static_cast<csv::input_file&>(*unpacked) : *on_disk;
  }
};

result<input> open_input(const std::string& path) {
  auto file = csv::disk_file::open_path(path);
  if (!file) return file.error();
  auto front = (*file)->open(0);
  if (!front) return front.error();
  std::array<char, 3> magic{};
  auto n = (*front)->read(magic);
  if (!n) return n.error();
  input in{*std::move(file), nullptr};
  if (compress::is_gzip({magic.data(), *n})) {
    in.unpacked = std::make_unique<compress::gunzip_file>(*in.on_disk);
  }
  return in;
}

result<void> print(const arguments& a, csv::byte_source& source) {
  const csv::fd_sink out(STDOUT_FILENO);
  if (a.task == task::sniff) return import_csv::print_proposal(source, out);
  csv::reader_options format;
  a.format.apply(format);
  return import_csv::print_json(source, std::move(format), out);
}

result<void> print_file(const arguments& a) {
  if (a.file == "-") {
    csv::fd_source standard_input(STDIN_FILENO);
    return print(a, standard_input);
  }
  auto in = open_input(a.file);
  if (!in) return in.error();
  auto source = in->file().open(0);
  if (!source) return source.error();
  return print(a, **source);
}

int complain(const error& e) {
  std::fprintf(stderr, "import_csv: %s\n", e.describe().c_str());
  return import_csv::code_of(e);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error like any other
  const auto a = import_csv::parse(argc, argv);
  if (!a) return complain(a.error());
  if (a->task == task::help) {
    std::fputs(import_csv::usage, stdout);
    return 0;
  }
  if (a->task != task::import_rows) {
    const auto printed = print_file(*a);
    return printed ? 0 : complain(printed.error());
  }
  auto in = open_input(a->file);
  if (!in) return complain(in.error());
  return import_csv::run_import(*a, in->file());
}
