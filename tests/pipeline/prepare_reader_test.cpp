// The stage on files: NIfTI volumes with label maps are found, decoded, cut and split; real patients stay inside the
// crop.
#include "io/fault.h"
#include "io/shard.h"
#include "io/volume_file.h"
#include "tests/pipeline/prepare_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(PrepareReader, NiftiCohortToShards) {
  test::TemporaryFolder folder;
  test::Cohort cohort;
  for (int i = 0; i < 4; ++i) {
    const io::Series series = cohort.add(std::to_string(i), "pt" + std::to_string(i), 2);
    io::write_volume(folder / ("in/pt" + std::to_string(i) + "_ct.nii.gz"), cohort.volume(series));
    io::write_labels(folder / ("in/pt" + std::to_string(i) + "_seg.nii.gz"), cohort.labels(series));
  }
  test::write_file(folder / "in/pt9_ct.nii.gz", "not a volume");
  PrepareConfig config = test::small_config();
  config.input = folder / "in";
  config.images = "*_ct.nii.gz";
  config.masks = "*_seg.nii.gz";
  config.split.test_patients = 1;
  const auto json = run_prepare(config, test::context_in(folder / "out"));
  EXPECT_EQ(json["splits"]["train"]["patches"], 12);
  EXPECT_EQ(json["splits"]["test"]["patches"], 4);
  EXPECT_EQ(json["refused"].size(), 1u);
  const io::ShardSet set(folder / "out/data", "train");
  const auto view = set.at(1);
  const auto& hu = cohort.volume(cohort.series(0)).hu;
  EXPECT_EQ(view.slice, 2);
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t x = 0; x < 8; ++x) EXPECT_EQ(view.hu[y * 8 + x], hu[(2 * 16 + y + 4) * 20 + x + 6]);
  EXPECT_EQ(view.mask[3 * 8 + 3], 2);
  for (const auto& file : {"data/inventory.json", "data/prepare.json"})
    EXPECT_EQ(test::read_file(folder / "out" / file).find("pt0"), std::string::npos) << "a file name leaked";
}

TEST(PrepareReader, AMissingInputIsUnreadable) {
  test::TemporaryFolder folder;
  PrepareConfig config = test::small_config();
  config.input = folder / "absent";
  EXPECT_THROW(run_prepare(config, test::context_in(folder / "out")), io::DataError);
}

TEST(PrepareReader, HeadAndNeckCropsHoldTheOrgans) {
  const auto data = test::real_data("openkbp_train");
  if (!data) GTEST_SKIP() << test::kNoRealData;
  test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in");
  for (const std::string name : {"pt_12_ct.nii.gz", "pt_12_seg.nii.gz", "pt_13_ct.nii.gz", "pt_13_seg.nii.gz"})
    std::filesystem::copy_file(*data / name, folder / "in" / name);
  PrepareConfig config;
  config.input = folder / "in";
  config.images = "*_ct.nii.gz";
  config.masks = "*_seg.nii.gz";
  config.labels = {"background", "brainstem", "cord", "parotid_right", "parotid_left", "mandible"};
  config.label_map = {"1:1", "2:2", "3:3", "4:4", "7:5"};
  config.split.test_patients = config.split.validation_patients = 0;
  const auto count_labels = [&](const char* cut, std::int64_t size) {
    config.patch.cut = cut;
    config.patch.width = config.patch.height = size;
    config.patch.min_body_fraction = 0;
    run_prepare(config, test::context_in(folder / "out"));
    const io::ShardSet set(folder / "out/data", "train");
    std::array<std::int64_t, 6> counts = {};
    for (std::int64_t i = 0; i < set.size(); ++i)
      for (const std::uint8_t value : set.at(i).mask) ++counts[value];
    counts[0] = 0;
    return counts;
  };
  // The window is the same for all slices, shoulders included: at most the tip of a chin lies outside.
  const auto cropped = count_labels("body", 64), whole = count_labels("whole", 128);
  for (std::size_t label = 1; label < whole.size(); ++label) {
    EXPECT_LE(cropped[label], whole[label]);
    EXPECT_GE(static_cast<double>(cropped[label]), 0.9 * static_cast<double>(whole[label])) << label;
  }
}

}  // namespace
}  // namespace ctforge::pipeline
