# What data-parallel training needs besides LibTorch itself: LibTorch::Distributed, for the one file that is compiled with
# LibTorch_DISTRIBUTED_DEFINITIONS (CTFORGE_NCCL is among them where there is NCCL).
#
# LibTorch's wheel lacks Gloo's headers, which its process group's own needs: the distribution's are included, and not
# linked. NCCL's and CUDA's headers come with NVIDIA's wheels beside a CUDA build, or with a toolkit.
add_library(LibTorch::Distributed INTERFACE IMPORTED)
set(LibTorch_DISTRIBUTED_DEFINITIONS USE_C10D_GLOO)
find_path(LibTorch_GLOO_INCLUDE_DIR NAMES gloo/rendezvous/store.h HINTS "${LibTorch_INCLUDE_DIR}")
if(NOT LibTorch_GLOO_INCLUDE_DIR)
  message(FATAL_ERROR "Gloo's headers were not found: install libgloo-dev")
endif()
target_include_directories(LibTorch::Distributed SYSTEM INTERFACE "${LibTorch_GLOO_INCLUDE_DIR}")

if(LibTorch_CUDA)
  get_filename_component(_libtorch_beside "${LibTorch_LIBRARY_DIR}/../.." ABSOLUTE)
  file(GLOB _nvidia_headers "${_libtorch_beside}/nvidia/*/include")
  find_path(LibTorch_NCCL_INCLUDE_DIR NAMES nccl.h HINTS ${_nvidia_headers} PATHS /usr/local/cuda/include)
  find_path(LibTorch_CUDART_INCLUDE_DIR NAMES cuda_runtime_api.h HINTS ${_nvidia_headers} PATHS /usr/local/cuda/include)
  if(NOT LibTorch_NCCL_INCLUDE_DIR OR NOT LibTorch_CUDART_INCLUDE_DIR)
    message(FATAL_ERROR "a CUDA build of LibTorch needs the headers of NCCL and CUDA, in nvidia/*/include beside it or "
      "in /usr/local/cuda")
  endif()
  target_include_directories(LibTorch::Distributed SYSTEM INTERFACE
    "${LibTorch_NCCL_INCLUDE_DIR}" "${LibTorch_CUDART_INCLUDE_DIR}" ${_nvidia_headers})
  list(APPEND LibTorch_DISTRIBUTED_DEFINITIONS USE_C10D_NCCL CTFORGE_NCCL)
endif()
mark_as_advanced(LibTorch_GLOO_INCLUDE_DIR LibTorch_NCCL_INCLUDE_DIR LibTorch_CUDART_INCLUDE_DIR)
