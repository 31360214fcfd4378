// Any bytes as a file of NumPy's: refused, or every array has the bytes that its shape says.
#include "io/file/fault.h"
#include "io/file/numpy_file.h"
#include "tests/fuzz/memory_file.h"

#include <string_view>

namespace {

void require_whole(const ctforge::io::NumpyArray& array) {
  std::size_t bytes = ctforge::io::dtype_bytes(array.dtype);
  for (const std::int64_t size : array.shape) bytes *= static_cast<std::size_t>(size);
  ctforge::test::require(array.data.size() == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ctforge;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    require_whole(io::parse_npy(bytes));
  } catch (const io::DataError&) {  // a refusal
  }
  try {
    for (const auto& [name, array] : io::parse_npz(bytes)) require_whole(array);
  } catch (const io::DataError&) {
  }
  return 0;
}
