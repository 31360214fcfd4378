// The stage on files: NIfTI volumes with label maps are found, decoded, cut and split; real patients stay inside the
// crop.
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "io/volume/volume_file.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/labels/label_samples.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <algorithm>

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
  EXPECT_EQ(view.place.slice, 2);
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t x = 0; x < 8; ++x) EXPECT_EQ(view.hu[y * 8 + x], hu[(2 * 16 + y + 4) * 20 + x + 6]);
  EXPECT_EQ(view.mask[3 * 8 + 3], 2);
  for (const auto& file : {"data/inventory.json", "data/prepare.json"})
    EXPECT_EQ(test::read_file(folder / "out" / file).find("pt0"), std::string::npos) << "a file name leaked";
}

// Two structures, of which one is on the map; the other series has none.
TEST(PrepareReader, DicomSeriesWithStructures) {
  test::TemporaryFolder folder;
  test::write_sample_series(folder / "in/a");
  test::write_sample_series(folder / "in/b", 4, [](DcmDataset& data, std::size_t slice) {
    data.putAndInsertString(DCM_SeriesInstanceUID, "2.25.2001");
    data.putAndInsertString(DCM_PatientID, "another");
    data.putAndInsertString(DCM_SOPInstanceUID, ("2.25.1001" + std::to_string(slice)).c_str());
    data.putAndInsertString(DCM_RescaleIntercept, "-900");
  });
  test::write_structure_set(folder / "in/rt.dcm", {{1, "PLANTED", {test::sample_rectangle(-0.5, -0.5, 5.5, 3.5, 0)}},
                                                   {2, "Tumour", {test::sample_rectangle(0.5, 0.5, 2.5, 2.5, 1)}}});
  test::write_file(folder / "names.yaml", "tumour: lesion\nnever drawn: other\n");
  PrepareConfig config;
  config.input = folder / "in";
  config.structures = folder / "names.yaml";
  config.patch.cut = "whole";
  config.patch.width = 6;
  config.patch.height = 4;
  config.patch.empty_hu = -1025;
  config.split.test_patients = config.split.validation_patients = 0;
  const auto json = run_prepare(config, test::context_in(folder / "out"));
  EXPECT_EQ(json["labels"], (std::vector<std::string>{"background", "lesion", "other"}));
  EXPECT_EQ(json["series_without_label_map"], 1);
  const io::ShardSet set(folder / "out/data", "train");
  ASSERT_EQ(set.size(), 8);
  std::int64_t labelled = 0;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const auto view = set.at(i);
    const std::vector<std::uint8_t> mask(view.mask.begin(), view.mask.end());
    if (std::count(mask.begin(), mask.end(), 0) == 24) continue;
    ++labelled;
    EXPECT_EQ(view.place.slice, 1);
    std::vector<std::uint8_t> expected(24);
    for (const std::size_t place : {7, 8, 13, 14}) expected[place] = 1;
    EXPECT_EQ(mask, expected);
  }
  EXPECT_EQ(labelled, 1);
  for (const auto& file : {"data/inventory.json", "data/prepare.json", "data/train-00000.safetensors"})
    EXPECT_EQ(test::read_file(folder / "out" / file).find("PLANTED"), std::string::npos) << "a name leaked";
  test::write_file(folder / "names.yaml", "never drawn: other\n");
  EXPECT_THROW(run_prepare(config, test::context_in(folder / "out")), io::DataError);
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
