# SPDX-License-Identifier: BSL-1.0
# SQLite compiled into scalekit::sqlite from SCALEKIT_SQLITE_SOURCE, the folder with sqlite3.c and
# sqlite3.h: about twice as fast as a distribution's, which is built for every use at once.
foreach(file sqlite3.c sqlite3.h)
  if(NOT EXISTS "${SCALEKIT_SQLITE_SOURCE}/${file}")
    message(FATAL_ERROR "SCALEKIT_SQLITE_SOURCE: ${SCALEKIT_SQLITE_SOURCE} has no ${file}")
  endif()
endforeach()
enable_language(C)

# Every function gets a name of its own, so that a host with another SQLite in the same program
# (its own, Qt's, a language runtime's) keeps the one it was built with.
file(
  STRINGS "${SCALEKIT_SQLITE_SOURCE}/sqlite3.c" declarations
  REGEX "^ *SQLITE_(API|EXTERN).*[ *]sqlite3[a-z]*_[a-z0-9_]+ *[(;\\[=]"
)
set(names "")
foreach(line IN LISTS declarations)
  if(line MATCHES "[ *](sqlite3[a-z]*_[a-z0-9_]+) *[(;\\[=]")
    list(APPEND names ${CMAKE_MATCH_1})
  endif()
endforeach()
list(REMOVE_DUPLICATES names)
set(renames "/* Made by cmake/own_sqlite.cmake from sqlite3.c. */\n")
foreach(name IN LISTS names)
  string(APPEND renames "#define ${name} scalekit_${name}\n")
endforeach()
set(SCALEKIT_SQLITE_RENAMES "${PROJECT_BINARY_DIR}/scalekit_sqlite_renames.h")
file(CONFIGURE OUTPUT "${SCALEKIT_SQLITE_RENAMES}" CONTENT "${renames}" @ONLY)

add_library(scalekit_own_sqlite OBJECT "${SCALEKIT_SQLITE_SOURCE}/sqlite3.c")
set_target_properties(
  scalekit_own_sqlite PROPERTIES C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON
                                 COMPILE_WARNING_AS_ERROR OFF
)
# THREADSAFE=2: SQLite locks its globals but not each connection, which one thread at a time uses.
target_compile_options(
  scalekit_own_sqlite PRIVATE -O3 -w -include "${SCALEKIT_SQLITE_RENAMES}"
)
target_compile_definitions(
  scalekit_own_sqlite
  PRIVATE SQLITE_THREADSAFE=2 SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_LIKE_DOESNT_MATCH_BLOBS
          SQLITE_DQS=0 SQLITE_OMIT_DEPRECATED SQLITE_OMIT_LOAD_EXTENSION SQLITE_ENABLE_STAT4
          SQLITE_USE_ALLOCA
)

# Gives the adapter the objects, the header and the renames; nothing of it reaches a consumer.
function(scalekit_use_own_sqlite target)
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:scalekit_own_sqlite>)
  target_include_directories(${target} SYSTEM BEFORE PRIVATE "${SCALEKIT_SQLITE_SOURCE}")
  target_compile_options(${target} PRIVATE -include "${SCALEKIT_SQLITE_RENAMES}")
endfunction()
