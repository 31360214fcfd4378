# Helpers that give every target of the project the same settings.

# ctforge_library(NAME sources...): a static library, its headers included from the project's root.
function(ctforge_library name)
  add_library(${name} STATIC ${ARGN})
  add_library(ctforge::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
    $<INSTALL_INTERFACE:include/ctforge>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:ctforge_warnings>)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# What is tested is optimised as it is used; the tests' own code need not be, and compiles faster.
set(CTFORGE_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)

# ctforge_torch(NAME [HEADER]): reuse a precompiled header of LibTorch (models/CMakeLists.txt), ctforge_torch_pch unless
# told another.
function(ctforge_torch name)
  # The header was compiled with -fPIC; CMake would give a program -fPIE, and GCC then refuses the header.
  get_target_property(type ${name} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
  set(header ctforge_torch_pch ${ARGN})
  list(GET header -1 header)
  target_precompile_headers(${name} REUSE_FROM ${header})
  # Most of what such a file costs is reading that header and instantiating the same templates again.
  set_target_properties(${name} PROPERTIES UNITY_BUILD "${CTFORGE_UNITY_BUILD}" UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# ctforge_parallel_kernel(NAME FILE): a source file of the library NAME that calls at::parallel_for, which is a serial
# loop unless the file is compiled with OpenMP, which LibTorch itself uses. That flag does not go with the shared
# precompiled header, of which such a file needs nothing.
function(ctforge_parallel_kernel name file)
  set(flags -O3)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND flags -fopenmp)
    target_link_libraries(${name} PRIVATE LibTorch::OpenMP)
  endif()
  set_source_files_properties(${file} PROPERTIES SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${flags}")
endfunction()

# ctforge_test(NAME LIBRARIES libs... SOURCES files... [TORCH]): one GoogleTest program; each test case is a ctest.
function(ctforge_test name)
  cmake_parse_arguments(arg "TORCH" "LABEL" "LIBRARIES;SOURCES" ${ARGN})
  if(NOT CTFORGE_BUILD_TESTS)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${CTFORGE_TEST_OPTIONS})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} ctforge_warnings ctforge_test_support GTest::gtest GTest::gtest_main)
  if(arg_TORCH)
    ctforge_torch(${name} ctforge_torch_test_pch)
  endif()
  set(properties TIMEOUT 600)
  if(arg_LABEL)
    list(APPEND properties LABELS ${arg_LABEL})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 PROPERTIES ${properties})
endfunction()
