// Any bytes as a configuration: a file, and behind a zero byte a --set assignment. Accepted, or refused with its
// faults.
#include "pipeline/config/config.h"
#include "tests/fuzz/memory_file.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ctforge;
  const std::uint8_t* end = std::find(data, data + size, std::uint8_t{0});
  const test::MemoryFile file(data, static_cast<std::size_t>(end - data));
  std::vector<std::string> assignments;
  if (end != data + size) assignments.emplace_back(end + 1, data + size);
  try {
    test::require(!pipeline::to_json(pipeline::read_config({file.path()}, assignments)).empty());
  } catch (const pipeline::ConfigError& error) {
    test::require(!error.problems().empty());
  }
  return 0;
}
