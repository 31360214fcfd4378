// Each form of a side is told from the others, and mixtures are refused.
#include "pipeline/evaluate/evaluate_sides.h"

#include "io/file/fault.h"
#include "tests/io/file/fault_of.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

Side side_of(const std::filesystem::path& path) {
  return load_side(path, test::quick_evaluation(), test::context_of(path.parent_path()));
}

TEST(LoadSide, TakesAllShardsOfAFolderWithTheirPatients) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const Side side = side_of(folder / "data");
  EXPECT_EQ(side.form, SideForm::Shards);
  EXPECT_TRUE(side.knows_patients());
  ASSERT_EQ(side.images.size(), 1u);
  EXPECT_EQ(side.images[0].second.size(), 56);
  EXPECT_EQ(side.images[0].second.patients.size(), 14u);
}

TEST(LoadSide, TellsFeaturesFromStatisticsAndImages) {
  const auto oracle = test::source_dir() / "tests" / "oracle";
  EXPECT_EQ(side_of(oracle / "numpy_fortran.npy").form, SideForm::Features);
  EXPECT_EQ(side_of(oracle / "numpy_stored.npz").form, SideForm::Statistics);
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "png");
  std::filesystem::copy_file(oracle / "grey.png", folder / "png" / "a.png");
  const Side png = side_of(folder / "png");
  EXPECT_EQ(png.form, SideForm::Png);
  EXPECT_FALSE(png.knows_patients());
  EXPECT_STREQ(form_name(png.form), "PNG images");
}

TEST(LoadSide, RefusesMixturesAndWhatIsNotThere) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  std::filesystem::copy_file(test::source_dir() / "tests/oracle/grey.png", folder / "data" / "a.png");
  EXPECT_EQ(test::fault_of([&] { side_of(folder / "data"); }), io::Fault::UnsupportedFormat);
  EXPECT_EQ(test::fault_of([&] { side_of(folder / "absent"); }), io::Fault::Unreadable);
  std::filesystem::create_directory(folder / "empty");
  EXPECT_EQ(test::fault_of([&] { side_of(folder / "empty"); }), io::Fault::NothingUsable);
}

}  // namespace
}  // namespace ctforge::pipeline
