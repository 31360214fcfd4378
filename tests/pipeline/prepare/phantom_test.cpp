// Cohorts on disk: the same HU and labels in both formats, repeatable, and whole after an interruption.
#include "pipeline/prepare/phantom.h"

#include "io/volume/load.h"
#include "pipeline/config/config_tree.h"
#include "tests/support/support.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

PhantomConfig small(const std::string& format = "nifti") {
  PhantomConfig config;
  config.patients = 3;
  config.format = format;
  config.regions = {"thorax", "pelvis"};
  config.matrix = 32;
  config.slices = 3;
  return config;
}

Context context_in(const fs::path& out, std::uint64_t seed = 1) {
  Context context;
  context.out = out;
  context.seed = seed;
  return context;
}

io::Inventory read_back(const fs::path& cohort) {
  io::ScanOptions options;
  options.path = cohort;
  options.image = "*_ct.nii.gz";
  options.labels = "*_seg.nii.gz";
  return io::scan(options);
}

TEST(Phantom, HoldsTheSameVoxelsInBothFormats) {
  const ctforge::test::TemporaryFolder nifti, dicom;
  run_phantom(small("nifti"), context_in(nifti.path()));
  run_phantom(small("dicom"), context_in(dicom.path()));
  const io::Inventory a = read_back(nifti / "cohort"), b = read_back(dicom / "cohort");
  ASSERT_EQ(a.series.size(), 3U);
  ASSERT_EQ(b.series.size(), 3U);
  EXPECT_EQ(b.skipped.at("DICOM segmentation"), 3);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(a.series[i].accepted() && b.series[i].accepted());
    EXPECT_EQ(b.series[i].kind, io::SourceKind::Dicom);
    EXPECT_TRUE(io::same_grid(a.series[i].geometry, b.series[i].geometry, 1e-3));
    const io::Volume volume = io::load_volume(a.series[i]);
    EXPECT_EQ(volume.hu, io::load_volume(b.series[i]).hu);
    EXPECT_LT(*std::min_element(volume.hu.begin(), volume.hu.end()), -900);  // air about the body
    EXPECT_EQ(io::load_labels(a.series[i]).label, io::load_labels(b.series[i]).label);
  }
}

TEST(Phantom, RecordsRegionsInTurn) {
  const ctforge::test::TemporaryFolder folder;
  const auto record = run_phantom(small(), context_in(folder.path()));
  EXPECT_EQ(record.at("regions").at("thorax"), 2);
  EXPECT_EQ(record.at("regions").at("pelvis"), 1);
  EXPECT_EQ(ctforge::test::read_file(folder / "cohort/classes.csv"),
            "name,class\nSYN-0001,thorax\nSYN-0002,pelvis\nSYN-0003,thorax\n");
  EXPECT_EQ(nlohmann::json::parse(ctforge::test::read_file(folder / "cohort/labels.json")).at(0), "background");
}

TEST(Phantom, GoesOnAfterAnInterruptionAndBeginsAnewForOtherSettings) {
  const ctforge::test::TemporaryFolder folder, whole;
  Context context = context_in(folder.path());
  int asked = 0;
  context.interrupted = [&] { return ++asked > 1; };
  EXPECT_THROW(run_phantom(small(), context), Interrupted);
  const fs::path first = folder / "cohort/SYN-0001_ct.nii.gz", last = folder / "cohort/SYN-0003_ct.nii.gz";
  EXPECT_FALSE(fs::exists(folder / "cohort/cohort.json"));
  const auto time = fs::last_write_time(first);
  run_phantom(small(), context_in(folder.path()));
  EXPECT_EQ(fs::last_write_time(first), time);
  run_phantom(small(), context_in(whole.path()));
  const std::string bytes = ctforge::test::read_file(last);
  EXPECT_EQ(bytes, ctforge::test::read_file(whole / "cohort/SYN-0003_ct.nii.gz"));
  run_phantom(small(), context_in(folder.path(), 2));
  EXPECT_NE(ctforge::test::read_file(last), bytes);
}

TEST(Phantom, LeavesAFolderAloneThatIsNoCohort) {
  test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "cohort");
  test::write_file(folder / "cohort" / "scan.dcm", "somebody's only copy");
  Context context;
  context.out = folder.path();
  EXPECT_THROW(run_phantom({}, context), ConfigError);
  EXPECT_EQ(test::read_file(folder / "cohort" / "scan.dcm"), "somebody's only copy");
}

TEST(Phantom, RefusesACohortWithoutRegions) {
  const ctforge::test::TemporaryFolder folder;
  PhantomConfig config = small();
  config.regions.clear();
  EXPECT_THROW(run_phantom(config, context_in(folder.path())), ConfigError);
  EXPECT_FALSE(fs::exists(folder / "cohort"));
}

}  // namespace
}  // namespace ctforge::pipeline
