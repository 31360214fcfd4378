// Any bytes as a safetensors file: refused, or every tensor lies within the file.
#include "io/file/fault.h"
#include "io/file/safetensors.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ctforge;
  const test::MemoryFile file(data, size);
  try {
    const io::SafetensorsFile tensors(file.path());
    std::size_t bytes = 0;
    unsigned sum = 0;
    for (const auto& [name, tensor] : tensors.tensors()) {
      bytes += tensor.data.size();
      for (const std::byte value : tensor.data) sum += static_cast<unsigned>(value);
      test::require(reinterpret_cast<std::uintptr_t>(tensor.data.data()) % io::dtype_bytes(tensor.dtype) == 0 ||
                    tensor.data.empty());
    }
    test::require(bytes <= size && sum <= 255 * bytes);
  } catch (const io::DataError&) {  // a refusal
  }
  return 0;
}
