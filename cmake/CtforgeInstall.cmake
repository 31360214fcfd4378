# Install rules and the CMake package that tests/package builds against.
#
#   bin/            ctforge, ctforge-decode (ctforge looks for it beside itself)
#   lib/            static libraries, and cmake/ctforge with the package: find_package(ctforge)
#   include/ctforge headers in the folders they have here: #include "io/volume/volume.h"
#   share/ctforge   configs, and the FD-Lite0 weights where tools/bootstrap fetched them (ctforge looks in ../share/ctforge)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

option(CTFORGE_INSTALL_LIBTORCH "Install the shared libraries of a CPU build of LibTorch too, so that the tree can be moved" OFF)

# Where an installed program finds LibTorch: below the tree where it was installed with it, else where it was built with.
# A distribution's own needs no entry.
set(_libtorch_folder "${CMAKE_INSTALL_LIBDIR}/ctforge")
file(RELATIVE_PATH _from_bin "/prefix/${CMAKE_INSTALL_BINDIR}" "/prefix/${_libtorch_folder}")
set(_rpath)
set(_libtorch_root)
if(CTFORGE_INSTALL_LIBTORCH)
  if(LibTorch_CUDA)
    message(FATAL_ERROR "CTFORGE_INSTALL_LIBTORCH is for CPU builds: a CUDA build needs NVIDIA's libraries around it")
  endif()
  set(_rpath "$ORIGIN/${_from_bin}")
  file(GLOB _libtorch_files "${LibTorch_LIBRARY_DIR}/libtorch*.so*" "${LibTorch_LIBRARY_DIR}/libc10*.so*"
    "${LibTorch_LIBRARY_DIR}/libgomp*.so*")
  install(FILES ${_libtorch_files} DESTINATION "${_libtorch_folder}")
endif()
if(NOT LibTorch_LIBRARY_DIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  get_filename_component(_libtorch_root "${LibTorch_LIBRARY_DIR}" DIRECTORY)
  if(NOT CTFORGE_INSTALL_LIBTORCH)
    set(_rpath "${LibTorch_LIBRARY_DIR}")
  endif()
endif()
set_target_properties(ctforge PROPERTIES INSTALL_RPATH "${_rpath}")

install(TARGETS ctforge ctforge-decode
  ctforge_io ctforge_nets ctforge_diffusion ctforge_train ctforge_eval ctforge_log ctforge_pipeline
  EXPORT ctforgeTargets)
# Third-party types stay out of headers that others include; these are for the sources beside them.
install(DIRECTORY io models eval pipeline DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/ctforge"
  FILES_MATCHING PATTERN "*.h" PATTERN "dicom_attributes.h" EXCLUDE PATTERN "dicom_frame.h" EXCLUDE
  PATTERN "dicom_items.h" EXCLUDE PATTERN "dicom_network_association.h" EXCLUDE
  PATTERN "dicom_network_listener.h" EXCLUDE PATTERN "dicom_network_receive.h" EXCLUDE
  PATTERN "dicom_network_retrieve.h" EXCLUDE PATTERN "dicom_network_tls.h" EXCLUDE PATTERN "dicom_object.h" EXCLUDE
  PATTERN "dicom_parts.h" EXCLUDE PATTERN "dicom_stream.h" EXCLUDE PATTERN "peer_watch.h" EXCLUDE)
install(DIRECTORY configs DESTINATION "${CMAKE_INSTALL_DATADIR}/ctforge" FILES_MATCHING PATTERN "*.yaml")
install(FILES .deps/efficientnet-lite0-57934424.pth DESTINATION "${CMAKE_INSTALL_DATADIR}/ctforge" OPTIONAL)

set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/ctforge")
install(EXPORT ctforgeTargets NAMESPACE ctforge:: DESTINATION "${_package}")
configure_package_config_file(cmake/ctforgeConfig.cmake.in "${PROJECT_BINARY_DIR}/ctforgeConfig.cmake"
  INSTALL_DESTINATION "${_package}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ctforgeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ctforgeConfig.cmake" "${PROJECT_BINARY_DIR}/ctforgeConfigVersion.cmake"
  cmake/FindLibTorch.cmake DESTINATION "${_package}")
