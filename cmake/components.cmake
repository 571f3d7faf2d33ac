# SPDX-License-Identifier: BSL-1.0
# The optional components, each with its own dependency.

if(SCALEKIT_WITH_TESTING)
  scalekit_component(
    testing
    DESCRIPTION "Fakes and conformance suites, with no test framework inside"
    DEPENDS core
    HEADERS
      testing/conformance.hpp testing/fake_transport.hpp testing/fault_injection.hpp
      testing/fault_plan.hpp testing/fixed_random.hpp testing/http_conformance.hpp
      testing/loopback_server.hpp testing/manual_clock.hpp
      testing/redis_conformance.hpp testing/sql_conformance.hpp
    SOURCES
      testing/conformance.cpp testing/fake_transport.cpp testing/fault_injection.cpp
      testing/fixed_random.cpp
      testing/http_conformance.cpp testing/http_conformance_answers.cpp
      testing/http_conformance_faults.cpp testing/http_conformance_requests.cpp
      testing/http_conformance_server.cpp testing/http_site.cpp
      testing/loopback_server.cpp testing/manual_clock.cpp
      testing/redis_conformance.cpp testing/redis_conformance_faults.cpp
      testing/redis_conformance_pipelines.cpp testing/redis_conformance_replies.cpp
      testing/redis_conformance_scripts.cpp
      testing/sql_conformance.cpp testing/sql_conformance_batches.cpp
      testing/sql_conformance_concurrency.cpp
      testing/sql_conformance_faults.cpp testing/sql_conformance_isolation.cpp
      testing/sql_conformance_statements.cpp testing/sql_conformance_transactions.cpp
      testing/sql_conformance_types.cpp
  )
endif()

if(SCALEKIT_WITH_CRYPTO)
  find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
  scalekit_component(
    crypto
    DESCRIPTION "Resumable SHA-256, HMAC, authenticated encryption and sealed cursors, over OpenSSL"
    DEPENDS core
    PRIVATE_LINK OpenSSL::Crypto
    FIND_DEPENDENCIES "OpenSSL 3.0 COMPONENTS Crypto"
    PC_REQUIRES_PRIVATE "libcrypto >= 3.0"
    HEADERS
      crypto/aead.hpp crypto/hmac.hpp crypto/sha256.hpp
      keyset/key_ring.hpp keyset/sealed_codec.hpp
    SOURCES
      crypto/aead.cpp crypto/hmac.cpp crypto/sha256.cpp
      keyset/key_ring.cpp keyset/sealed_codec.cpp
  )
endif()

if(SCALEKIT_WITH_COMPRESS)
  find_package(ZLIB REQUIRED)
  set(deflate zlib)
  set(isal "")
  set(isal_pc "")
  if(SCALEKIT_WITH_ISAL)
    find_path(SCALEKIT_ISAL_INCLUDE isa-l/igzip_lib.h REQUIRED)
    find_library(SCALEKIT_ISAL_LIBRARY isal REQUIRED)
    set(deflate isal)
    # By name and not by path, for the installed package is relocatable.
    set(isal isal)
    set(isal_pc -lisal)
  endif()
  scalekit_component(
    compress
    DESCRIPTION "gzip: written in parallel blocks, read as a stream or file"
    DEPENDS core
    PRIVATE_LINK ZLIB::ZLIB ${isal}
    FIND_DEPENDENCIES ZLIB
    PC_REQUIRES_PRIVATE zlib
    PC_LIBS_PRIVATE ${isal_pc}
    HEADERS compress/gunzip.hpp compress/gzip.hpp
    SOURCES compress/gunzip.cpp compress/gzip.cpp compress/raw_deflate_${deflate}.cpp
  )
endif()

