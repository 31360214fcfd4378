// Two sets without a run: shards, features, statistics, volumes in planes, and pairs that cannot be compared.
#include "pipeline/evaluate/evaluate_pair.h"

#include "eval/frechet.h"
#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/numpy_file.h"
#include "io/volume/volume_file.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/evaluate/evaluate_features.h"
#include "tests/io/file/fault_of.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

class Pair : public ::testing::Test {
 protected:
  nlohmann::ordered_json compare(const std::string& real, const std::string& synthetic) {
    return run_evaluate_pair(config_, test::context_of(folder_ / "out"), folder_ / real, folder_ / synthetic);
  }
  torch::Tensor write_rows(const std::string& name, std::int64_t count, std::uint64_t seed) {
    torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(seed);
    const torch::Tensor rows = torch::randn({count, 6}, generator, torch::kFloat64);
    const io::TensorView view{
        io::Dtype::F64, {count, 6}, {static_cast<const std::byte*>(rows.data_ptr()), rows.nbytes()}};
    io::write_atomically(folder_ / name, io::npy_bytes(view));
    return rows;
  }
  EvaluateConfig config_ = test::quick_evaluation();
  test::TemporaryFolder folder_;
};

TEST_F(Pair, OfShardsHasFloorsByPatientAndHuByOrgan) {
  test::write_run(folder_.path());
  const auto json = compare("data", "samples");
  EXPECT_EQ(json, nlohmann::ordered_json::parse(io::read_whole_file(folder_ / "out" / "comparison.json")));
  EXPECT_EQ(json.at("real").at("patients"), 14);
  EXPECT_EQ(json.at("distances").at("fd_torchscript").at("frechet").at("n"), 24);
  EXPECT_TRUE(json.at("distances").at("fd_torchscript").at("per_class").contains("neck"));
  EXPECT_TRUE(json.at("hu").at("organs").contains("disc"));
  EXPECT_NE(json.at("protocol").at("floor").get<std::string>().find("real patients"), std::string::npos);
  // As in a run.
  EXPECT_TRUE(json.at("radiomics").at("radiomics").at("frd_v1_original_filters").contains("log_frechet"));
  EXPECT_TRUE(json.at("noise_power").at("noise_power").contains("distance"));
  EXPECT_TRUE(json.contains("diversity"));
  const std::string table = pair_table(json);
  EXPECT_NE(table.find("log_frechet"), std::string::npos) << table;
  EXPECT_NE(table.find("fd_torchscript (6 dimensions, resized: clean)"), std::string::npos) << table;
}

TEST_F(Pair, RefusesSettingsOfRunsAndOfVolumes) {
  test::write_run(folder_.path());
  config_.extra_sets = {"gan=somewhere"};
  config_.volumes.size = 99;
  try {
    compare("data", "samples");
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 2U);
  }
}

TEST_F(Pair, OfFeaturesHasWholeSetsAsOthersPublishAndFloorsByItem) {
  const torch::Tensor x = write_rows("x.npy", 60, 1), y = write_rows("y.npy", 50, 2);
  const auto json = compare("x.npy", "y.npy");
  const auto& entry = json.at("distances").at("features");
  EXPECT_NEAR(entry.at("whole_sets").at("frechet").get<double>(), eval::frechet_distance(y, x), 1e-12);
  EXPECT_EQ(entry.at("frechet").at("n"), 30);
  EXPECT_NE(json.at("protocol").at("floor").get<std::string>().find("not known"), std::string::npos);
  EXPECT_FALSE(json.contains("hu"));
  config_.rounds = 0;
  const auto bare = compare("x.npy", "y.npy").at("distances").at("features");
  EXPECT_FALSE(bare.contains("frechet"));
  EXPECT_EQ(bare.at("whole_sets"), entry.at("whole_sets"));
}

TEST_F(Pair, OfStatisticsHasTheFrechetDistanceAlone) {
  const torch::Tensor x = write_rows("x.npy", 60, 1);
  const torch::Tensor y = write_rows("y.npy", 50, 2);
  config_.statistics = true;
  compare("x.npy", "y.npy");
  const std::string written = "out/comparison/statistics/features-real.npz";
  const auto whole = compare(written, "y.npy").at("distances").at("features").at("whole_sets");
  EXPECT_NEAR(whole.at("frechet").get<double>(), eval::frechet_distance(y, x), 1e-9);
  EXPECT_EQ(whole.at("n_real"), 60);
  EXPECT_EQ(whole.at("n_synthetic"), 50);
  EXPECT_EQ(whole.size(), 3u);
  // Images through an extractor of as many dimensions.
  test::write_shards(folder_ / "samples", "synthetic", "SYN", 24, 4, true);
  EXPECT_TRUE(compare(written, "samples").at("distances").contains("fd_torchscript"));
}

TEST_F(Pair, OfVolumesIsTheMeanOverThePlanes) {
  for (const std::string side : {"real", "made"}) {
    for (std::uint64_t i = 0; i < 6; ++i) {
      torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(i + (side == "made" ? 50 : 0));
      const torch::Tensor hu = (torch::randn({10, 12, 14}, generator) * 50 - 20).to(torch::kInt16);
      io::Volume volume;
      volume.geometry = {.size = {14, 12, 10}, .spacing_mm = {1, 1, 1}, .origin_mm = {0, 0, 0}};
      volume.hu = {hu.data_ptr<std::int16_t>(), hu.data_ptr<std::int16_t>() + hu.numel()};
      io::write_volume(folder_ / side / (std::to_string(i) + ".nii"), volume);
    }
  }
  config_.planes = {"axial", "coronal", "sagittal"};
  config_.volumes.size = 16;
  config_.measures = {"frechet"};
  const auto json = compare("real", "made");
  double mean = 0;
  for (const std::string& plane : config_.planes)
    mean +=
        json.at("planes").at(plane).at("distances").at("fd_torchscript").at("frechet").at("value").get<double>() / 3;
  EXPECT_NEAR(json.at("distances").at("fd_torchscript").at("frechet").at("value").get<double>(), mean, 1e-9);
  EXPECT_EQ(json.at("protocol").at("planes").size(), 3u);
  EXPECT_FALSE(pair_table(json).empty());
}

TEST_F(Pair, RefusesWhatCannotBeComparedAndSettingsThatDoNothing) {
  test::write_run(folder_.path());
  write_rows("x.npy", 60, 1);
  write_gaussian(folder_ / "other.npz", {torch::zeros({4}, torch::kFloat64), torch::eye(4, torch::kFloat64), 9});
  EXPECT_EQ(test::fault_of([&] { compare("x.npy", "samples"); }), io::Fault::UnsupportedFormat);
  EXPECT_EQ(test::fault_of([&] { compare("x.npy", "other.npz"); }), io::Fault::UnsupportedFormat);
  config_.planes = {"coronal"};
  EXPECT_THROW(compare("data", "samples"), ConfigError);
  config_.planes = {"axial"};
  config_.inception_resize = "tf1";
  EXPECT_THROW(compare("data", "samples"), ConfigError);
}

}  // namespace
}  // namespace ctforge::pipeline
