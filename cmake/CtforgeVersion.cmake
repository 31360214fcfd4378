# generated/version.h: what the manifest and `--version` say. The commit is read when CMake configures.
set(CTFORGE_SOURCE_COMMIT "" CACHE STRING "Commit of sources that come without their git folder")
find_package(Git QUIET)
set(CTFORGE_COMMIT "unknown")
if(CTFORGE_SOURCE_COMMIT)
  set(CTFORGE_COMMIT "${CTFORGE_SOURCE_COMMIT}")
elseif(Git_FOUND)
  execute_process(COMMAND "${GIT_EXECUTABLE}" -C "${PROJECT_SOURCE_DIR}" describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE _commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _failed)
  if(NOT _failed)
    set(CTFORGE_COMMIT "${_commit}")
  endif()
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/version.h.in" "${PROJECT_BINARY_DIR}/generated/version.h" @ONLY)
