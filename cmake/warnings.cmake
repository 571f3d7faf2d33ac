# SPDX-License-Identifier: BSL-1.0
# Developer warnings, sanitizers and ccache. They apply to scalekit's own targets in a top-level
# build and are never handed to a consumer; -Werror comes only from CMAKE_COMPILE_WARNING_AS_ERROR.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SCALEKIT_CCACHE ccache)
  if(SCALEKIT_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${SCALEKIT_CCACHE}")
  endif()
endif()

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
  )
  if(SCALEKIT_SANITIZE)
    target_compile_options(
      ${target} PRIVATE -fsanitize=${SCALEKIT_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all
    )
    target_link_options(${target} PRIVATE -fsanitize=${SCALEKIT_SANITIZE})
  endif()
endfunction()
