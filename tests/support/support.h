// What several test programs share: temporary folders and the place of the real data.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ctforge::test {

// A fresh folder that is removed with everything in it when the object goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The project's source folder.
std::filesystem::path source_dir();

// A folder of the real test data: under $CTFORGE_TEST_DATA, else ../shared/data beside the project.
// Empty where absent: the test then skips with a message, e.g.
//   const auto data = test::real_data("sts_ibsi");
//   if (!data) GTEST_SKIP() << test::kNoRealData;
std::optional<std::filesystem::path> real_data(const std::string& name);
inline constexpr const char* kNoRealData = "real CT test data not present (set CTFORGE_TEST_DATA)";

// File contents as bytes; writing replaces the file and makes the folders above it.
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace ctforge::test
