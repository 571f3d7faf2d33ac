# SPDX-License-Identifier: BSL-1.0
# Developer warnings, sanitizers, ccache, linker and precompiled headers. They apply to scalekit's own targets in a top-level
# build and are never handed to a consumer; -Werror comes only from CMAKE_COMPILE_WARNING_AS_ERROR.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SCALEKIT_CCACHE ccache)
  if(SCALEKIT_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${SCALEKIT_CCACHE}")
  endif()
endif()

# What GNU ld takes a second for takes mold a tenth of one, and there are a hundred test programs.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_EXE_LINKER_FLAGS MATCHES "-fuse-ld")
  find_program(SCALEKIT_MOLD mold)
  if(SCALEKIT_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

# Off in the `dev` preset, which so proves that every file includes what it uses.
option(SCALEKIT_PRECOMPILE "Precompile the standard headers (a developer's builds only)" OFF)

# scalekit_precompile(target headers...): beside those that everything includes.
function(scalekit_precompile target)
  if(NOT PROJECT_IS_TOP_LEVEL OR NOT SCALEKIT_PRECOMPILE)
    return()
  endif()
  target_precompile_headers(
    ${target}
    PRIVATE <algorithm> <array> <chrono> <cstdint> <cstring> <functional> <memory> <mutex> <optional>
            <span> <string> <string_view> <utility> <variant> <vector> ${ARGN}
  )
endfunction()

function(scalekit_developer_flags target)
  if(NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()
  target_compile_options(
    ${target}
    PRIVATE
      -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
      -Wold-style-cast -Wcast-align -Wcast-qual -Woverloaded-virtual -Wformat=2 -Wdouble-promotion
      -Wimplicit-fallthrough -Wundef -Wextra-semi
      # At -O3, GCC 12 finds overlaps in std::string's operator+ that are none (GCC bug 105329).
      $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  )
  if(SCALEKIT_SANITIZE)
    target_compile_options(
      ${target} PRIVATE -fsanitize=${SCALEKIT_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all
    )
    target_link_options(${target} PRIVATE -fsanitize=${SCALEKIT_SANITIZE})
  endif()
endfunction()
