/* SPDX-License-Identifier: BSL-1.0
 * csv_zsv FILE: every cell of a CSV file by zsv's library, unescaped. */
#include <inttypes.h>
#include <stdio.h>
#include <zsv.h>

int main(int argc, char** argv) {
  FILE* file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  struct zsv_opts options = {0};
  options.stream = file;
  zsv_parser parser = file ? zsv_new(&options) : NULL;
  if (!parser) {
    fputs("usage: csv_zsv FILE\n", stderr);
    return 2;
  }
  uint64_t records = 0, fields = 0, bytes = 0;
  while (zsv_next_row(parser) == zsv_status_row) {
    const size_t n = zsv_cell_count(parser);
    for (size_t i = 0; i < n; ++i) bytes += zsv_get_cell(parser, i).len;
    fields += n;
    ++records;
  }
  zsv_delete(parser);
  fclose(file);
  fprintf(stderr, "{\"records\": %" PRIu64 ", \"fields\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n", records, fields, bytes);
  return 0;
}
