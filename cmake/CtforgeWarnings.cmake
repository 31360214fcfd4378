# Warnings for our own code, as an interface target that is never exported. Third-party headers are SYSTEM.
add_library(ctforge_warnings INTERFACE)
target_compile_options(ctforge_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi
  # Designated initialisers leave fields at their defaults on purpose.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 to 14 see overflows in std::string's own code that are not there (GCC bugs 105329, 105651, 105762).
  target_compile_options(ctforge_warnings INTERFACE
    -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-maybe-uninitialized)
endif()
if(CTFORGE_WERROR)
  target_compile_options(ctforge_warnings INTERFACE -Werror)
endif()
