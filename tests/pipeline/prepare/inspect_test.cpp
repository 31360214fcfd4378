// What inspect prints, what it must not print, and its exit code.
#include "pipeline/prepare/inspect.h"

#include "io/file/fault.h"
#include "io/volume/volume_file.h"
#include "tests/support/support.h"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

// A CT of -1000, 0 and 500 HU under a name that nobody may see, and its label map.
void write_patient(const std::filesystem::path& folder) {
  io::Volume volume;
  volume.geometry.size = {3, 1, 2};
  volume.hu = {-1000, 0, 500, -1000, 0, 500};
  io::write_volume(folder / "PLANTED_ct.nii.gz", volume);
  io::write_labels(folder / "PLANTED_seg.nii.gz", {volume.geometry, {0, 2, 2, 0, 0, 2}});
}

InspectConfig config_for(const std::filesystem::path& folder) {
  InspectConfig config;
  config.path = folder.string();
  config.image = "*_ct.nii.gz";
  config.labels = "*_seg.nii.gz";
  config.decode = true;
  return config;
}

TEST(Inspect, JsonTellsWhatWasDecodedAndNoNames) {
  const test::TemporaryFolder folder;
  write_patient(folder.path());
  InspectConfig config = config_for(folder.path());
  config.json = true;
  std::ostringstream out;
  EXPECT_EQ(inspect(config, out), 0);
  EXPECT_EQ(out.str().find("PLANTED"), std::string::npos);
  const auto json = nlohmann::json::parse(out.str());
  ASSERT_EQ(json.at("series").size(), 1U);
  const auto& series = json.at("series").at(0);
  EXPECT_EQ(series.at("hu").at("lowest"), -1000);
  EXPECT_EQ(series.at("label_voxels").at("2"), 3);
  EXPECT_TRUE(series.at("accepted"));
}

TEST(Inspect, PathsOnlyWhenAskedFor) {
  const test::TemporaryFolder folder;
  write_patient(folder.path());
  InspectConfig config = config_for(folder.path());
  std::ostringstream without, with;
  EXPECT_EQ(inspect(config, without), 0);
  EXPECT_EQ(without.str().find("PLANTED"), std::string::npos);
  config.paths = true;
  EXPECT_EQ(inspect(config, with), 0);
  EXPECT_NE(with.str().find("PLANTED_ct"), std::string::npos);
}

TEST(Inspect, RefusedOrMissingSeriesGiveThree) {
  const test::TemporaryFolder folder;
  InspectConfig config = config_for(folder.path());
  std::ostringstream nothing, refused;
  EXPECT_EQ(inspect(config, nothing), 3);
  test::write_file(folder / "a_ct.nii.gz", "no volume");
  EXPECT_EQ(inspect(config, refused), 3);
  EXPECT_NE(refused.str().find("refused"), std::string::npos);
  config.path = (folder / "absent").string();
  EXPECT_THROW(inspect(config, refused), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