if(SCALEKIT_WITH_SQLITE)
  if(SCALEKIT_SQLITE_SOURCE)
    include(cmake/own_sqlite.cmake)
    set(sqlite "")
    set(sqlite_find "")
    set(sqlite_pc "")
  else()
    find_package(SQLite3 3.40 REQUIRED)
    # CMake 4.3 renamed the imported target.
    set(sqlite SQLite::SQLite3)
    if(TARGET SQLite3::SQLite3)
      set(sqlite SQLite3::SQLite3)
    endif()
    set(sqlite_find "SQLite3 3.40")
    set(sqlite_pc "sqlite3 >= 3.40")
  endif()
  scalekit_component(
    sqlite
    DESCRIPTION "The SQL port on SQLite"
    DEPENDS core
    PRIVATE_LINK ${sqlite}
    FIND_DEPENDENCIES ${sqlite_find}
    PC_REQUIRES_PRIVATE ${sqlite_pc}
    HEADERS adapters/sqlite/connection.hpp adapters/sqlite/pool.hpp
    SOURCES
      adapters/sqlite/connection.cpp adapters/sqlite/error.cpp adapters/sqlite/execute_many.cpp
      adapters/sqlite/open.cpp
      adapters/sqlite/pool.cpp adapters/sqlite/rows.cpp adapters/sqlite/state.cpp
      adapters/sqlite/statement.cpp
  )
  if(SCALEKIT_SQLITE_SOURCE)
    scalekit_use_own_sqlite(scalekit_sqlite)
  endif()
endif()

if(SCALEKIT_WITH_REDIS)
  find_package(OpenSSL 3.0 REQUIRED)
  # hiredis brings a CMake package from 1.0 on.
  find_package(hiredis CONFIG QUIET)
  if(TARGET hiredis::hiredis)
    set(hiredis hiredis::hiredis)
    set(hiredis_find hiredis)
  else()
    find_path(SCALEKIT_HIREDIS_INCLUDE hiredis/hiredis.h REQUIRED)
    find_library(SCALEKIT_HIREDIS_LIBRARY hiredis REQUIRED)
    # By name and not by path, for the installed package is relocatable.
    set(hiredis hiredis)
    set(hiredis_find "")
  endif()
  scalekit_component(
    redis
    DESCRIPTION "The Redis port over hiredis, with TLS over OpenSSL"
    DEPENDS core
    PRIVATE_LINK ${hiredis} OpenSSL::SSL
    FIND_DEPENDENCIES ${hiredis_find} "OpenSSL 3.0"
    PC_REQUIRES_PRIVATE hiredis "libssl >= 3.0" "libcrypto >= 3.0"
    HEADERS adapters/redis/client.hpp
    SOURCES
      adapters/redis/client.cpp adapters/redis/connection.cpp adapters/redis/pool.cpp
      adapters/redis/refusal.cpp adapters/redis/tls.cpp adapters/redis/wire.cpp
  )
endif()

if(SCALEKIT_WITH_HTTP)
  find_package(Boost 1.81 REQUIRED COMPONENTS json)
  find_package(OpenSSL 3.0 REQUIRED)
  scalekit_component(
    http
    DESCRIPTION "An HTTP/1.1 client, a small server, the export download endpoint, Prometheus metrics"
    DEPENDS core crypto compress
    # The headers of a host's own server; scalekit's other headers show nothing of Boost.
    PUBLIC_LINK Boost::headers OpenSSL::SSL
    PRIVATE_LINK Boost::json Threads::Threads
    FIND_DEPENDENCIES "Boost 1.81 COMPONENTS json" "OpenSSL 3.0" Threads
    PC_REQUIRES_PRIVATE "libssl >= 3.0" "libcrypto >= 3.0"
    PC_LIBS_PRIVATE -lboost_json -pthread
    HEADERS
      http/beast_export_endpoint.hpp http/client.hpp http/export_endpoint.hpp http/fields.hpp
      http/ip_address.hpp http/message.hpp http/prometheus.hpp http/server.hpp
    SOURCES
      http/beast_export_endpoint.cpp http/client.cpp http/client_answer.cpp http/client_call.cpp
      http/client_connection.cpp http/client_dial.cpp http/client_lookup.cpp http/client_pool.cpp
      http/client_request.cpp http/client_wire.cpp http/export_endpoint.cpp
      http/export_head.cpp
      http/export_job.cpp http/export_run.cpp http/fields.cpp http/ip_address.cpp http/message.cpp
      http/prometheus.cpp http/router.cpp http/server.cpp http/session.cpp http/status.cpp
      http/wire.cpp
  )
