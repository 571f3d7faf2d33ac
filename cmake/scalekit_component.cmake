# SPDX-License-Identifier: BSL-1.0
# One component = one library = one dependency set. scalekit_component() makes the target, its
# alias, its header set, its install rules, its pkg-config file and its record in the package
# configuration; scalekit_finish() writes that configuration.
include_guard(GLOBAL)

set_property(GLOBAL PROPERTY SCALEKIT_COMPONENTS "")

# scalekit_component(name
#   DESCRIPTION text
#   HEADERS ...            below include/scalekit/
#   SOURCES ...            below src/
#   DEPENDS ...            other components (public)
#   PUBLIC_LINK/PRIVATE_LINK ...  targets
#   FIND_DEPENDENCIES ...  arguments for find_dependency in the package, one per element
#   PRECOMPILE ...         headers that most of its sources include
#   PC_REQUIRES_PRIVATE/PC_LIBS_PRIVATE ...  for pkg-config)
function(scalekit_component name)
  cmake_parse_arguments(
    A "" "DESCRIPTION"
    "SOURCES;HEADERS;DEPENDS;PUBLIC_LINK;PRIVATE_LINK;FIND_DEPENDENCIES;PRECOMPILE;PC_REQUIRES_PRIVATE;PC_LIBS_PRIVATE"
    ${ARGN}
  )
  if(A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "scalekit_component(${name}): unknown ${A_UNPARSED_ARGUMENTS}")
  endif()
  list(TRANSFORM A_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/src/")
  list(TRANSFORM A_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/scalekit/")

  add_library(scalekit_${name})
  add_library(scalekit::${name} ALIAS scalekit_${name})
  target_sources(
    scalekit_${name}
    PRIVATE ${A_SOURCES}
    PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${A_HEADERS}
  )
  target_include_directories(scalekit_${name} PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_compile_features(scalekit_${name} PUBLIC cxx_std_20)
  set(deps ${A_DEPENDS})
  list(TRANSFORM deps PREPEND scalekit::)
  target_link_libraries(scalekit_${name} PUBLIC ${deps} ${A_PUBLIC_LINK} PRIVATE ${A_PRIVATE_LINK})
  set_target_properties(
    scalekit_${name}
    PROPERTIES EXPORT_NAME ${name}
               OUTPUT_NAME scalekit-${name}
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               POSITION_INDEPENDENT_CODE ON
               CXX_EXTENSIONS OFF
               VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
  )
  if(BUILD_SHARED_LIBS)
    target_compile_definitions(scalekit_${name} PUBLIC SCALEKIT_SHARED PRIVATE SCALEKIT_BUILDING)
  endif()
  scalekit_developer_flags(scalekit_${name})
  list(LENGTH A_SOURCES files)
  if(files GREATER 10)
    scalekit_precompile(scalekit_${name} ${A_PRECOMPILE})
  endif()

  set_property(GLOBAL APPEND PROPERTY SCALEKIT_COMPONENTS ${name})
  set_property(GLOBAL PROPERTY SCALEKIT_DEPENDS_${name} "${A_DEPENDS}")
  set_property(GLOBAL PROPERTY SCALEKIT_FIND_${name} "${A_FIND_DEPENDENCIES}")
  if(SCALEKIT_INSTALL)
    install(TARGETS scalekit_${name} EXPORT scalekit-${name}-targets FILE_SET HEADERS)
    install(
      EXPORT scalekit-${name}-targets
      NAMESPACE scalekit::
      DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/scalekit
    )
    scalekit_pkg_config(${name} "${A_DESCRIPTION}" "${A_DEPENDS}" "${A_PC_REQUIRES_PRIVATE}" "${A_PC_LIBS_PRIVATE}")
  endif()
endfunction()

function(scalekit_pkg_config name description depends requires_private libs_private)
  set(PC_NAME ${name})
  set(PC_DESCRIPTION "${description}")
  list(TRANSFORM depends PREPEND scalekit-)
  list(JOIN depends ", " PC_REQUIRES)
  list(JOIN requires_private ", " PC_REQUIRES_PRIVATE)
  list(JOIN libs_private " " PC_LIBS_PRIVATE)
  set(PC_CFLAGS "")
  if(BUILD_SHARED_LIBS)
    set(PC_CFLAGS " -DSCALEKIT_SHARED")
  endif()
  # Relative to the file itself, so that the whole prefix can be moved.
  file(RELATIVE_PATH PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
  configure_file(
    "${PROJECT_SOURCE_DIR}/cmake/scalekit.pc.in" "${PROJECT_BINARY_DIR}/scalekit-${name}.pc" @ONLY
  )
  install(
    FILES "${PROJECT_BINARY_DIR}/scalekit-${name}.pc"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  )
endfunction()

function(scalekit_finish)
  if(NOT SCALEKIT_INSTALL)
    return()
  endif()
  get_property(all GLOBAL PROPERTY SCALEKIT_COMPONENTS)
  set(SCALEKIT_COMPONENT_TABLE "")
  foreach(c IN LISTS all)
    get_property(d GLOBAL PROPERTY SCALEKIT_DEPENDS_${c})
    get_property(f GLOBAL PROPERTY SCALEKIT_FIND_${c})
    string(APPEND SCALEKIT_COMPONENT_TABLE "set(_scalekit_depends_${c} \"${d}\")\n")
    string(APPEND SCALEKIT_COMPONENT_TABLE "set(_scalekit_find_${c} \"${f}\")\n")
  endforeach()
  set(SCALEKIT_ALL_COMPONENTS ${all})
  configure_package_config_file(
    cmake/scalekit-config.cmake.in "${PROJECT_BINARY_DIR}/scalekit-config.cmake"
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/scalekit
  )
  write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/scalekit-config-version.cmake" COMPATIBILITY SameMinorVersion
  )
  install(
    FILES "${PROJECT_BINARY_DIR}/scalekit-config.cmake"
          "${PROJECT_BINARY_DIR}/scalekit-config-version.cmake"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/scalekit
  )
endfunction()
