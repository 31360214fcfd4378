// A run holds until anything of it is changed; then each change is named at its stage.
#include "pipeline/run/verify.h"

#include "io/file/fault.h"
#include "pipeline/run/run.h"
#include "tests/support/support.h"

#include <string>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

Config cohort_config() {
  return read_config(
      {}, {"phantom.patients=3", "phantom.matrix=32", "phantom.slices=4", "phantom.slice_mm=20", "run.threads=1",
           "run.stages=[phantom, prepare]", "prepare.split.test_patients=1", "prepare.split.validation_patients=0"});
}

// Rewrites a text in a file.
void edit(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = test::read_file(file);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  test::write_file(file, text.replace(at, from.size(), to));
}

class Verify : public ::testing::Test {
 protected:
  Verify() { run_stages(cohort_config(), {"phantom", "prepare"}, folder_.path()); }
  StageVerdict of(const std::string& stage, const std::optional<Config>& config = std::nullopt) const {
    for (StageVerdict& verdict : verify(folder_.path(), config))
      if (verdict.stage == stage) return verdict;
    ADD_FAILURE() << stage;
    return {};
  }
  test::TemporaryFolder folder_;
};

TEST_F(Verify, WhatWasMadeHoldsAndNamesItsMaker) {
  const auto verdicts = verify(folder_.path(), std::nullopt);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_TRUE(holds(verdicts)) << verdict_text(verdicts);
  EXPECT_GT(verdicts[0].files, 6);
  EXPECT_TRUE(verdicts[1].notes.empty()) << verdict_text(verdicts);  // the cohort was read again
  EXPECT_EQ(verdicts[1].made_by.at(0).at("threads"), 1);
  EXPECT_TRUE(verdict_json(verdicts).at("holds"));
  EXPECT_NE(verdict_text(verdicts).find("prepare: holds, "), std::string::npos);
  EXPECT_TRUE(of("prepare", cohort_config()).discrepancies.empty());
}

TEST_F(Verify, ChangedOutputsAreNamed) {
  edit(folder_ / "data/prepare.json", "\"schema\": 1", "\"schema\": 2");
  fs::remove(folder_ / "cohort/classes.csv");
  test::write_file(folder_ / "cohort/labels.json", "[]");
  const StageVerdict phantom = of("phantom"), prepare = of("prepare");
  EXPECT_EQ(phantom.discrepancies, (std::vector<std::string>{"cohort/classes.csv is missing",
                                                             "cohort/labels.json has another size than was recorded"}));
  ASSERT_EQ(prepare.discrepancies.size(), 2u);
  EXPECT_EQ(prepare.discrepancies[0], "data/prepare.json has other contents than were recorded");
  EXPECT_FALSE(holds({phantom}));
}

TEST_F(Verify, SettingsOfTheManifestAreNotBelieved) {
  edit(folder_ / "manifest.json", "\"shard_mb\": 128", "\"shard_mb\": 64");  // of the run
  EXPECT_TRUE(of("prepare").discrepancies.empty());
  Config other = cohort_config();
  other.prepare.shard_mb = 64;
  EXPECT_EQ(of("prepare", other).discrepancies,
            std::vector<std::string>{"it was made with other settings than those given"});
  std::string text = test::read_file(folder_ / "manifest.json");
  const auto at = text.rfind("\"shard_mb\": 128");  // of the stage
  test::write_file(folder_ / "manifest.json", text.replace(at, 15, "\"shard_mb\": 127"));
  EXPECT_EQ(of("prepare").discrepancies,
            std::vector<std::string>{"the settings recorded are not those it was made with"});
}

TEST_F(Verify, UnfinishedStagesAreNoted) {
  edit(folder_ / "manifest.json", "\"state\": \"done\"", "\"state\": \"started\"");
  EXPECT_EQ(of("phantom").notes.back(), "it is not finished");
}

TEST(VerifyNothing, IsAnError) {
  test::TemporaryFolder folder;
  EXPECT_THROW(verify(folder.path(), std::nullopt), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
