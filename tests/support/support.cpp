// Temporary folders and the place of the real data.
#include "tests/support/support.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ctforge::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "ctforge-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path source_dir() { return CTFORGE_SOURCE_DIR; }

std::optional<fs::path> real_data(const std::string& name) {
  const char* given = std::getenv("CTFORGE_TEST_DATA");
  const fs::path root = given != nullptr ? fs::path(given) : source_dir().parent_path() / "shared" / "data";
  if (!fs::is_directory(root / name)) return std::nullopt;
  return root / name;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace ctforge::test
