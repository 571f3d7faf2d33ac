# SPDX-License-Identifier: BSL-1.0
# A dependency provider that provides nothing: it only writes down what was searched for.
macro(record_find_package method package)
  set_property(GLOBAL APPEND PROPERTY SEARCHED_PACKAGES ${package})
endmacro()
cmake_language(SET_DEPENDENCY_PROVIDER record_find_package SUPPORTED_METHODS FIND_PACKAGE)
