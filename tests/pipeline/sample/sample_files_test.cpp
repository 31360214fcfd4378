// The files of a sample: their names, the sidecar, surfaces of the labels that occur.
#include "pipeline/sample/sample_files.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

const SampleOrigin kFilesOrigin = {std::string(64, 'c'), 1234, 18446744073709551615U};

ExportedSample sample() {
  const io::Geometry geometry = {.size = {3, 2, 1}, .spacing_mm = {2, 3, 5}};
  return {.name = "SYN-000007",
          .index = 6,
          .class_name = "thorax",
          .volume = {geometry, {-1000, -5, 0, 7, 40, 1000}},
          .labels = {geometry, {0, 1, 1, 0, 0, 1}},
          .label_names = {"background", "left lung/a", "heart"}};
}

std::vector<std::string> names(const std::vector<SampleFile>& files) {
  std::vector<std::string> result;
  for (const SampleFile& file : files) {
    result.push_back(file.name);
    EXPECT_TRUE(is_sample_file(file.name)) << file.name;
  }
  return result;
}

TEST(SampleFiles, AreThoseOfTheFormat) {
  using Names = std::vector<std::string>;
  const ExportedSample one = sample();
  EXPECT_EQ(names(nifti_files(one, kFilesOrigin, {})),
            (Names{"SYN-000007.nii.gz", "SYN-000007_mask.nii.gz", "SYN-000007.json"}));
  EXPECT_EQ(names(dicom_files(one, kFilesOrigin, {})), (Names{"SYN-000007", "SYN-000007_seg.dcm"}));
  EXPECT_EQ(
      names(dicom_files(one, kFilesOrigin, {.enhanced = true, .surfaces = true, .structure_set = true})),
      (Names{"SYN-000007_ct.dcm", "SYN-000007_seg.dcm", "SYN-000007_rtstruct.dcm", "SYN-000007_01_left_lung_a.stl"}));
}

TEST(SampleFiles, OfAGeneratorWithoutMasksAreTheImageAlone) {
  ExportedSample one = sample();
  one.label_names = {"background"};
  one.labels.label.assign(6, 0);
  EXPECT_EQ(names(dicom_files(one, kFilesOrigin, {})), (std::vector<std::string>{"SYN-000007"}));
}

TEST(SampleFiles, SidecarTellsWhatTheVolumeIs) {
  const ctforge::test::TemporaryFolder folder;
  const ExportedSample one = sample();
  nifti_files(one, kFilesOrigin, {}).at(2).write(folder / "a.json");
  const auto json = nlohmann::json::parse(ctforge::test::read_file(folder / "a.json"));
  EXPECT_EQ(json.at("Synthetic"), true);
  EXPECT_EQ(json.at("Units"), "HU");
  EXPECT_EQ(json.at("Class"), "thorax");
  EXPECT_EQ(json.at("Seed"), 18446744073709551615U);
  EXPECT_EQ(json.at("CheckpointSHA256"), kFilesOrigin.checkpoint_sha256);
  EXPECT_EQ(json.at("MaskLabels").at("2"), "heart");
  EXPECT_EQ(json.at("GeneratedBy").at(0).at("Name"), "ctforge");
  EXPECT_FALSE(json.at("GeneratedBy").at(0).at("Version").get<std::string>().empty());
}

TEST(SampleFiles, OthersAreNotTakenForThem) {
  for (const char* name : {"SYN-000001_my_edit.dcm", "SYN-1.json", "notes.json", "SYN-000001.dcm", "SYN-000001.json~"})
    EXPECT_FALSE(is_sample_file(name)) << name;
}

}  // namespace
}  // namespace ctforge::pipeline
