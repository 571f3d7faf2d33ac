#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Usage: pkg_config.sh COMPILER PKG_CONFIG PC_DIR WORK_DIR COMPONENT...
# Links the whole of each component with nothing but what its .pc file says, and runs the result.
set -eu
cxx=$1 pkg_config=$2 work=$4
export PKG_CONFIG_PATH="$3"
shift 4
rm -rf "$work"
mkdir -p "$work"
for component in "$@"; do
  module=scalekit-$component
  "$pkg_config" --exists --print-errors "$module"
  libdir=$("$pkg_config" --variable=libdir "$module")
  printf '#include <scalekit/error.hpp>\nint main() {}\n' >"$work/$component.cpp"
  # shellcheck disable=SC2046  # the flags are meant to be split
  "$cxx" -std=c++20 "$work/$component.cpp" -o "$work/$component" \
    "-L$libdir" -Wl,--whole-archive "-l$module" -Wl,--no-whole-archive \
    $("$pkg_config" --cflags --libs --static "$module")
  LD_LIBRARY_PATH=$libdir "$work/$component"
done
