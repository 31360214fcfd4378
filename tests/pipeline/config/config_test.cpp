// The presets are valid, and the configuration is read whole.
#include "pipeline/config/config.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Config, EveryPresetIsValid) {
  int presets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() / "configs")) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_NO_THROW(read_config({entry.path()}, {})) << entry.path().filename();
    ++presets;
  }
  EXPECT_GE(presets, 3);
}

TEST(Config, EveryAblationIsValidOverTheDemo) {
  int ablations = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() / "configs" / "ablations")) {
    const std::vector<std::filesystem::path> files = {test::source_dir() / "configs" / "demo.yaml", entry.path()};
    const Config config = read_config(files, {});
    EXPECT_GE(check_sweep(files, {}), 5U) << entry.path().filename();
    EXPECT_FALSE(config.sweep.grid.empty()) << entry.path().filename();
    EXPECT_EQ(config.phantom.patients, 48) << "of the demo";
    ++ablations;
  }
  EXPECT_GE(ablations, 5);
}

TEST(Config, FileAndAssignmentsAreBothChecked) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.yaml", "trian:\n  steps: 5\nsample:\n  count: -1\n");
  try {
    read_config({folder / "a.yaml"}, {"train.stepz=3", "run.seed=x"});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 4U) << error.what();
    EXPECT_NE(std::string(error.what()).find("a.yaml:1 trian: unknown key; did you mean 'train'?"), std::string::npos)
        << error.what();
  }
}

TEST(Config, AKeyGivenTwiceDoesNotHideOtherFaults) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.yaml", "train:\n  steps: 5\n  steps: 6\n  batch: many\n  stepz: 1\n");
  try {
    read_config({folder / "a.yaml"}, {});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 3U) << error.what();
  }
}

TEST(Config, AssignmentsWin) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.yaml", "train:\n  steps: 5\n");
  EXPECT_EQ(read_config({folder / "a.yaml"}, {}).train.steps, 5);
  EXPECT_EQ(read_config({folder / "a.yaml"}, {"train.steps=7"}).train.steps, 7);
}

TEST(Config, NamesThatScriptsRelyOnExist) {
  const nlohmann::ordered_json json = to_json(Config{});
  EXPECT_TRUE(json["run"].contains("stages"));
  for (const char* key : {"patients", "format"}) EXPECT_TRUE(json["phantom"].contains(key)) << key;
  for (const char* key : {"steps", "batch", "learning_rate", "checkpoint_every"})
    EXPECT_TRUE(json["train"].contains(key)) << key;
  for (const char* key : {"count", "sampler", "grid", "steps", "guidance", "seed"})
    EXPECT_TRUE(json["sample"].contains(key)) << key;
  EXPECT_TRUE(json["evaluate"].contains("downstream"));
}

TEST(Config, HelpDescribesOnlyTheSectionsAskedFor) {
  const std::string help = describe_config({"sample"});
  EXPECT_NE(help.find("sample.count"), std::string::npos);
  EXPECT_EQ(help.find("train.steps"), std::string::npos);
}

}  // namespace
}  // namespace ctforge::pipeline
