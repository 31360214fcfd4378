// Inputs of the evaluate stage: all sides read, leaks and mismatches refused, weights found where they should be.
#include "pipeline/evaluate/evaluate_inputs.h"

#include "io/file/fault.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/train/train_data.h"
#include "tests/pipeline/evaluate/evaluate_support.h"
#include "tests/support/support.h"

#include <cstdlib>
#include <functional>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(LoadInputs, ReadsEverySideAndDigestsTheirContent) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::write_shards(folder / "extra", "synthetic", "SYN", 8, 9, true);
  EvaluateConfig config = test::quick_evaluation();
  config.extra_sets = {"other=" + (folder / "extra").string()};
  const EvaluationInputs inputs = load_inputs(config, folder.path());
  EXPECT_EQ(inputs.train.size(), 32);
  EXPECT_EQ(inputs.validation.patients.size(), 2u);
  EXPECT_EQ(inputs.test.size(), 16);
  EXPECT_EQ(inputs.synthetic.size(), 24);
  ASSERT_EQ(inputs.extras.size(), 1u);
  EXPECT_EQ(inputs.extras[0].first, "other");
  const std::string digest = inputs_sha256(config, folder.path());
  EXPECT_EQ(inputs_sha256(config, folder.path()), digest);
  test::write_shards(folder / "extra", "synthetic", "SYN", 8, 10, true);
  EXPECT_NE(inputs_sha256(config, folder.path()), digest);
}

TEST(LoadInputs, ComparesTrainWithHeldOutPatchesOfItsKind) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  test::blank_masks(folder / "data" / "test-00001.safetensors");  // the last 6 of 16
  EXPECT_EQ(load_inputs(test::quick_evaluation(), folder.path()).test.size(), 16);
  EXPECT_EQ(load_inputs(test::quick_evaluation(), folder.path()).held_out.size(), 8 + 10);
  test::blank_masks(folder / "data" / "train-00000.safetensors");
  std::filesystem::remove(folder / "samples" / "samples.json");  // it tells of the training set that was
  EXPECT_EQ(load_inputs(test::quick_evaluation(), folder.path()).held_out.size(), 8 + 16);
}

TEST(LoadInputs, DoesWithoutValidationPatients) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  std::filesystem::remove(folder / "data" / "validation-00000.safetensors");
  const EvaluationInputs inputs = load_inputs(test::quick_evaluation(), folder.path());
  EXPECT_EQ(inputs.validation.size(), 0);
  EXPECT_TRUE(inputs.validation.patients.empty());
}

TEST(LoadInputs, RefusesMissingSamplesLeaksAndMisspeltExtraSets) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  EvaluateConfig config = test::quick_evaluation();
  for (const char* wrong : {"other", "=x", "untrained=x", "noise=x", "a b=x", "name="}) {
    config.extra_sets = {wrong};
    EXPECT_THROW(load_inputs(config, folder.path()), ConfigError) << wrong;
  }
  config.extra_sets.clear();
  test::write_shards(folder / "samples", "synthetic", "P-test", 24, 4, true);
  EXPECT_THROW(load_inputs(config, folder.path()), io::DataError);
  std::filesystem::remove_all(folder / "samples");
  EXPECT_THROW(load_inputs(config, folder.path()), io::DataError);
}

TEST(LoadInputs, RefusesSamplesOfAGeneratorThatSawOtherData) {
  const test::TemporaryFolder folder;
  test::write_run(folder.path());
  const std::string seen = split_sha256(folder / "data", "train");
  test::write_file(folder / "samples" / "samples.json", nlohmann::json{{"train_sha256", seen}}.dump());
  EXPECT_NO_THROW(load_inputs(test::quick_evaluation(), folder.path()));
  test::write_file(folder / "samples" / "samples.json", R"({"train_sha256": "of another split"})");
  try {
    load_inputs(test::quick_evaluation(), folder.path());
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::OtherConfiguration);
  }
}

TEST(FindLite0, TakesTheConfiguredFileThenTheEnvironments) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.pth", "a");
  test::write_file(folder / "b.pth", "b");
  const char* before = std::getenv("CTFORGE_LITE0");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("CTFORGE_LITE0", (folder / "b.pth").c_str(), 1);
  EXPECT_EQ(find_lite0((folder / "a.pth").string()), folder / "a.pth");
  EXPECT_EQ(find_lite0("auto"), folder / "b.pth");
  EXPECT_EQ(find_lite0("none"), std::nullopt);
  EXPECT_THROW(find_lite0((folder / "absent.pth").string()), io::DataError);
  ::setenv("CTFORGE_LITE0", (folder / "absent.pth").c_str(), 1);
  EXPECT_THROW(find_lite0("auto"), io::DataError);
  before != nullptr ? ::setenv("CTFORGE_LITE0", kept.c_str(), 1) : ::unsetenv("CTFORGE_LITE0");
}

TEST(LoadExtractors, SaysWhichAreNotThere) {
  const Extractors extractors = load_extractors(test::quick_evaluation(), "cpu");
  ASSERT_EQ(extractors.list.size(), 1u);
  EXPECT_EQ(extractors.list[0]->name(), "fd_torchscript");
  ASSERT_EQ(extractors.unavailable.size(), 2u);
  EXPECT_EQ(extractors.unavailable[0].first, "fd_lite0");
  EXPECT_EQ(extractors.unavailable[1].first, "fid");
}

TEST(CheckEvaluate, RefusesInARunWhatIsForTwoSetsByThemselves) {
  EXPECT_NO_THROW(check_evaluate(test::quick_evaluation()));
  const auto problems_of = [](const std::function<void(EvaluateConfig&)>& change) {
    EvaluateConfig config = test::quick_evaluation();
    change(config);
    try {
      check_evaluate(config);
    } catch (const ConfigError& error) {
      return error.problems().size();
    }
    return std::size_t{0};
  };
  EXPECT_EQ(problems_of([](EvaluateConfig& config) { config.planes = {"coronal"}; }), 1u);
  EXPECT_EQ(problems_of([](EvaluateConfig& config) { config.volumes.size = 128; }), 1u);
  EXPECT_EQ(problems_of([](EvaluateConfig& config) { config.rounds = 0; }), 1u);
  EXPECT_EQ(problems_of([](EvaluateConfig& config) { config.measures.clear(); }), 1u);
  EXPECT_EQ(problems_of([](EvaluateConfig& config) { config.inception_resize = "tf1"; }), 1u);
}

}  // namespace
}  // namespace ctforge::pipeline
