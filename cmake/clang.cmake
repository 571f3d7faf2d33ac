# SPDX-License-Identifier: BSL-1.0
# Toolchain of the `clang` preset: the newest Clang at hand. Clang 16 is the oldest supported, and
# Debian 12 installs it under its numbered name only.
find_program(SCALEKIT_CLANGXX NAMES clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++ REQUIRED)
set(CMAKE_CXX_COMPILER "${SCALEKIT_CLANGXX}")
