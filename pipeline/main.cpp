// The program ctforge.
#include "pipeline/config/command_line.h"
#include "pipeline/run/memory.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  ctforge::pipeline::keep_freed_memory();
  const int code = ctforge::pipeline::run_command_line(argc, argv);
  // Everything that must last is written by now. LibTorch's destructors would take apart its tables one by one, a
  // tenth of a second.
  std::fflush(nullptr);
  std::_Exit(code);
}
