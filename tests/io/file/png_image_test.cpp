// Pillow's PNG files: grey levels as they are, the rest refused.
#include "io/file/png_image.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "tests/io/file/fault_of.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::filesystem::path oracle(const std::string& name) { return test::source_dir() / "tests" / "oracle" / name; }

TEST(ReadGreyPng, GivesTheLevelsAsTheyAre) {
  const GreyImage image = read_grey_png(oracle("grey.png"));
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.level, (std::vector<std::uint8_t>{0, 1, 127, 128, 254, 255}));
}

TEST(ReadGreyPng, RefusesColourTransparencyDepthAndDamage) {
  const auto fault = [](const std::filesystem::path& path) { return test::fault_of([&] { read_grey_png(path); }); };
  EXPECT_EQ(fault(oracle("rgb.png")), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(oracle("rgba.png")), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(oracle("deep.png")), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(oracle("absent.png")), Fault::Unreadable);
  const test::TemporaryFolder folder;
  const std::string whole = read_whole_file(oracle("grey.png"));
  test::write_file(folder / "cut.png", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(fault(folder / "cut.png"), Fault::Unreadable);
}

}  // namespace
}  // namespace ctforge::io
