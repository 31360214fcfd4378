# Finds LibTorch (CPU or CUDA build) without needing a CUDA toolkit, and defines LibTorch::LibTorch and LibTorch::OpenMP,
# the OpenMP runtime that LibTorch itself uses: two different ones in one process would be two sets of threads.
#
# LibTorch's own CMake package refuses a CUDA build unless nvcc and every CUDA library are installed, although
# a C++ program needs none of them to link. So the shared libraries are named here directly.
#
# Looked for in: CTFORGE_LIBTORCH (cache or environment: a folder with include/ and lib/), the project's
# .deps/torch (filled by tools/bootstrap), then the distribution's libtorch-dev.
# Sets LibTorch_FOUND, LibTorch_VERSION, LibTorch_CUDA, LibTorch_LIBRARY_DIR.

set(CTFORGE_LIBTORCH "$ENV{CTFORGE_LIBTORCH}" CACHE PATH "LibTorch folder (with include/ and lib/)")
set(_libtorch_roots)
if(CTFORGE_LIBTORCH)
  list(APPEND _libtorch_roots "${CTFORGE_LIBTORCH}" "${CTFORGE_LIBTORCH}/torch")
endif()
list(APPEND _libtorch_roots "${CMAKE_CURRENT_LIST_DIR}/../.deps/torch")

find_path(LibTorch_INCLUDE_DIR NAMES torch/script.h
  HINTS ${_libtorch_roots} PATH_SUFFIXES include)
find_path(LibTorch_API_INCLUDE_DIR NAMES torch/torch.h
  HINTS ${_libtorch_roots} "${LibTorch_INCLUDE_DIR}"
  PATH_SUFFIXES include/torch/csrc/api/include torch/csrc/api/include)
foreach(_name torch torch_cpu c10)
  find_library(LibTorch_${_name}_LIBRARY NAMES ${_name} HINTS ${_libtorch_roots} PATH_SUFFIXES lib)
endforeach()
if(LibTorch_torch_cpu_LIBRARY)
  get_filename_component(LibTorch_LIBRARY_DIR "${LibTorch_torch_cpu_LIBRARY}" DIRECTORY)
endif()
# The CUDA libraries count only when they stand beside the CPU library: a mix of two builds would not load.
set(LibTorch_CUDA FALSE)
if(LibTorch_LIBRARY_DIR AND EXISTS "${LibTorch_LIBRARY_DIR}/libtorch_cuda.so" AND NOT CTFORGE_WITHOUT_CUDA)
  set(LibTorch_CUDA TRUE)
endif()

if(LibTorch_INCLUDE_DIR AND EXISTS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
  set(_libtorch_version_header "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h")
elseif(LibTorch_API_INCLUDE_DIR AND EXISTS "${LibTorch_API_INCLUDE_DIR}/torch/version.h")
  set(_libtorch_version_header "${LibTorch_API_INCLUDE_DIR}/torch/version.h")
endif()
if(_libtorch_version_header)
  file(STRINGS "${_libtorch_version_header}" _lines REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR LibTorch_API_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION)

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    "${LibTorch_INCLUDE_DIR}" "${LibTorch_API_INCLUDE_DIR}")
  # libtorch and libtorch_cuda register their operators when loaded, though nothing refers to them by symbol.
  set(_libtorch_link "-Wl,--no-as-needed" "${LibTorch_torch_cpu_LIBRARY}" "${LibTorch_c10_LIBRARY}")
  if(LibTorch_torch_LIBRARY)
    list(APPEND _libtorch_link "${LibTorch_torch_LIBRARY}")
  endif()
  if(LibTorch_CUDA)
    list(APPEND _libtorch_link "${LibTorch_LIBRARY_DIR}/libtorch_cuda.so" "${LibTorch_LIBRARY_DIR}/libc10_cuda.so")
  endif()
  list(APPEND _libtorch_link "-Wl,--as-needed")
  # A CUDA build's own dependencies (cuDNN, NCCL, ...) are resolved when it is loaded, not by our linker.
  target_link_libraries(LibTorch::LibTorch INTERFACE ${_libtorch_link})
  target_link_options(LibTorch::LibTorch INTERFACE "-Wl,--allow-shlib-undefined")

  add_library(LibTorch::OpenMP INTERFACE IMPORTED)
  file(GLOB _libtorch_openmp "${LibTorch_LIBRARY_DIR}/libgomp*.so*")
  if(_libtorch_openmp)
    list(GET _libtorch_openmp 0 _libtorch_openmp)
    target_link_libraries(LibTorch::OpenMP INTERFACE "${_libtorch_openmp}")
  else()
    find_package(OpenMP REQUIRED COMPONENTS CXX)
    target_link_libraries(LibTorch::OpenMP INTERFACE "${OpenMP_gomp_LIBRARY}")
  endif()
endif()
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_API_INCLUDE_DIR
  LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY)
