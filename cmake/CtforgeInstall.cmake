# Install rules and the CMake package that tests/package builds against.
include(GNUInstallDirs)
