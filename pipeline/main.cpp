// The program ctforge.
#include "pipeline/config/command_line.h"

#include <cstdio>
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

// A training step asks for the same large blocks again and again. Left to its defaults, glibc returns each to the
// kernel and faults its pages in anew: a third of the autoencoder's time.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 26);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  const int code = ctforge::pipeline::run_command_line(argc, argv);
  // Everything that must last is written by now. LibTorch's destructors would take apart its tables one by one, a
  // tenth of a second.
  std::fflush(nullptr);
  std::_Exit(code);
}