endif()

if(SCALEKIT_WITH_ASIO)
  find_package(Boost 1.81 REQUIRED)
  scalekit_component(
    asio
    DESCRIPTION "Synchronous ports from an event loop, by completion tokens of Boost.Asio"
    DEPENDS core
    PUBLIC_LINK Boost::headers Threads::Threads
    FIND_DEPENDENCIES "Boost 1.81" Threads
    PC_LIBS_PRIVATE -pthread
    HEADERS asio/completion.hpp asio/hedging.hpp asio/http.hpp asio/offload.hpp asio/pipeline.hpp
    SOURCES asio/offload.cpp
  )
endif()

if(SCALEKIT_WITH_MARIADB)
  # libmariadb brings no CMake package. By name and not by path, for the installed package is
  # relocatable.
  find_path(SCALEKIT_MARIADB_INCLUDE mariadb_stmt.h PATH_SUFFIXES mariadb REQUIRED)
  find_library(SCALEKIT_MARIADB_LIBRARY mariadb REQUIRED)
  scalekit_component(
    mariadb
    DESCRIPTION "The SQL port on MariaDB and MySQL"
    DEPENDS core
    PRIVATE_LINK mariadb
    PC_REQUIRES_PRIVATE "libmariadb >= 3.3"
    HEADERS adapters/mariadb/connection.hpp adapters/mariadb/pool.hpp
    SOURCES
      adapters/mariadb/connect.cpp adapters/mariadb/connection.cpp adapters/mariadb/decode.cpp
      adapters/mariadb/error.cpp adapters/mariadb/load_data.cpp adapters/mariadb/open.cpp
      adapters/mariadb/parameter.cpp adapters/mariadb/pool.cpp adapters/mariadb/rows.cpp
      adapters/mariadb/run.cpp adapters/mariadb/state.cpp adapters/mariadb/statement.cpp
      adapters/mariadb/statement_kind.cpp
  )
  target_include_directories(scalekit_mariadb SYSTEM PRIVATE "${SCALEKIT_MARIADB_INCLUDE}")
endif()

if(SCALEKIT_WITH_POSTGRES)
  find_package(PostgreSQL 14 REQUIRED)
  scalekit_component(
    postgres
    DESCRIPTION "The SQL port on PostgreSQL"
    DEPENDS core
    PRIVATE_LINK PostgreSQL::PostgreSQL
    FIND_DEPENDENCIES "PostgreSQL 14"
    # Not Requires.private: libpq.pc then asks for what only a static libpq needs.
    PC_LIBS_PRIVATE -lpq
    HEADERS
      adapters/postgres/connection.hpp adapters/postgres/copy.hpp adapters/postgres/error.hpp
      adapters/postgres/pool.hpp
    SOURCES
      adapters/postgres/connection.cpp adapters/postgres/copy.cpp
      adapters/postgres/copy_text.cpp adapters/postgres/csv.cpp adapters/postgres/decoder.cpp
      adapters/postgres/error.cpp adapters/postgres/insert_rows.cpp
      adapters/postgres/interrupter.cpp
      adapters/postgres/literals.cpp adapters/postgres/numeric.cpp
      adapters/postgres/open.cpp adapters/postgres/parameters.cpp adapters/postgres/pipeline.cpp
      adapters/postgres/pool.cpp adapters/postgres/prepare.cpp adapters/postgres/rows.cpp
      adapters/postgres/session.cpp adapters/postgres/sqlstate.cpp
      adapters/postgres/statement_cache.cpp adapters/postgres/text_format.cpp
  )
endif()
